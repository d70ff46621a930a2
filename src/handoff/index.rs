//! The index: the tokens of one mailbox. A grow-only set pruned by expiry, so
//! that merging is union and no writer can undo another.

use std::collections::BTreeMap;

use super::token::TokenBytes;

/// Entries that fit into one packet.
pub const CAPACITY: usize = 41;
const ENTRY: usize = 16;
const DAY: u32 = 86_400;
/// Nothing lives longer than seven days; an hour for clocks that differ.
const MAX_LIFE: u32 = 7 * DAY + 3600;

/// When a handoff was made and when it ends, in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    // The order of the fields is the rule: the later expiry wins, ties by the
    // later creation.
    /// When it ends.
    pub expires: u32,
    /// When it was made.
    pub created: u32,
}

/// One line of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Which handoff.
    pub token: TokenBytes,
    /// From when to when.
    pub span: Span,
}

/// The length is no multiple of 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list is damaged")]
pub struct IndexError;

/// The tokens of one mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index(BTreeMap<TokenBytes, Span>);

impl Index {
    /// Adds an entry; of two for one token the later expiry wins whole.
    pub fn insert(&mut self, entry: IndexEntry) {
        let span = self.0.entry(entry.token).or_insert(entry.span);
        *span = entry.span.max(*span);
    }

    /// Takes an entry out (only ever a dead one, to make room).
    pub fn remove(&mut self, token: &TokenBytes) {
        self.0.remove(token);
    }

    /// The union of both.
    pub fn merge(&mut self, other: &Self) {
        for entry in other.entries() {
            self.insert(entry);
        }
    }

    /// Whether every entry of `other` is here, at least as late.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(token, span)| self.0.get(token).is_some_and(|mine| mine >= span))
    }

    /// Newest first, then by token.
    pub fn entries(&self) -> Vec<IndexEntry> {
        let mut entries: Vec<IndexEntry> =
            self.0.iter().map(|(token, span)| IndexEntry { token: *token, span: *span }).collect();
        entries.sort_by_key(|entry| (std::cmp::Reverse(entry.span.created), entry.token));
        entries
    }

    /// What may be shown at `now`: not expired, and not from a clock that is
    /// off by more than an hour.
    pub fn shown(&self, now: u32) -> Vec<IndexEntry> {
        self.entries().into_iter().filter(|entry| self.is_shown(&entry.span, now)).collect()
    }

    /// Whether one with this span may be shown at `now`.
    pub fn is_shown(&self, span: &Span, now: u32) -> bool {
        span.expires > now && span.expires <= now.saturating_add(MAX_LIFE)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The payload; the newest [`CAPACITY`] entries where there are more.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len().min(CAPACITY) * ENTRY);
        for entry in self.entries().iter().take(CAPACITY) {
            out.extend(entry.token);
            out.extend(entry.span.created.to_be_bytes());
            out.extend(entry.span.expires.to_be_bytes());
        }
        out
    }

    /// Reads a payload; the order is not checked.
    pub fn decode(payload: &[u8]) -> Result<Self, IndexError> {
        let (entries, rest) = payload.as_chunks::<ENTRY>();
        if !rest.is_empty() {
            return Err(IndexError);
        }
        let mut index = Self::default();
        for &[t0, t1, t2, t3, t4, t5, t6, t7, c0, c1, c2, c3, e0, e1, e2, e3] in entries {
            let created = u32::from_be_bytes([c0, c1, c2, c3]);
            let expires = u32::from_be_bytes([e0, e1, e2, e3]);
            index.insert(IndexEntry {
                token: [t0, t1, t2, t3, t4, t5, t6, t7],
                span: Span { expires, created },
            });
        }
        Ok(index)
    }
}
