//! Putting text on the clipboard: through the terminal, which also works over
//! SSH, and through a tool of the desktop where there is one.

use std::env::var_os;
use std::process::Stdio;
use std::time::Duration;

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;

use crate::text::Clipboards;
use crate::tui::message::{Hidden, child};

/// Bytes of a text that the terminal is asked to take: its sequence is then under
/// a kilobyte, which every terminal, `mosh` and old `ssh` let pass whole.
const MOST: usize = 720;
/// How long a clipboard tool may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How this terminal's clipboard is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clipboard(Clipboards);

impl Clipboard {
    /// Looks at the environment.
    pub fn of_this_terminal() -> Self {
        Self(Clipboards::of(|name| var_os(name).is_some_and(|value| !value.is_empty())))
    }

    /// Whether the terminal can be asked to take all of `text`.
    pub fn fits(text: &str) -> bool {
        text.len() <= MOST
    }

    /// The sequence that asks the terminal to take `text` (OSC 52), wrapped for
    /// the multiplexer that stands between; none for a text that would be cut.
    pub fn sequence(&self, text: &str) -> Option<String> {
        if !Self::fits(text) {
            return None;
        }
        let mut osc = String::new();
        // writing to a string cannot fail
        let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut osc);
        if self.0.tmux {
            // tmux takes the plain one where `set-clipboard on` allows it, and
            // hands the wrapped one through where `allow-passthrough` does
            return Some(format!("{osc}\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")));
        }
        Some(if self.0.screen { format!("\x1bP{osc}\x1b\\") } else { osc })
    }

    /// Gives `text` to the tools there are. Whether one took it is not said:
    /// none of them can promise that the user's clipboard has it.
    pub async fn give_to_tools(&self, text: Hidden<String>) {
        for tool in &self.0.tools {
            let _ = tokio::time::timeout(PATIENCE, give(tool, &text)).await;
        }
    }
}

async fn give(tool: &[&str], text: &str) -> std::io::Result<()> {
    let Some((program, arguments)) = tool.split_first() else { return Ok(()) };
    let mut command = child(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut tool = command.spawn()?;
    if let Some(mut input) = tool.stdin.take() {
        input.write_all(text.as_bytes()).await?;
    }
    tool.wait().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_wrapped_for_tmux_and_screen() {
        let plain = Clipboard::default().sequence("hello").unwrap();
        assert!(plain.starts_with("\x1b]52;c;aGVsbG8="), "{plain:?}");
        let tmux = Clipboard(Clipboards::of(|name| name == "TMUX")).sequence("hello").unwrap();
        assert!(tmux.starts_with(&plain) && tmux.contains("\x1bPtmux;\x1b\x1b]52;c;aGVsbG8="), "{tmux:?}");
        assert!(tmux.ends_with("\x1b\\"));
        let screen = Clipboard(Clipboards::of(|name| name == "STY")).sequence("hello").unwrap();
        assert!(screen.starts_with("\x1bP\x1b]52;c;"), "{screen:?}");
    }

    #[test]
    fn a_sequence_that_could_be_cut_is_not_sent() {
        let longest = "x".repeat(MOST);
        assert!(Clipboard::default().sequence(&longest).unwrap().len() < 1024);
        assert_eq!(Clipboard::default().sequence(&(longest + "x")), None);
    }
}
