//! How far long work is, on one line of the terminal that is cleared in the end.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use super::output::columns_of;
use crate::service::{Job, Step};
use crate::text::{self, Ability};

/// A job that tells on a terminal how far it is.
pub(super) fn progress() -> Job {
    let mut job = Job::quiet();
    if can_redraw() {
        job.tell = Arc::new(|step| {
            if let Step::Doing(words) = step {
                // a second line would stay behind
                let room =
                    columns_of(&std::io::stderr()).map_or(usize::MAX, |columns| columns.saturating_sub(1));
                let words = text::fit(&words, room);
                let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{words}\r");
            }
        });
    }
    job
}

/// Clears that line for what comes next.
pub(super) fn end_progress() {
    if can_redraw() {
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "\r\u{1b}[K");
        let _ = stderr.flush();
    }
}

/// A terminal that knows lines alone would show what clears them.
fn can_redraw() -> bool {
    std::io::stderr().is_terminal() && Ability::of(std::env::var_os("TERM").as_deref()) != Ability::None
}
