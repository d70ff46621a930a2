//! JSON that means the same to every reader.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads an object, and objects in its members `inner`, by the names of their
/// fields; `None` for anything else. Serde alone would take the fields from an
/// array, too, and the page for phones does not.
pub(super) fn named<T: DeserializeOwned>(json: &[u8], inner: &[&str]) -> Option<T> {
    let read = serde_json::from_slice(json).ok()?;
    let value: Value = serde_json::from_slice(json).ok()?;
    let members = inner.iter().filter_map(|name| value.get(name));
    let is_named = value.is_object() && members.into_iter().all(|value| value.is_object() || value.is_null());
    is_named.then_some(read)
}
