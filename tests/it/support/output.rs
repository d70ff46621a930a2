//! What a command said, and what a test may ask of it.

use std::time::Duration;

use serde_json::Value;

/// A finished command.
pub struct Output {
    /// The command line, for messages.
    pub what: String,
    /// Its exit code; −1 when it had to be killed.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Output {
    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn exits(self, codes: &[i32]) -> Self {
        assert!(
            codes.contains(&self.code),
            "`{}` ended with {} after {:?}, not {codes:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.what,
            self.code,
            self.took,
            self.stdout,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked at"), "`{}` panicked:\n{}", self.what, self.stderr);
        self
    }

    /// Asserts that each of `words` was said, in any case.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let said = self.said().to_lowercase();
        for word in words {
            assert!(
                said.contains(&word.to_lowercase()),
                "`{}` does not say {word:?}:\n{}",
                self.what,
                self.said()
            );
        }
        self
    }

    /// Asserts that none of `words` was said.
    #[track_caller]
    pub fn hides<S: AsRef<str>>(self, words: &[S]) -> Self {
        let said = self.said().to_lowercase();
        for word in words {
            let word = word.as_ref().to_lowercase();
            assert!(!said.contains(&word), "`{}` says {word:?}:\n{}", self.what, self.said());
        }
        self
    }

    /// The one value on stdout; nothing else may stand there.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| {
            panic!("`{}`: {e}: stdout is {:?}; stderr: {}", self.what, self.stdout, self.stderr)
        })
    }

    /// The `error` object on stderr, its code checked against the exit code.
    /// Progress may stand before it.
    #[track_caller]
    pub fn error(&self) -> Value {
        let stderr = self.stderr.trim();
        let value: Option<Value> = serde_json::from_str(stderr).ok().or_else(|| {
            let start = stderr.rfind("\n{").map_or(0, |at| at + 1);
            serde_json::from_str(&stderr[start..]).ok()
        });
        let value = value.unwrap_or_else(|| panic!("`{}`: no JSON error on stderr: {stderr:?}", self.what));
        let error = value["error"].clone();
        assert_eq!(error["code"], self.code, "`{}`: {error:#}", self.what);
        assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()), "`{}`: {error:#}", self.what);
        assert!(error["advice"].is_string(), "`{}`: {error:#}", self.what);
        error
    }
}
