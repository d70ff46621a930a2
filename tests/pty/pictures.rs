//! Pictures of the real screen, as SVG, for the README.
//!
//! `CCLINK_WRITE_PICTURES=1 cargo test --test pty pictures` makes them anew.

mod svg;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::tool_is_missing;
use crate::terminal::{Terminal, program, until, zbarimg};
use svg::{Paper, Sheet, film};

/// Columns and rows of the pictures: list and detail side by side.
const SIZE: (u16, u16) = (120, 26);
const NAMES: [&str; 3] = ["handoffs", "qr", "pickup"];
/// The moving picture: which screens, in their order, each for so many seconds.
const FILM: [(&str, u32); 5] = [("sessions", 4), ("form", 3), ("qr", 4), ("handoffs", 3), ("pickup", 6)];

fn path(name: &str, paper: Paper) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(format!("{name}-{}.svg", paper.name()))
}

/// The screen once nothing moves on it, drawn whole.
fn sheet(terminal: &mut Terminal) -> Sheet {
    let mut seen = (terminal.text(), Instant::now());
    until("a screen at rest", || {
        let now = terminal.text();
        // a countdown goes on; what has a spinner is not done
        let moves = now.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
        if moves || now.lines().count() != seen.0.lines().count() {
            seen = (now, Instant::now());
        }
        (seen.1.elapsed() > Duration::from_millis(700)).then_some(())
    });
    let from = terminal.written();
    terminal.types("\x0c");
    let mut grown = (from, Instant::now());
    until("all of it drawn again", || {
        let now = terminal.written();
        if now != grown.0 {
            grown = (now, Instant::now());
        }
        (now > from + 2000 && grown.1.elapsed() > Duration::from_millis(150)).then_some(())
    });
    Sheet::of(&terminal.since(from), SIZE)
}

/// Fills the form in, publishes, and puts the note away.
fn publish(terminal: &mut Terminal, keys: &str, filled: &str, said: &str) {
    terminal.types("\r");
    terminal.shows("Publish: ");
    terminal.types(keys);
    terminal.shows(filled);
    // an Enter right behind a character would look pasted
    let typed = Instant::now();
    until("a moment", || (typed.elapsed() > Duration::from_millis(60)).then_some(()));
    terminal.types("\r");
    terminal.shows(said);
    terminal.types("\x1b");
    terminal.hides(said);
}

/// Makes all pictures from one run of the demo.
fn make() -> Vec<(&'static str, Sheet)> {
    // by its name, as where it is installed
    let own = program().parent().unwrap().display().to_string();
    let path = format!("{own}:{}", std::env::var("PATH").unwrap());
    let mut terminal = Terminal::shell("exec \"$0\" --demo", &[("PATH", &path)]);
    terminal.resize(SIZE.0, SIZE.1);
    terminal.shows("Enter publish");
    let mut sheets = vec![("sessions", sheet(&mut terminal))];
    // to whoever has the link, once, for an hour; with a PIN; to my devices
    let (right, tab) = ("\x1b[C", "\t");
    terminal.types("\x1b[B\x1b[B");
    terminal.shows("▌ Water only");
    let keys = format!("{right}{right}{tab}{tab}\x1524h");
    publish(&mut terminal, &keys, "24h", "Published. Anyone with the PIN");
    terminal.types("\x1b[A");
    terminal.shows("▌ Split the tokenizer");
    let keys = format!("{right}{right}{right}{tab}\x1595m{tab}{right}");
    publish(&mut terminal, &keys, "‹yes", "Published. Anyone with the link");
    terminal.types("\x1b[A");
    terminal.shows("▌ Retry with jitter");
    terminal.types("\r");
    terminal.shows("Publish: Retry");
    sheets.push(("form", sheet(&mut terminal)));
    terminal.types("\r");
    terminal.shows("Enter done");
    sheets.push(("qr", sheet(&mut terminal)));
    terminal.types("\r");
    terminal.hides("Enter done");
    terminal.types("2");
    terminal.shows("3 active");
    terminal.types("g");
    terminal.shows("▌ Retry with jitter");
    sheets.push(("handoffs", sheet(&mut terminal)));
    terminal.types("3");
    terminal.shows("2 for you");
    terminal.types("\r");
    terminal.shows("signed by dana");
    terminal.hides("checking for anything newer");
    sheets.push(("pickup", sheet(&mut terminal)));
    terminal.types("q");
    terminal.code();
    sheets
}

#[test]
fn pictures_are_there_and_show_nothing_of_this_machine() {
    if std::env::var_os("CCLINK_WRITE_PICTURES").is_some() {
        std::fs::create_dir_all(path("x", Paper::Dark).parent().unwrap()).unwrap();
        let sheets = make();
        for paper in Paper::ALL {
            for (name, sheet) in sheets.iter().filter(|(name, _)| NAMES.contains(name)) {
                std::fs::write(path(name, paper), sheet.svg(paper, &format!("cclink: {name}"))).unwrap();
            }
            let of = |wanted: &str| sheets.iter().find(|(name, _)| *name == wanted).map(|(_, sheet)| sheet);
            let screens: Vec<_> = FILM.iter().map(|(name, seconds)| (of(name).unwrap(), *seconds)).collect();
            let film = film(&screens, paper, "cclink: publishing a session and picking one up");
            std::fs::write(path("film", paper), film).unwrap();
        }
    }
    let home = std::env::var("HOME").unwrap_or_default();
    for name in NAMES.into_iter().chain(["film"]) {
        for paper in Paper::ALL {
            let path = path(name, paper);
            let svg = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            svg::check(&svg).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            assert!(svg.len() < 120_000, "{} has {} bytes", path.display(), svg.len());
            for foreign in ["/tmp/", "/var/", "cclink-demo-", env!("CARGO_MANIFEST_DIR")] {
                assert!(!svg.contains(foreign), "{} shows {foreign}", path.display());
            }
            assert!(home.len() < 2 || !svg.contains(&home), "{} shows {home}", path.display());
        }
    }
}

#[test]
fn pictures_show_what_the_screen_shows() {
    let bytes = "\x1b[1mbold\x1b[0m <&> \x1b[2mdim\x1b[0m \x1b[7mturned\x1b[0m \x1b[36mcyan\x1b[0m\r\n\
                 👩‍🔬|外|🇯🇵|x\r\n╭──╮\r\n│▌ │\r\n╰━╌╯\r\n\
                 \x1b[38;5;16;48;5;231m▀\x1b[0m";
    let sheet = Sheet::of(bytes.as_bytes(), (40, 8));
    for paper in Paper::ALL {
        let svg = sheet.svg(paper, "a <test>");
        svg::check(&svg).unwrap();
        for shown in ["bold", "&lt;&amp;&gt;", "dim", "turned", "cyan", "👩‍🔬", "外", "🇯🇵", "a &lt;test&gt;"]
        {
            assert!(svg.contains(shown), "{shown} is missing:\n{svg}");
        }
        assert!(!svg.contains(['│', '▀', '━']), "lines and blocks are shapes");
    }
    // each joined character is one run of two columns, so the bars after it line up
    let bars: Vec<_> = sheet.columns_of("|");
    assert_eq!(bars, [2, 5, 8]);
    for broken in ["<svg><g></svg>", "<svg>", "<svg>&</svg>", "<svg a=\"<\"/>"] {
        assert!(svg::check(broken).is_err(), "{broken}");
    }
}

/// What a reader's phone sees in the README is a code that can be read.
#[test]
fn the_qr_in_the_picture_can_be_read() {
    // a first writing runs beside this
    if std::env::var_os("CCLINK_WRITE_PICTURES").is_some() {
        return;
    }
    if tool_is_missing("zbarimg") || tool_is_missing("rsvg-convert") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for paper in Paper::ALL {
        let png = home.path().join("qr.png");
        let made =
            std::process::Command::new("rsvg-convert").arg(path("qr", paper)).arg("-o").arg(&png).status();
        assert!(made.unwrap().success());
        let read = zbarimg(&std::fs::read(&png).unwrap(), home.path());
        assert!(read.to_lowercase().starts_with("pk:"), "{}: {read:?}", paper.name());
    }
}
