//! Who is logged in to Claude Code.

use std::path::Path;

use serde_json::Value;

use super::startup::LONGEST_STATE;
use crate::claude::file;

/// An account, as Claude Code's own state names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    id: String,
    /// Its address, or its id where none is told; foreign text.
    pub name: String,
}

impl Account {
    /// From the content of a `.claude.json`; `None` where nobody is logged in by an
    /// account, or it cannot be read.
    pub fn of(state: &[u8]) -> Option<Self> {
        let state: Value = serde_json::from_slice(state).ok()?;
        let account = state.get("oauthAccount")?;
        let text = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("accountUuid").filter(|id| !id.is_empty())?;
        Some(Self { name: text("emailAddress").unwrap_or_else(|| id.clone()), id })
    }

    /// Of this machine, by where Claude Code's state lies.
    pub fn here(state_file: &Path) -> Option<Self> {
        Self::of(&file::small(state_file, LONGEST_STATE)?)
    }

    /// Whether both are one.
    pub fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_told_apart_by_their_id() {
        let state = |id: &str, email: &str| {
            let account = serde_json::json!({"accountUuid": id, "emailAddress": email});
            serde_json::json!({"projects": {}, "oauthAccount": account}).to_string()
        };
        let of = |text: &str| Account::of(text.as_bytes());
        let (one, moved, two) = (of(&state("1", "a@x")), of(&state("1", "b@x")), of(&state("2", "a@x")));
        assert!(one.as_ref().unwrap().is(&moved.unwrap()));
        assert!(!one.unwrap().is(&two.unwrap()));
        for none in ["{}", "", "[1", r#"{"oauthAccount": {}}"#, r#"{"oauthAccount": {"accountUuid": 7}}"#] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
