//! What the tests share: a ring, devices, sessions, a terminal.

pub mod device;
pub mod output;
pub mod pairing;
#[allow(dead_code)] // `tests/pty` uses the rest
pub mod pty;
pub mod relay;
pub mod repository;
pub mod ring;
pub mod session;
pub mod sshd;
pub mod untouched;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

pub use self::device::{Device, Run};
pub use self::output::Output;
pub use self::pty::Pty;
pub use self::ring::Ring;
pub use self::session::Session;
pub use self::sshd::Sshd;

/// Waits for what must come about by itself, with a deadline.
#[track_caller]
pub fn until<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    waited(within, look).unwrap_or_else(|| panic!("after {within:?} still waiting for: {what}"))
}

/// The same; `None` when the time is over. The only place where these tests sleep.
pub fn waited<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let seen = look();
        if seen.is_some() || start.elapsed() >= within {
            return seen;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs `round` for 0..`count`, some at a time: the waiting overlaps, and the
/// ring sees more than one of them at once.
pub fn rounds(count: usize, workers: usize, round: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    round(n);
                }
            });
        }
    });
}

/// Starts two commands at the same moment.
pub fn at_once(one: Run, other: Run) -> (Output, Output) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            barrier.wait();
            one.output()
        });
        barrier.wait();
        let second = other.output();
        (first.join().unwrap(), second)
    })
}

/// A field that must be a text.
#[track_caller]
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("`{field}` is no text in {value:#}"))
}

/// The `token` fields of a list, sorted.
pub fn tokens(list: &Value) -> Vec<String> {
    let mut all: Vec<String> =
        list.as_array().expect("a list").iter().map(|row| text(row, "token").to_owned()).collect();
    all.sort();
    all
}

/// The row of a list with that token.
pub fn row<'a>(list: &'a Value, token: &str) -> Option<&'a Value> {
    list.as_array().expect("a list").iter().find(|row| row["token"] == token)
}

/// `YYYY-MM-DDThh:mm:ssZ` as unix seconds.
#[track_caller]
pub fn seconds(value: &Value, field: &str) -> i64 {
    let time = text(value, field);
    chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%SZ")
        .unwrap_or_else(|e| panic!("`{field}` is {time:?}: {e}"))
        .and_utc()
        .timestamp()
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

pub fn hostname() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// For what an outside tool shows: without the tool a test says why it does
/// nothing, but the machine of CI has to have it.
pub fn tool_is_missing(tool: &str) -> bool {
    let there = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()));
    if !there {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have `{tool}`");
        println!("skipped: `{tool}` is not installed here");
    }
    !there
}

/// True for what a terminal would act on, beside line ends.
pub fn acts_on_a_terminal(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e00ff}')
}
