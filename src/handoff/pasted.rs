//! A link in whatever came with it when it was copied: brackets, quotes, a
//! sentence, a mail's line ends. What surrounds it is taken off here, before
//! the strict parser of [`Link`].

use super::link::{Link, LinkError, LinkTarget};
use super::token::AudienceKind;

/// Characters of a creator's key in a link.
const KEY: usize = 52;
/// No link is longer, in its plain or its web form.
const LONGEST: usize = 3 + KEY + 8 + 1 + 26;
/// No entity that matters is longer.
const LONGEST_ENTITY: usize = 16;

/// Why no one link could be made out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PastedError {
    /// There is none, or it is damaged.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There is more than one: whose is meant, only the reader knows.
    #[error("this contains {} links", .0.len())]
    Several(Vec<Link>),
}

/// The one link in a text.
pub fn link_in(text: &str) -> Result<Link, PastedError> {
    let signs = signs(text);
    let mut found: Vec<Link> = Vec::new();
    let mut damaged = None;
    for at in starts(&signs) {
        match link_at(&signs, at) {
            Ok(link) if found.contains(&link) => {}
            Ok(link) => found.push(link),
            Err(error) => damaged = damaged.or(Some(error)),
        }
    }
    match found.len() {
        // White space within it: the strict parser reads over that.
        0 => text.parse().map_err(|error| match (error, damaged) {
            (LinkError::Form, Some(why)) => why.into(),
            _ => error.into(),
        }),
        1 => Ok(found.remove(0)),
        _ => Err(PastedError::Several(found)),
    }
}

/// The links in a text, for a field that has no line ends; `None` where there is
/// none. In the text itself a line that was wrapped could not be told from a word
/// that ended.
pub fn links_on_one_line(text: &str) -> Option<String> {
    let links = match link_in(text) {
        Ok(link) => vec![link],
        Err(PastedError::Several(links)) => links,
        Err(PastedError::Link(_)) => return None,
    };
    Some(links.iter().map(Link::to_string).collect::<Vec<_>>().join(" "))
}

/// What a reader sees between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    /// A line ended: links wrap.
    Line,
}

/// A character in lower case; 0 for what stands in no link.
#[derive(Clone, Copy, Debug)]
struct Sign {
    byte: u8,
    before: Gap,
}

/// Where a link may begin.
fn starts(signs: &[Sign]) -> impl Iterator<Item = usize> {
    (0..signs.len()).filter(|at| match signs[*at].byte {
        b'#' => true,
        b'p' => {
            let apart = signs[*at].before != Gap::None
                || at.checked_sub(1).is_none_or(|before| !signs[before].byte.is_ascii_alphanumeric());
            apart && signs[*at..].iter().map(|sign| sign.byte).take(3).eq(*b"pk:")
        }
        _ => false,
    })
}

/// The link that begins there: as many characters as one has, and no more
/// behind them.
fn link_at(signs: &[Sign], at: usize) -> Result<Link, LinkError> {
    let run = |limit: usize| -> String {
        let first = signs[at..].iter().take(1);
        let rest = signs[at + 1..].iter().take_while(|sign| sign.before != Gap::Space && belongs(sign.byte));
        first.chain(rest).take(limit).map(|sign| char::from(sign.byte)).collect()
    };
    let text = run(LONGEST + 1);
    let head = if text.starts_with('#') { 1 + KEY + 1 } else { 3 + KEY + "/cclink/".len() };
    let tail = match text[head.min(text.len())..].chars().next().and_then(AudienceKind::from_letter) {
        Some(AudienceKind::Link) => 1 + 26,
        Some(_) => 1 + 13,
        None => return Err(text.parse::<Link>().err().unwrap_or(LinkError::CutOff)),
    };
    let ends = signs.get(at + head + tail).is_none_or(|next| next.before != Gap::None || !belongs(next.byte));
    // One that goes on is damaged; the strict parser says how.
    text[..if ends { (head + tail).min(text.len()) } else { text.len() }].parse()
}

fn belongs(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b':')
}

/// The characters of a text, without what mail, chat and web add to them.
fn signs(text: &str) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(text.len().min(64 * 1024));
    let mut before = Gap::Line;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (sign, length) = decoded(rest).unwrap_or((Some(first), first.len_utf8()));
        rest = &rest[length..];
        match sign {
            // A soft hyphen, and what has no width.
            None | Some('\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') => {}
            Some('\n' | '\r') => before = Gap::Line,
            // A quoted line's mark.
            Some('>') if before == Gap::Line => {}
            Some(c) if c.is_whitespace() => before = if before == Gap::Line { before } else { Gap::Space },
            Some(c) => {
                let byte = u8::try_from(c).unwrap_or(0).to_ascii_lowercase();
                signs.push(Sign { byte, before });
                before = Gap::None;
            }
        }
    }
    signs
}

/// What an encoding at the beginning of `rest` stands for, and its length.
fn decoded(rest: &str) -> Option<(Option<char>, usize)> {
    let behind = rest.get(1..)?;
    match rest.as_bytes()[0] {
        b'=' => soft_break(behind).map(|length| (None, length + 1)).or_else(|| hex(behind, 3)),
        b'%' => hex(behind, 3),
        b'&' => entity(behind),
        b'<' => tag(behind),
        _ => None,
    }
}

/// A line end that a mail has put in: its length.
fn soft_break(behind: &str) -> Option<usize> {
    let end = behind.trim_start_matches([' ', '\t']);
    let newline = ["\r\n", "\n", "\r"].into_iter().find(|newline| end.starts_with(newline))?;
    Some(behind.len() - end.len() + newline.len())
}

/// Two hex digits, where they stand for a character that a link has or that
/// stands beside one.
fn hex(behind: &str, length: usize) -> Option<(Option<char>, usize)> {
    let byte = u8::from_str_radix(behind.get(..2)?, 16).ok()?;
    matches!(byte, b':' | b'/' | b'#' | b'=').then(|| (Some(char::from(byte)), length))
}

fn entity(behind: &str) -> Option<(Option<char>, usize)> {
    let end = behind.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')?;
    let name = behind[..end].to_ascii_lowercase();
    let sign = match name.as_str() {
        "colon" => ':',
        "sol" => '/',
        "num" => '#',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "nbsp" => ' ',
        "shy" | "zerowidthspace" => '\u{200b}',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((Some(sign), end + 2))
}

/// Tags that may stand within a word.
fn tag(behind: &str) -> Option<(Option<char>, usize)> {
    let end = behind.bytes().take(LONGEST_ENTITY).position(|byte| byte == b'>')?;
    let name = behind[..end].trim_matches(['/', ' ']).to_ascii_lowercase();
    match name.as_str() {
        "wbr" => Some((None, end + 2)),
        "br" => Some((Some('\n'), end + 2)),
        _ => None,
    }
}

impl Link {
    /// Which link it is, for people: enough of it to tell it from another, and
    /// nothing secret.
    pub fn short(&self) -> String {
        let token = match &self.target {
            LinkTarget::Token(token) => *token,
            LinkTarget::Secret(secret) => super::Mailbox::link(&self.creator, secret).link_token(),
        };
        format!("{}/cclink/{token}", self.creator.short())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEVICES: &str = "pk:yqooxx9u3aemh8mo5wcqq16yufu6jitouq1o4za751dger1igghy/cclink/dyyyoryarywdyq";
    const SECRET: &str =
        "pk:yqooxx9u3aemh8mo5wcqq16yufu6jitouq1o4za751dger1igghy/cclink/lyyyoryarywdyqnyjbefoadeqbh";

    fn web() -> String {
        DEVICES.parse::<Link>().unwrap().web("https://example.org/cclink/")
    }

    #[test]
    fn what_surrounds_a_link_is_taken_off() {
        for link in [DEVICES.to_owned(), SECRET.to_owned(), web(), DEVICES.to_ascii_uppercase()] {
            let meant: Link = link.parse().unwrap();
            let (one, two) = link.split_at(30);
            let percent = link.replace(':', "%3A").replace('/', "%2F").replace('#', "%23");
            for text in [
                link.clone(),
                format!("<{link}>"),
                format!("({link})"),
                format!("{link}."),
                format!("{link}, and"),
                format!("[x]({link})"),
                format!("[{link}]({link})"),
                format!("> {link}"),
                format!("<{link}|here>"),
                format!("\"{link}\""),
                format!("'{link}'"),
                format!("`{link}`"),
                format!("“{link}”"),
                format!("»{link}«"),
                format!("Hi, here: {link} - bye"),
                format!("Hi, here: {link}\nbye"),
                format!("cclink pickup {link}"),
                format!("cclink pickup '{link}' --print"),
                format!("{one}=\n{two}"),
                format!("{one}=\r\n{two}"),
                format!("{one}= \n{two}\nbye"),
                format!("> {one}\n> {two}"),
                format!(">> {one}\r\n>> {two}\r\n>> bye"),
                format!("look: {one}\n    {two}"),
                format!("<a href=3D\"{link}\">{link}</a>"),
                format!("&lt;{}&gt;", link.replace('/', "&#x2F;").replace(':', "&colon;")),
                format!("{one}<wbr>{two}<br>bye"),
                format!("{one}\u{200b}{two}\u{feff}"),
                format!("https://elsewhere.example/?to={percent}&x=1"),
                format!("{link}?fbclid=1"),
                format!("{link}\u{a0}bye"),
            ] {
                assert_eq!(link_in(&text).as_ref(), Ok(&meant), "{text}");
                let line = links_on_one_line(&text).unwrap();
                assert!(link_in(&line).as_ref() == Ok(&meant) && !line.contains([' ', '\n']), "{text}");
            }
        }
    }

    #[test]
    fn a_damaged_link_stays_one() {
        let cut = &DEVICES[..DEVICES.len() - 1];
        let form = Err(PastedError::Link(LinkError::Form));
        for text in [
            format!("<{cut}>"),
            format!("{DEVICES}x"),
            format!("see {cut} a fine day"),
            format!("see {DEVICES}x a fine day"),
            format!("x{DEVICES}"),
            DEVICES.replace("/d", "/q"),
            DEVICES.replace("pk:y", "pk:v"),
        ] {
            let seen = link_in(&text);
            assert!(matches!(seen, Err(PastedError::Link(_))), "{text}: {seen:?}");
            assert!(text.starts_with('x') || seen != form, "{text}: it is not said what is wrong: {seen:?}");
        }
        assert_eq!(link_in("https://example.org/"), form);
        assert_eq!(link_in(""), form);
    }

    #[test]
    fn two_links_ask_which() {
        let other = DEVICES.replace("/dy", "/db");
        for text in [
            format!("{DEVICES} {other}"),
            format!("{DEVICES}\n{other}"),
            format!("{}\n{}", web(), web().replace("/DY", "/DB")),
            format!("{DEVICES} or {SECRET}"),
        ] {
            let Err(PastedError::Several(links)) = link_in(&text) else { panic!("{text}") };
            let short: Vec<String> = links.iter().map(Link::short).collect();
            assert!(short.len() == 2 && short[0] != short[1], "{short:?}");
            let line = links_on_one_line(&text).unwrap();
            assert_eq!(link_in(&line), Err(PastedError::Several(links)), "{line}");
            assert!(short.iter().all(|short| !short.contains("lyyyoryarywdyqnyjbefoadeqbh")), "{short:?}");
        }
        assert_eq!(link_in(&format!("{DEVICES} {}", web())).unwrap().to_string(), DEVICES);
    }

    #[test]
    fn a_long_text_takes_no_longer() {
        let start = std::time::Instant::now();
        for unit in ["pk:", "#", "=", "= ", "&", "<", "%", "> ", "\n", "pk:yqooxx9u3aemh8mo5wcqq16yu"] {
            assert!(link_in(&unit.repeat(100_000 / unit.len())).is_err());
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn no_other_link_is_ever_taken(before in "(\\PC|[pk:#/ \n>=%&;<]){0,40}", after in "(\\PC|[ \n>=%&;<a-z]){0,40}", cut in 0usize..90) {
            let meant: Link = SECRET.parse().unwrap();
            let link = &SECRET[..SECRET.len() - cut.min(SECRET.len())];
            if let Ok(found) = link_in(&format!("{before}{link}{after}")) {
                prop_assert!(cut > 0 || found == meant);
                prop_assert_eq!(found.creator, meant.creator);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(\\PC|[pk:#/ \n>=%&;<]|pk:|/cclink/|&#x3a;|=\n){0,60}") {
            let _ = link_in(&text);
        }
    }
}
