//! Which sessions the list hides unless asked for: those that Claude's own picker
//! does not show. A [`row`](super::row) adds those that stand in for another.

use crate::claude::transcript::window::Window;

/// How SDK runs name what started them.
const SDK: [&str; 3] = ["sdk-cli", "sdk-ts", "sdk-py"];

/// Whose a session is, its beginning says: a subagent's, a team's, the daemon's, an
/// SDK run's, or one of `/loop`.
pub(super) fn is_no_talk(head: &Window<'_>, tail: &Window<'_>) -> bool {
    let entrypoint = head.entrypoint.as_deref().or(tail.entrypoint.as_deref());
    let is_sdk = entrypoint.is_some_and(|entrypoint| SDK.contains(&entrypoint));
    head.sidechain || head.team || head.daemon || is_sdk || head.is_loop()
}
