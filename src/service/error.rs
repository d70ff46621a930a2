//! The one error type: what happened, its exit code, and what to do next.

use serde_json::{Value, json};

/// A result of the service.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is; decides the exit code of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Exit code 1.
    Failed,
    /// Malformed or unfit input; exit code 2.
    Usage,
    /// Not found, expired, burned or revoked; exit code 3.
    Gone,
    /// Wrong PIN, or not addressed to this identity; exit code 4.
    NotForYou,
    /// No node and no relay answered; exit code 5.
    Unreachable,
    /// The identity is locked and no passphrase was given; exit code 1.
    Locked,
    /// There is no identity yet; exit code 1.
    NoIdentity,
    /// Cancelled by the user; exit code 1.
    Cancelled,
    /// No room for another handoff; exit code 1.
    Full,
    /// A newer cclink wrote what was to be read; exit code 1.
    Newer,
    /// Something is there already that is not overwritten unasked; exit code 1.
    Exists,
    /// What it means has to be agreed to first; exit code 1.
    Agree,
    /// The same where everybody would see that it is there; exit code 1.
    Public,
    /// The conversation could not be sealed, or its place does not take it, whoever it
    /// is for; exit code 1.
    Carry,
}

/// A failure in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure this is.
    pub kind: ErrorKind,
    /// What happened, and why.
    pub message: String,
    /// What to do next; may be empty.
    pub advice: String,
}

impl Error {
    /// An error of `kind` that says `message`, without advice.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: String::new() }
    }

    /// Exit code 1, in words.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// Exit code 2, in words.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Exit code 3, in words.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Gone, message)
    }

    /// The same error with words on what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// The job was cancelled by the user.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "Cancelled.")
    }

    /// The process exit code for this failure.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed
            | ErrorKind::Locked
            | ErrorKind::NoIdentity
            | ErrorKind::Cancelled
            | ErrorKind::Full
            | ErrorKind::Exists
            | ErrorKind::Agree
            | ErrorKind::Public
            | ErrorKind::Carry
            | ErrorKind::Newer => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Gone => 3,
            ErrorKind::NotForYou => 4,
            ErrorKind::Unreachable => 5,
        }
    }

    /// The `--json` value that goes to stderr.
    pub fn to_json(&self) -> Value {
        json!({ "error": { "code": self.exit_code(), "message": self.message, "advice": self.advice } })
    }
}
