//! Rows that come in batches, put into a list that is in its order already.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::tui::message::Session;

/// Merges rows into a list, both newest first then; what the list had of the
/// same files, and of `gone`, goes.
pub(super) fn merge(list: &mut Vec<Session>, mut rows: Vec<Session>, gone: &HashSet<PathBuf>) {
    let renewed: HashSet<&Path> = rows.iter().map(|row| row.path.as_path()).collect();
    list.retain(|known| !renewed.contains(known.path.as_path()) && !gone.contains(&known.path));
    rows.sort_by_key(|row| Reverse(row.updated_at));
    let mut merged = Vec::with_capacity(list.len() + rows.len());
    let mut known = std::mem::take(list).into_iter().peekable();
    for row in rows {
        merged.extend(std::iter::from_fn(|| known.next_if(|known| known.updated_at >= row.updated_at)));
        merged.push(row);
    }
    merged.extend(known);
    *list = merged;
}

#[cfg(test)]
mod tests;
