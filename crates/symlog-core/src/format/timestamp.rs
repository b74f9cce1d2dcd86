use std::fmt;
use std::time::{Duration, SystemTime};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment in UTC, in microseconds since 1970, between the years 0 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(i64);

/// A text that is no moment in the one form that the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UTC time of the form 2026-01-15T10:30:00.123456Z")]
pub(crate) struct TimestampError;

const MICROS: i64 = 1_000_000;
const FIRST: i64 = -62_167_219_200 * MICROS;
const LAST: i64 = 253_402_300_799 * MICROS + 999_999;

/// Bytes of the one form: `2026-01-15T10:30:00.123456Z`.
pub(crate) const TIMESTAMP_LEN: usize = 27;

impl Timestamp {
    pub(crate) fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(FIRST, LAST))
    }

    pub(crate) fn micros(self) -> i64 {
        self.0
    }

    pub(crate) fn from_system_time(at: SystemTime) -> Self {
        let micros = match at.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(LAST),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(FIRST, |micros| -micros)
            }
        };
        Self::from_micros(micros)
    }

    pub(crate) fn to_system_time(self) -> SystemTime {
        let magnitude = Duration::from_micros(self.0.unsigned_abs());
        if self.0 >= 0 {
            SystemTime::UNIX_EPOCH + magnitude
        } else {
            SystemTime::UNIX_EPOCH - magnitude
        }
    }

    /// The calendar month in UTC, as `(2026, 11)`.
    pub(crate) fn month(self) -> (i32, u8) {
        let at = self.date_time();
        (at.year(), u8::from(at.month()))
    }

    /// To the second.
    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.div_euclid(MICROS))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    pub(crate) fn text(self) -> TimestampText {
        let at = self.date_time();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |at: usize, width: usize, mut n: u32| {
            for digit in text[at..at + width].iter_mut().rev() {
                *digit = b'0' + (n % 10) as u8;
                n /= 10;
            }
        };
        put(0, 4, at.year().unsigned_abs());
        put(5, 2, u32::from(u8::from(at.month())));
        put(8, 2, u32::from(at.day()));
        put(11, 2, u32::from(at.hour()));
        put(14, 2, u32::from(at.minute()));
        put(17, 2, u32::from(at.second()));
        put(20, 6, self.0.rem_euclid(MICROS) as u32);
        TimestampText(text)
    }

    /// Reads the one form that the log holds.
    pub(crate) fn parse_canonical(text: &str) -> Result<Self, TimestampError> {
        let parsed = Self::parse_rfc3339(text)?;
        if parsed.text().as_str() == text {
            Ok(parsed)
        } else {
            Err(TimestampError)
        }
    }

    /// Reads any RFC 3339 date and time; what is finer than a microsecond is cut.
    pub(crate) fn parse_rfc3339(text: &str) -> Result<Self, TimestampError> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let nanos = at.to_offset(UtcOffset::UTC).unix_timestamp_nanos();
        i64::try_from(nanos.div_euclid(1000))
            .map(Self::from_micros)
            .map_err(|_| TimestampError)
    }
}

/// A timestamp's text, on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimestampText([u8; TIMESTAMP_LEN]);

impl TimestampText {
    pub(crate) fn as_str(&self) -> &str {
        // Digits and ASCII punctuation by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for TimestampText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_have_their_text() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_768_473_000_123_456, "2026-01-15T10:30:00.123456Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000000Z"),
        ] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(at.text().as_str(), text);
            assert_eq!(Timestamp::parse_canonical(text), Ok(at));
        }
        assert_eq!(
            Timestamp::from_micros(1_798_761_599_000_000).month(),
            (2026, 12)
        );
    }

    #[test]
    fn other_forms_of_the_same_moment_are_not_canonical() {
        for text in [
            "2026-01-15T10:30:00Z",
            "2026-01-15T10:30:00.1234560Z",
            "2026-01-15t10:30:00.123456z",
            "2026-01-15T11:30:00.123456+01:00",
            "2026-02-30T10:30:00.123456Z",
            "",
        ] {
            assert_eq!(
                Timestamp::parse_canonical(text),
                Err(TimestampError),
                "{text}"
            );
        }
        assert_eq!(
            Timestamp::parse_rfc3339("2026-01-15T11:30:00.1234569+01:00").map(|t| t.to_string()),
            Ok("2026-01-15T10:30:00.123456Z".to_owned())
        );
    }

    proptest! {
        #[test]
        fn text_and_moment_are_one_to_one(micros in FIRST..=LAST) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse_canonical(at.text().as_str()), Ok(at));
            prop_assert_eq!(Timestamp::from_system_time(at.to_system_time()), at);
        }
    }
}
