//! Pasted text goes into the focused input. It never submits, and where no
//! input has the focus it runs no key.

use crossterm::event::{Event as Input, KeyCode};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::Play;
use crate::tui::message::{Action, Target, Verb};

const LINK: &str = "pk:yqooxx9u3aemh8mo5wcqq16yufu6jitouq1o4za751dger1igghy/cclink/dyyyoryarywdyq";
const PASTE: &str = "pk:8pin/dybnd\nq\nd";

fn nothing_ran(play: &Play) -> bool {
    let done = [Verb::Publish, Verb::Revoke, Verb::Extend, Verb::Announce, Verb::Find, Verb::PickUp];
    done.iter().all(|verb| play.last(*verb).is_none()) && play.other.is_empty()
}

#[test]
fn a_paste_into_a_form_never_submits() {
    for bracketed in [true, false] {
        let forms: [fn(&mut Play); 6] = [
            |play| {
                play.press(KeyCode::Enter);
            },
            |play| {
                play.press(KeyCode::Enter).press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Tab);
            },
            |play| {
                play.text("2e");
            },
            |play| {
                play.text("3i");
            },
            |play| {
                play.text(":");
            },
            |play| {
                play.text("/");
            },
        ];
        for (at, open) in forms.iter().enumerate() {
            let mut play = Play::full(80, 24);
            open(&mut play);
            if bracketed {
                play.input(Input::Paste(PASTE.into()));
            } else if at < 5 {
                play.burst(PASTE);
            }
            assert!(nothing_ran(&play), "form {at}, bracketed {bracketed}: {:?}", play.jobs);
        }
    }
}

#[test]
fn a_pasted_link_loses_its_line_ends() {
    let mut play = Play::full(120, 40);
    play.text("3i").input(Input::Paste("pk:8pin/\r\ndybnd\n".into()));
    assert!(play.shows("pk:8pin/ dybnd"), "{}", play.screen());
    assert!(nothing_ran(&play));
}

#[test]
fn a_link_in_a_mail_is_taken_out_of_it() {
    let (one, two) = LINK.split_at(30);
    for mail in [
        format!("Hi,\n{one}=\n{two}\nbye\n"),
        format!("> look: {one}\r\n> {two}"),
        format!("look: {one}\n    {two}"),
    ] {
        let mut play = Play::full(120, 40);
        play.text("3i").input(Input::Paste(mail.clone()));
        assert!(play.shows("✓ a link for your own devices, from pk:yqooxx…gghy"), "{}", play.screen());
        play.press(KeyCode::Enter);
        let Some((_, Action::Find(Target::Link(link, None)))) = play.last(Verb::Find) else {
            panic!("{mail}")
        };
        assert_eq!(link.to_string(), LINK, "{mail}");
    }
}

#[test]
fn a_bracketed_paste_without_an_input_runs_no_key() {
    for pane in ["1", "2"] {
        let mut play = Play::full(80, 24);
        play.text(pane);
        let before = play.screen();
        play.input(Input::Paste(PASTE.into()));
        assert!(nothing_ran(&play));
        assert_eq!(play.screen(), before);
    }
}

#[test]
fn a_paste_into_the_inbox_means_the_form_under_it() {
    let mut play = Play::full(80, 24);
    play.text("3").input(Input::Paste("pk:8pin/dybnd".into()));
    assert!(play.shows("pk:8pin/dybnd") && nothing_ran(&play));
}

#[test]
fn an_enter_that_was_not_obeyed_is_explained() {
    let mut play = Play::full(80, 24);
    play.text("3i").burst(&format!("{LINK}\n"));
    assert!(nothing_ran(&play) && play.shows("That looked pasted. Press Enter again to find."));
    play.press(KeyCode::Enter);
    assert!(play.last(Verb::Find).is_some());
}

/// A hundred times a hundred inputs, the same each time; others and more when
/// asked for (`PROPTEST_CASES`).
fn few() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    let cases = if asked { default.cases } else { 100 };
    let rng_seed = if asked { default.rng_seed } else { RngSeed::Fixed(20_261_125) };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(few())]
    #[test]
    fn random_input_never_panics_nor_sticks(inputs in prop::collection::vec(any_input(), 100)) {
        let mut play = Play::full(80, 24);
        for (at, input) in inputs.into_iter().enumerate() {
            if let Input::Resize(width, height) = input {
                play.size = (width, height);
            }
            play.input(input);
            play.wait(std::time::Duration::from_millis(7));
            if at % 6 == 0 {
                play.screen();
                play.done_if_running(at);
            }
        }
        play.screen();
        play.resize(80, 24);
        for _ in 0..16 {
            play.press(KeyCode::Esc);
        }
        play.text("q");
        let quits = play.other.iter().any(|effect| matches!(effect, super::Effect::Quit));
        prop_assert!(quits);
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    use crossterm::event::{KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let code = prop_oneof![
        4 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up, KeyCode::Down, KeyCode::Left,
            KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace,
            KeyCode::Delete, KeyCode::F(1), KeyCode::F(5), KeyCode::F(12),
        ]),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    let mouse = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
    ]);
    prop_oneof![
        8 => (code, modifiers).prop_map(|(code, modifiers)| Input::Key(KeyEvent::new(code, modifiers))),
        1 => ".{0,30}".prop_map(Input::Paste),
        1 => (0u16..130, 0u16..60).prop_map(|(width, height)| Input::Resize(width, height)),
        1 => (mouse, 0u16..130, 0u16..60).prop_map(|(kind, column, row)| {
            Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }),
    ]
}
