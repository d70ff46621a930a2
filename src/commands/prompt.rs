//! Questions on a terminal. Without one nothing is asked.

use std::io::{BufRead, IsTerminal, Read, Write};

use super::output::broken;
use crate::service::{Error, Hidden, Result};

/// Whether somebody can answer.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question whose answer is a line behind it. What was typed before it could be read
/// is no answer to it.
pub fn line(question: &str) -> Result<String> {
    forget_typed();
    // Not locked while it waits: what ends the program meanwhile has a last word.
    let mut stderr = std::io::stderr();
    let words = question.trim_end();
    let _ = write!(stderr, "{}{}", broken(words), question.get(words.len()..).unwrap_or_default());
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().take(4096).read_line(&mut answer);
    match read {
        Ok(0) => {
            let _ = writeln!(stderr);
            Err(Error::cancelled())
        }
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(Error::failed(format!("The terminal cannot be read: {error}."))),
    }
}

/// Lets go of what was typed ahead, and of the rest of a paste.
fn forget_typed() {
    #[cfg(unix)]
    if std::io::stdin().is_terminal() {
        // a terminal that is gone answers nothing anyway
        let _ = rustix::termios::tcflush(rustix::stdio::stdin(), rustix::termios::QueueSelector::IFlush);
    }
}

/// A line of stdin where nobody can be asked; empty where there is none.
pub fn given_line() -> Result<String> {
    let mut given = String::new();
    let read = std::io::stdin().lock().take(4096).read_line(&mut given);
    read.map_err(|error| Error::failed(format!("Nothing can be read from stdin: {error}.")))?;
    Ok(given.trim().to_owned())
}

/// Asks yes or no; Enter alone means `default`.
pub fn confirm(question: &str, default: bool) -> Result<bool> {
    let choices = if default { "Y/n" } else { "y/N" };
    let answer = line(&format!("{question} [{choices}] "))?;
    Ok(match answer.to_ascii_lowercase().as_str() {
        "" => default,
        answer => matches!(answer, "y" | "yes"),
    })
}

/// All of stdin, up to `limit` bytes.
pub fn stdin(limit: u64) -> Result<Hidden<Vec<u8>>> {
    let mut content = Hidden::new(Vec::new());
    std::io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|error| Error::failed(format!("stdin cannot be read: {error}.")))?;
    if content.len() as u64 > limit {
        return Err(Error::usage("Too much input on stdin."));
    }
    Ok(content)
}
