//! What is kept of a found handoff.

use tokio::time::Instant;

use crate::handoff::Record;
use crate::service::handoffs::lookup::Place;

/// A found handoff's place and record, so that going on with it need not search
/// again.
#[derive(Clone, Debug)]
pub struct PlaceHandle {
    pub(in crate::service) place: Place,
    pub(in crate::service) record: Record,
    /// Where the user says that its machine is reached.
    pub(in crate::service) reached_at: Option<String>,
    /// This device took it for good before, and may have shown it.
    pub(in crate::service) again: bool,
    /// When a lookup that enough nodes answered found it.
    pub(in crate::service) looked_at: Option<Instant>,
}
