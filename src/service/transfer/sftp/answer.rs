//! What the other machine answers, and that it answers at all.

use std::path::Path;
use std::time::Duration;

use openssh_sftp_client::Error as Failure;
use openssh_sftp_client::error::SftpErrorKind;

use crate::service::{Error, Result};
use crate::text;

/// What the next try finds of this one.
const KEPT: &str = "What was copied is kept: the next try continues from there.";
/// Columns of what the other side says.
const MOST_SAID: usize = 200;

/// What was asked for, or why the other side does not give it.
pub(crate) type Answer<T> = std::result::Result<T, No>;

/// The other side's own word that it does not give something. Everything else
/// that can fail is the connection, and an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct No {
    /// It is not there.
    pub missing: bool,
    /// Why, clean and short.
    pub why: String,
}

impl No {
    /// As an error about this path.
    pub fn about(&self, path: &Path) -> Error {
        let path = text::clean(&path.to_string_lossy());
        Error::failed(format!("{path} cannot be read there: {}.", self.why))
    }
}

/// Waits for what the other side does, but not for ever.
pub(super) async fn in_time<T>(stall: Duration, asked: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(stall, asked).await.map_err(|_| {
        Error::failed(format!("The other machine has sent nothing for {} s.", stall.as_secs())).advise(KEPT)
    })
}

/// Waits for an answer; an error where the connection gave none.
pub(super) async fn answered<T>(
    stall: Duration,
    asked: impl Future<Output = std::result::Result<T, Failure>>,
) -> Result<Answer<T>> {
    in_time(stall, asked).await?.map_or_else(|failure| no(&failure).map(Err), |given| Ok(Ok(given)))
}

/// The other side's no, or what happened to the connection.
fn no(failure: &Failure) -> Result<No> {
    let short = |words: &str| text::fit(&text::clean(words), MOST_SAID);
    match failure {
        Failure::SftpError(kind, said) => Ok(No {
            missing: matches!(kind, SftpErrorKind::NoSuchFile),
            why: match (kind, short(said.get().0)) {
                (SftpErrorKind::PermDenied, _) => "permission denied".to_owned(),
                (kind, said) if said.is_empty() => format!("{kind:?}"),
                (_, said) => said,
            },
        }),
        lost => {
            let why = short(&lost.to_string());
            Err(Error::failed(format!(
                "The connection to the other machine broke off: {}.",
                why.trim_end_matches('.')
            ))
            .advise(KEPT))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_says_is_inert_and_short() {
        let said = format!("no \u{1b}]52;c;AAAA\u{7}\u{1b}[31mway\u{202e} {}", "x".repeat(5000));
        let message = no(&Failure::IOError(std::io::Error::other(said))).unwrap_err().message;
        assert!(text::is_clean(&message) && message.contains("way") && message.len() < 400, "{message:?}");
        let no = No { missing: false, why: "permission denied".to_owned() };
        let message = no.about(Path::new("/a\u{1b}[2J/b")).message;
        assert_eq!(message, "/a/b cannot be read there: permission denied.");
    }

    #[tokio::test]
    async fn silence_ends_in_words() {
        let silent = in_time(Duration::ZERO, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(silent.message, "The other machine has sent nothing for 0 s.");
        assert!(silent.advice.contains("kept"), "{}", silent.advice);
    }
}
