//! Two screens, and the key that goes from one to the other: nothing else is typed
//! than four words.

use std::time::{Duration, Instant};

use crate::support::pairing::ends;
use crate::support::{Device, text};
use crate::terminal::{Terminal, until};

/// A screen below a shell, so that a signal has somebody to go to.
fn screen(device: &Device) -> Terminal {
    Terminal::shell_of(device, "\"$0\"; exit $?", &[])
}

/// A device with a key that shows four words, and the words.
fn old(device: &Device) -> (Terminal, String) {
    let mut terminal = screen(device);
    terminal.shows("3 Pick up");
    terminal.types(":");
    terminal.shows("▸ command");
    terminal.types("pair");
    terminal.shows("▌ pair another device");
    terminal.types("\r");
    terminal.shows("Type these four words");
    let code = words_below(&terminal, "Type these four words", 1).join("-");
    assert_eq!(code.split('-').count(), 4, "{}", terminal.text());
    (terminal, code)
}

/// A device without a key, with a session of this title.
fn device(title: &str) -> Device {
    let device = Device::bare();
    device.session("garden", title);
    device
}

/// Its screen: Enter on the session asks for words, and these are typed.
fn new(device: &Device, title: &str, code: &str) -> Terminal {
    let mut terminal = screen(device);
    terminal.shows(title);
    assert!(!terminal.text().contains("no key yet"), "the sessions are first:\n{}", terminal.text());
    terminal.asks_for_a_key();
    terminal.types("\r");
    terminal.shows("▸ words");
    terminal.types(&code.replace('-', " "));
    terminal.shows(&code.replace('-', " "));
    terminal.types("\r");
    terminal
}

/// The words in the rows of the box behind the empty one below this line.
fn words_below(terminal: &Terminal, line: &str, rows: usize) -> Vec<String> {
    let shown = terminal.text();
    let inside = |row: &str| row.split('│').nth(1).unwrap_or_default().to_owned();
    let below = shown.lines().skip_while(|row| !row.contains(line)).skip(2).take(rows);
    below.flat_map(|row| inside(row).split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Both compare six words, which are the same.
fn compare(old: &Terminal, new: &Terminal) {
    let question = "show the same six words?";
    new.shows(question);
    old.shows(question);
    let words = words_below(new, question, 2);
    assert_eq!((words.len(), &words), (6, &words_below(old, question, 2)), "{}", new.text());
}

/// Somebody reads the question, and answers it.
fn answers(old: &mut Terminal, key: &str) {
    until("an answer", || {
        // A key that follows another at once was not thought about.
        let (typed, is_answered) = (Instant::now(), || !old.text().contains("show the same six words?"));
        while typed.elapsed() < Duration::from_millis(1200) && !is_answered() {
            std::thread::sleep(Duration::from_millis(20));
        }
        if is_answered() {
            return Some(());
        }
        old.types(key);
        None
    });
}

fn quits(mut terminal: Terminal) {
    terminal.types("\x03");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn enter_on_a_session_brings_the_key_and_goes_on_to_publish() {
    let (a, b) = (Device::new(), device("Mend the gate"));
    let (mut old, code) = old(&a);
    let mut new = new(&b, "Mend the gate", &code);
    compare(&old, &new);
    assert!(!b.home.join("secret_key").exists(), "nothing before the other user agreed");
    answers(&mut old, "y");
    old.shows("Giving your key to");
    let key = a.public_key();
    new.shows(&key);
    assert!(old.text().contains(&key), "{}", old.text());
    new.types("\x1b[C");
    new.shows("‹yes›");
    new.types("\r");
    new.shows("Publish: Mend the gate");
    old.shows("has fetched your key.");
    assert_eq!(b.public_key(), key);
    assert_eq!(ends(&code), [true; 3]);
    new.types("\r");
    new.shows("Published.");
    let handoff = b.json(&["list"]);
    assert_eq!(text(&a.json(&["pickup", "--print"]), "token"), text(&handoff[0], "token"));
    assert!(a.json(&["log"]).as_array().unwrap().iter().any(|event| event["event"] == "paired"));
    quits(old);
    quits(new);
}

#[test]
fn no_gives_nothing() {
    let (a, b) = (Device::new(), device("Mend the gate"));
    let (mut old, code) = old(&a);
    let mut new = new(&b, "Mend the gate", &code);
    compare(&old, &new);
    answers(&mut old, "n");
    old.shows("It did not get your key.");
    new.shows("ended the pairing: refused, cancelled");
    assert!(new.text().contains("▸ words"), "{}", new.text());
    assert_eq!(ends(&code), [true; 3]);
    new.types("\x1b");
    new.hides("no key yet");
    quits(new);
    quits(old);
    assert!(!b.home.join("secret_key").exists());
}

#[test]
fn wrong_words_find_nobody_and_the_right_ones_can_follow() {
    let (a, b) = (Device::new(), device("Mend the gate"));
    let mut new = new(&b, "Mend the gate", "zoo-zoo-zoo-zoo");
    new.shows("No device is waiting with these words.");
    let (mut old, code) = old(&a);
    new.types("\x15");
    new.shows("the four words that it shows");
    new.types("no such words\r");
    new.shows("no such words");
    new.types("\r");
    new.shows("These are not four words");
    new.types("\x15");
    new.types(&code);
    new.shows(&code);
    new.types("\r");
    compare(&old, &new);
    answers(&mut old, "y");
    new.shows(&a.public_key());
    new.types("\x1b[C");
    new.shows("‹yes›");
    new.types("\t");
    new.shows("▸ passphrase");
    new.types("own words");
    new.shows("▸ passphrase    •");
    new.types("\t");
    new.shows("▸ again");
    new.types("own words");
    new.types("\r");
    new.shows("Publish: Mend the gate");
    let key = b.cmd(&["whoami", "--json"]).env("CCLINK_PASSPHRASE", "own words").ok().json();
    assert_eq!((text(&key, "public_key"), &key["protected"]), (&*a.public_key(), &"passphrase".into()));
    quits(new);
    old.shows("has fetched your key.");
    quits(old);
}

/// A way to leave, and its name.
type End = (&'static str, fn(&mut Terminal));

const ENDS: [End; 4] = [
    ("Esc", |terminal| terminal.types("\x1b")),
    ("Ctrl-C", |terminal| terminal.types("\x03")),
    ("SIGTERM", |terminal| terminal.signal("TERM")),
    ("hang-up", |terminal| terminal.hang_up()),
];

#[test]
fn nothing_is_left_however_the_words_are_left() {
    let a = Device::new();
    for (how, end) in ENDS {
        let (mut terminal, code) = old(&a);
        end(&mut terminal);
        until(how, || (ends(&code) == [true; 3]).then_some(()));
        if how == "Esc" {
            terminal.hides("Pair another device");
            quits(terminal);
        } else {
            terminal.code();
        }
        assert_eq!(ends(&code), [true; 3], "{how}");
    }
}

#[test]
fn nothing_is_left_however_the_new_device_goes() {
    let a = Device::new();
    for (how, end) in ENDS {
        let b = device("Mend the gate");
        let (old, code) = old(&a);
        let mut terminal = new(&b, "Mend the gate", &code);
        compare(&old, &terminal);
        end(&mut terminal);
        old.shows("cancelled the pairing");
        until(how, || (ends(&code) == [true; 3]).then_some(()));
        if how == "Esc" {
            terminal.shows("▸ words");
            terminal.types("\x1b");
            terminal.hides("no key yet");
            quits(terminal);
        } else {
            terminal.code();
        }
        assert!(!b.home.join("secret_key").exists(), "{how}");
        quits(old);
    }
}
