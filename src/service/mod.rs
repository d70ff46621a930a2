//! What cclink does: a file a verb. The screen and the command line both ask
//! here; every verb is async, tells its progress and can be cancelled.

mod error;
pub mod types;

use std::sync::Arc;

pub use error::{Error, Kind, Result};
use tokio_util::sync::CancellationToken;
pub use types::*;

use crate::claude::{self, Session, Turn};

/// Everything a verb needs; cheap to clone.
#[derive(Clone)]
pub struct Service {}

/// How a verb tells what it is doing, and how it learns to stop.
#[derive(Clone)]
pub struct Job {
    /// Receives each step of the work, from any task.
    pub tell: Arc<dyn Fn(Step) + Send + Sync>,
    /// Cancelled when the user no longer wants the result.
    pub cancel: CancellationToken,
}

#[allow(clippy::todo, missing_docs, unused_variables, clippy::unused_async)]
impl Service {
    /// Local sessions newest first, in batches as they are read (blocking).
    pub fn scan_sessions(&self, cwd: &std::path::Path, batch: &mut dyn FnMut(Vec<Session>)) -> Result<()> {
        todo!()
    }
    /// The last turns of a session (blocking).
    pub fn preview(&self, session: &Session) -> Result<Vec<Turn>> {
        todo!()
    }
    /// What is known of the identity, without unlocking it.
    pub fn identity_state(&self) -> IdentityState {
        todo!()
    }
    /// Unlocks the identity for the life of this process (blocking: scrypt).
    pub fn unlock(&self, passphrase: &str) -> Result<()> {
        todo!()
    }
    /// Creates an identity (empty passphrase: none).
    pub fn create_identity(&self, passphrase: &str) -> Result<IdentityView> {
        todo!()
    }
    /// `public network` or the bootstrap in use, in words.
    pub fn network_words(&self) -> String {
        todo!()
    }
    /// What would be published for `session`, before it is changed in the form.
    pub fn draft(&self, session: &Session) -> Draft {
        todo!()
    }
    pub async fn publish(&self, request: PublishRequest, job: &Job) -> Result<Published> {
        todo!()
    }
    /// What the journal knows, without asking the network (copies unknown).
    pub fn journal_list(&self, all: bool) -> Result<Vec<Listed>> {
        todo!()
    }
    /// The same checked against the network.
    pub async fn list(&self, all: bool, job: &Job) -> Result<Vec<Listed>> {
        todo!()
    }
    pub async fn revoke(&self, tokens: &[String], job: &Job) -> Result<Revoked> {
        todo!()
    }
    pub async fn announce(&self, token: &str, job: &Job) -> Result<Listed> {
        todo!()
    }
    pub async fn extend(&self, token: &str, ttl: crate::handoff::Ttl, job: &Job) -> Result<Listed> {
        todo!()
    }
    /// Every live handoff addressed to me; each found one is also told as a step.
    pub async fn inbox(&self, job: &Job) -> Result<Vec<InboxEntry>> {
        todo!()
    }
    /// What `text` is: a link, a key, a contact, a token; without the network.
    pub fn recognise(&self, text: &str) -> Result<Recognised> {
        todo!()
    }
    /// Finds handoffs without consuming them; newest first. `Step::Found` tells
    /// a first answer before it is confirmed.
    pub async fn find(&self, what: &Target, job: &Job) -> Result<Vec<Found>> {
        todo!()
    }
    /// Takes a found handoff: confirms, burns it when it is to be burned, leaves a receipt.
    pub async fn pick_up(&self, found: &Found, job: &Job) -> Result<Pickup> {
        todo!()
    }
    pub fn contacts(&self) -> Result<Vec<ContactView>> {
        todo!()
    }
    pub fn add_contact(&self, name: &str, key: &str, mine: bool) -> Result<ContactView> {
        todo!()
    }
    pub fn remove_contact(&self, name: &str) -> Result<ContactView> {
        todo!()
    }
    /// The plans for resuming a session that is on this machine.
    pub fn resume_here(&self, session: &Session) -> Vec<Plan> {
        claude::unused();
        todo!()
    }
    /// Waits for writes that must not be cut in half (bounded).
    pub async fn finish(&self) {
        todo!()
    }
}
