//! Whether claude is logged in as somebody else here than where a session lives:
//! what was thought under one account may be refused under another (an error 400,
//! reported of several versions).

use super::origin::Origin;
use super::{Result, Service, blocking};
use crate::claude::Account;
use crate::text;

/// A state that is longer is not fetched for a word of warning.
const LONGEST: u64 = 4 * 1024 * 1024;

impl Service {
    /// A word on it, where both are known.
    pub(super) async fn another_account(&self, origin: &Origin) -> Result<Option<String>> {
        let theirs = origin.remote.small(&origin.state(), LONGEST).await?;
        let path = self.claude_state();
        let ours = blocking(move || Account::here(&path?)).await?;
        let theirs = theirs.and_then(|state| Account::of(&state));
        Ok(ours.zip(theirs).filter(|(ours, theirs)| !ours.is(theirs)).map(|(ours, theirs)| {
            let (here, there) = (text::clean(&ours.name), text::clean(&theirs.name));
            format!(
                "claude is logged in as {here} here and as {there} there: if it refuses the conversation (API \
                 error 400), continue over SSH or log in as {there}"
            )
        }))
    }
}
