//! How long a handoff lives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A time to live in whole seconds, from one minute to seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ttl(u32);

/// Why a text or number is not a time to live.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TtlError {
    /// No number with a unit.
    #[error("`{0}` is not a duration: write a number and a unit, such as 90m, 4h or 2d")]
    Malformed(String),
    /// Outside of one minute to seven days.
    #[error("{0} is out of range: a handoff lasts from 1 minute to 7 days")]
    OutOfRange(String),
}

impl Ttl {
    /// One minute.
    pub const MIN: Self = Self(60);
    /// Seven days.
    pub const MAX: Self = Self(7 * 86_400);
    /// Eight hours: what a handoff gets when nobody says otherwise.
    pub const DEFAULT: Self = Self(8 * 3600);

    /// Two hours: how long nodes keep what nobody announces again (BEP 44).
    pub const UNKEPT: Self = Self(2 * 3600);

    /// From seconds; refused outside of [`Ttl::MIN`] to [`Ttl::MAX`].
    pub fn from_seconds(seconds: u64) -> Result<Self, TtlError> {
        u32::try_from(seconds)
            .ok()
            .map(Self)
            .filter(|ttl| (Self::MIN..=Self::MAX).contains(ttl))
            .ok_or_else(|| TtlError::OutOfRange(format!("{seconds} s")))
    }

    /// Whole seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    /// `90m`, `4h`, `2d`, `1h 30m`; a bare number has no unit and is refused.
    fn from_str(text: &str) -> Result<Self, TtlError> {
        let text = text.trim();
        let malformed = || TtlError::Malformed(text.chars().take(40).collect());
        let span = humantime::parse_duration(&text.to_ascii_lowercase()).map_err(|_| malformed())?;
        if span.subsec_nanos() != 0 || text.contains('.') {
            return Err(malformed());
        }
        Self::from_seconds(span.as_secs()).map_err(|_| TtlError::OutOfRange(text.to_owned()))
    }
}

impl fmt::Display for Ttl {
    /// As it can be typed again: `8h`, `1h30m`, `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl TryFrom<u32> for Ttl {
    type Error = TtlError;

    fn try_from(seconds: u32) -> Result<Self, TtlError> {
        Self::from_seconds(u64::from(seconds))
    }
}

impl From<Ttl> for u32 {
    fn from(ttl: Ttl) -> Self {
        ttl.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        for (text, seconds) in
            [("90m", 5400), ("4h", 14_400), ("2d", 172_800), ("60s", 60), (" 1H 30M ", 5400)]
        {
            assert_eq!(text.parse::<Ttl>().unwrap().seconds(), seconds, "{text}");
        }
        for text in
            ["", "60", "h", "-1h", "1.5h", "8 o'clock", "59s", "8d", "0m", "99999999999999999999h", "1ms"]
        {
            assert!(text.parse::<Ttl>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parse_undoes_print(seconds in 60u32..=604_800) {
            let ttl = Ttl::try_from(seconds).unwrap();
            prop_assert_eq!(ttl.to_string().parse::<Ttl>().unwrap(), ttl);
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = text.parse::<Ttl>();
        }
    }
}
