//! Times on the wire and in `--json`: exactly `YYYY-MM-DDThh:mm:ssZ`.

use chrono::{DateTime, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serializer};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The only form a time has.
pub fn print(time: &DateTime<Utc>) -> String {
    time.format(FORMAT).to_string()
}

/// Reads [`print`]'s form and no other.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    // Four digits of a year: with a sign or more of them dates overflow.
    if text.len() != 20 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc();
    // A second 60 prints as it is read, but is no second of ours.
    (time.nanosecond() == 0 && print(&time) == text).then_some(time)
}

/// For serde's `serialize_with` and `with`.
pub fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print(time))
}

/// For serde's `with`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom("not a time like 2026-11-25T00:00:00Z"))
}
