//! The running claude: which sessions it has open, who is logged in, and what it
//! asks when it starts.

pub(super) mod account;
pub(super) mod parents;
pub(super) mod registry;
pub(super) mod startup;

pub use account::Account;
pub use registry::{Doing, LiveRecord, is_running};
pub use startup::{asks_for_summary, context_tokens, is_trusted};
