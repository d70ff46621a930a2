//! Whatever a terminal sends, exactly the keys come out.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::*;

/// Feeds pieces, each a moment after the one before.
fn played(pieces: &[&[u8]]) -> Vec<Event> {
    let (mut parser, mut out, mut now) = (Parser::default(), Vec::new(), Instant::now());
    for piece in pieces {
        parser.feed(piece, now, &mut out);
        now += Duration::from_millis(5);
    }
    if parser.deadline().is_some() {
        parser.expire(&mut out);
    }
    out
}

fn plain(code: KeyCode) -> Event {
    keys::press(code, KeyModifiers::NONE)
}

fn with(code: KeyCode, modifiers: KeyModifiers) -> Event {
    keys::press(code, modifiers)
}

fn char(c: char) -> Event {
    keys::character(c, KeyModifiers::NONE)
}

fn click(kind: MouseEventKind, column: u16, row: u16) -> Event {
    Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

/// What keyboards and mice send, and what it is.
fn known() -> Vec<(&'static [u8], Event)> {
    let (ctrl, alt, shift) = (KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT);
    let release = KeyEvent::new_with_kind(KeyCode::Char('a'), ctrl, crossterm::event::KeyEventKind::Release);
    vec![
        (b"q", char('q')),
        (b"Q", char('Q')),
        ("é".as_bytes(), char('é')),
        ("외".as_bytes(), char('외')),
        ("👩".as_bytes(), char('👩')),
        (b"\r", plain(KeyCode::Enter)),
        (b"\n", with(KeyCode::Char('j'), ctrl)),
        (b"\t", plain(KeyCode::Tab)),
        (b"\x7f", plain(KeyCode::Backspace)),
        (b"\x03", with(KeyCode::Char('c'), ctrl)),
        (b"\x1c", with(KeyCode::Char('4'), ctrl)),
        (b"\0", with(KeyCode::Char(' '), ctrl)),
        (b"\x1b[A", plain(KeyCode::Up)),
        (b"\x1bOA", plain(KeyCode::Up)),
        (b"\x9bA", plain(KeyCode::Up)),
        (b"\x1b[1;5C", with(KeyCode::Right, ctrl)),
        (b"\x1b[1;3D", with(KeyCode::Left, alt)),
        (b"\x1b[H", plain(KeyCode::Home)),
        (b"\x1b[4~", plain(KeyCode::End)),
        (b"\x1b[5~", plain(KeyCode::PageUp)),
        (b"\x1b[6;2~", with(KeyCode::PageDown, shift)),
        (b"\x1b[3~", plain(KeyCode::Delete)),
        (b"\x1b[Z", with(KeyCode::BackTab, shift)),
        (b"\x1bOP", plain(KeyCode::F(1))),
        (b"\x1b[11~", plain(KeyCode::F(1))),
        (b"\x1b[[E", plain(KeyCode::F(5))),
        (b"\x1b[15~", plain(KeyCode::F(5))),
        (b"\x1b[24~", plain(KeyCode::F(12))),
        (b"\x1b[24;5~", with(KeyCode::F(12), ctrl)),
        (b"\x1bOp", char('0')),
        (b"\x1bq", with(KeyCode::Char('q'), alt)),
        ("\x1bé".as_bytes(), with(KeyCode::Char('é'), alt)),
        (b"\x1b\r", with(KeyCode::Enter, alt)),
        (b"\x1b[13;2u", with(KeyCode::Enter, shift)),
        (b"\x1b[27u", plain(KeyCode::Esc)),
        (b"\x1b[99;5u", with(KeyCode::Char('c'), ctrl)),
        (b"\x1b[97:65;2u", with(KeyCode::Char('A'), shift)),
        (b"\x1b[97;5:3u", Event::Key(release)),
        (b"\x1b[57414u", plain(KeyCode::Enter)),
        (b"\x1b[27;5;9~", with(KeyCode::Tab, ctrl)),
        (b"\x1b[I", Event::FocusGained),
        (b"\x1b[O", Event::FocusLost),
        (b"\x1b[<0;20;10M", click(MouseEventKind::Down(MouseButton::Left), 19, 9)),
        (b"\x1b[<0;20;10m", click(MouseEventKind::Up(MouseButton::Left), 19, 9)),
        (b"\x1b[<65;1;1M", click(MouseEventKind::ScrollDown, 0, 0)),
        (b"\x1b[M !!", click(MouseEventKind::Down(MouseButton::Left), 0, 0)),
        (b"\x1b[M#\xff!", click(MouseEventKind::Up(MouseButton::Left), 222, 0)),
        (b"\x1b[96;3;4M", click(MouseEventKind::ScrollUp, 2, 3)),
        (b"\x1b[200~q\r\ny\x1b[\x1b[201\xffz\x1b[201~", Event::Paste("q\r\ny\x1b[\x1b[201\u{fffd}z".into())),
    ]
}

/// What terminals answer, and what else is no key.
fn answers() -> Vec<&'static [u8]> {
    vec![
        b"\x1b[>41;354;0c",
        b"\x1b[?62;4;22c",
        b"\x1b[?0u",
        b"\x1b[?2026;2$y",
        b"\x1b[24;80R",
        b"\x1b[1;1R",
        b"\x1b[0n",
        b"\x1b[?997;1n",
        b"\x1b[8;40;120t",
        b"\x1b[4;800;1200t",
        b"\x1b[?1;0;256S",
        b"\x1b[3;4A",
        b"\x1b[99999999999999999999u",
        b"\x1b[57441u",
        b"\x1b[9999~",
        b"\x1b[201~",
        b"\x1b[[r",
        b"\x1b[<1;2M",
        b"\x1b[<0;1;1x",
        b"\x1b[?1;2\x18",
        b"\x1b\\",
        b"\x9c",
        b"\xff",
        b"\xc2\x85",
        b"\x1b[1234567890123456789012345678901234567890123456789012345678901234567890;1A",
    ]
}

#[test]
fn keys_of_all_kinds_of_terminals_are_known() {
    for (bytes, event) in known() {
        assert_eq!(played(&[bytes]), [event], "{}", bytes.escape_ascii());
    }
}

#[test]
fn answers_are_no_keys() {
    for bytes in answers() {
        assert_eq!(played(&[bytes, b"q"]), [char('q')], "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_lone_esc_is_told_soon_and_its_late_sequence_is_not_typed() {
    let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
    parser.feed(b"\x1b", now, &mut out);
    let wait = parser.deadline().unwrap() - now;
    assert!((25..=50).contains(&wait.as_millis()), "{wait:?}");
    parser.expire(&mut out);
    assert_eq!(out, [plain(KeyCode::Esc)]);
    assert_eq!(parser.deadline(), None, "nothing to wake for");
    parser.feed(b"]11;rgb:1e1e/1e1e/2e2e", now + Duration::from_millis(200), &mut out);
    parser.feed(b"\x07q", now + Duration::from_millis(300), &mut out);
    assert_eq!(out, [plain(KeyCode::Esc), char('q')]);
    // Later it is a key like any other.
    parser.feed(b"\x1b", now, &mut out);
    parser.expire(&mut out);
    out.clear();
    parser.feed(b"]", now + Duration::from_secs(1), &mut out);
    assert_eq!(out, [char(']')]);
}

#[test]
fn two_escs_are_two() {
    assert_eq!(played(&[b"\x1b\x1b"]), [plain(KeyCode::Esc), plain(KeyCode::Esc)]);
    assert_eq!(played(&[b"\x1b", b"\x1b[A"]), [plain(KeyCode::Esc), plain(KeyCode::Up)]);
}

#[test]
fn the_end_of_a_string_may_come_late() {
    let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
    parser.feed(b"\x1b]0;title\x1b", now, &mut out);
    parser.expire(&mut out);
    parser.feed(b"\\q", now + Duration::from_millis(100), &mut out);
    assert_eq!(out, [char('q')]);
}

#[test]
fn what_never_ends_is_over_after_a_second() {
    for begun in [&b"\x1b]11;r"[..], b"\x1bPq", b"\x1b_G", b"\x1b[1;", b"\x1b[", b"\x1bO", b"\x1b[M "] {
        let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
        parser.feed(begun, now, &mut out);
        assert!(parser.deadline().unwrap() - now <= Duration::from_secs(1));
        parser.expire(&mut out);
        parser.feed(b"q", now, &mut out);
        assert_eq!(out, [char('q')], "{}", begun.escape_ascii());
    }
}

#[test]
fn a_ctrl_c_that_comes_alone_is_one_whatever_has_begun() {
    let ctrl_c = with(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for begun in [&b"\x1b]11;r"[..], b"\x1bPq", b"\x1b[1;", b"\x1bO"] {
        assert_eq!(played(&[begun, b"\x03"]), std::slice::from_ref(&ctrl_c), "{}", begun.escape_ascii());
    }
    assert_eq!(played(&[b"\x1b[200~some", b"\x03"]), [Event::Paste("some".into()), ctrl_c]);
    // In the midst of a paste it is a byte of it.
    assert_eq!(played(&[b"\x1b[200~a\x03b\x1b[201~"]), [Event::Paste("a\x03b".into())]);
}

#[test]
fn a_paste_is_told_up_to_a_megabyte_and_its_rest_is_not_typed() {
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.resize(3 << 20, b'r');
    let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
    for piece in bytes.chunks(1024) {
        parser.feed(piece, now, &mut out);
    }
    assert!(matches!(&out[..], [Event::Paste(text)] if text.len() == MOST));
    parser.feed(b"r\x1b[201~q", now, &mut out);
    assert_eq!(out[1..], [char('q')]);
}

#[test]
fn a_paste_that_never_ends_is_told_after_a_second() {
    let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
    parser.feed(b"\x1b[200~some text", now, &mut out);
    assert_eq!(parser.deadline(), Some(now + Duration::from_secs(1)));
    parser.expire(&mut out);
    parser.feed(b"q", now, &mut out);
    assert_eq!(out, [Event::Paste("some text".into()), char('q')]);
}

/// A string of the terminal: how it begins, what it says, how it ends.
fn string() -> impl Strategy<Value = Vec<u8>> {
    let begins = prop::sample::select(vec![
        &b"\x1b]"[..],
        b"\x1bP",
        b"\x1b_",
        b"\x1b^",
        b"\x1bX",
        b"\x9d",
        b"\x90",
        b"\x9f",
        b"\x9e",
        b"\x98",
    ]);
    let says = "([ -~]|[\r\n\t]|é|✓|外|👩|yes|r\r){0,40}";
    let ends = prop::sample::select(vec![&b"\x07"[..], b"\x1b\\", b"\x9c", b"\xc2\x9c", b"\x18", b"\x1a"]);
    (begins, says, ends).prop_map(|(begins, says, ends)| [begins, says.as_bytes(), ends].concat())
}

/// Something of a stream, with the key that it is.
fn piece() -> impl Strategy<Value = (Vec<u8>, Option<Event>)> {
    let known = known().into_iter().map(|(bytes, event)| (bytes.to_vec(), Some(event))).collect::<Vec<_>>();
    let answers = answers().into_iter().map(|bytes| (bytes.to_vec(), None)).collect::<Vec<_>>();
    prop_oneof![
        3 => prop::sample::select(known),
        1 => prop::sample::select(answers),
        2 => string().prop_map(|bytes| (bytes, None)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn exactly_the_keys_come_out_wherever_it_is_cut(
        pieces in prop::collection::vec(piece(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes: Vec<u8> = pieces.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let cut: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        // a Ctrl-C by itself is one even within something else
        prop_assume!(!cut.contains(&&[CTRL_C][..]));
        let wanted: Vec<Event> = pieces.into_iter().filter_map(|(_, event)| event).collect();
        prop_assert_eq!(played(&cut), wanted);
    }

    #[test]
    fn no_bytes_panic_and_keys_work_again(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        size in 1usize..20,
    ) {
        let (mut parser, mut out, now) = (Parser::default(), Vec::new(), Instant::now());
        for piece in bytes.chunks(size) {
            parser.feed(piece, now, &mut out);
        }
        prop_assert!(out.len() <= bytes.len());
        while parser.deadline().is_some() {
            parser.expire(&mut out);
        }
        out.clear();
        parser.feed(b"q", now + Duration::from_secs(2), &mut out);
        prop_assert_eq!(out, [char('q')]);
    }
}
