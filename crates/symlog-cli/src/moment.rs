//! Points in time as people type them.

use std::str::FromStr;
use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

/// A point in time, or a whole day: `2026-01-15T10:30:00Z`, `2026-01-15 10:30`, `2026-01-15`,
/// `today`, `yesterday`, `90m`, `36h`, `7d` (ago). Without an offset it is UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Instant(OffsetDateTime),
    Day(Date),
}

impl Moment {
    /// The first instant of it.
    pub(crate) fn start(self) -> OffsetDateTime {
        match self {
            Self::Instant(at) => at,
            Self::Day(day) => PrimitiveDateTime::new(day, Time::MIDNIGHT).assume_utc(),
        }
    }

    /// The first instant after it; an instant is its own end.
    pub(crate) fn end(self) -> OffsetDateTime {
        match self {
            Self::Instant(at) => at,
            Self::Day(day) => match day.next_day() {
                Some(next) => PrimitiveDateTime::new(next, Time::MIDNIGHT).assume_utc(),
                None => PrimitiveDateTime::MAX.assume_utc(),
            },
        }
    }

    fn parse(text: &str, now: OffsetDateTime) -> Option<Self> {
        match text {
            "now" => return Some(Self::Instant(now)),
            "today" => return Some(Self::Day(now.date())),
            "yesterday" => return now.date().previous_day().map(Self::Day),
            _ => {}
        }
        if let Some(ago) = ago(text) {
            return now.checked_sub(ago.try_into().ok()?).map(Self::Instant);
        }
        if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
            return Some(Self::Instant(at));
        }
        if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Some(Self::Day(day));
        }
        let text = text.replacen('T', " ", 1);
        let minutes = format_description!("[year]-[month]-[day] [hour]:[minute]");
        let seconds = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        PrimitiveDateTime::parse(&text, minutes)
            .or_else(|_| PrimitiveDateTime::parse(&text, seconds))
            .ok()
            .map(|at| Self::Instant(at.assume_utc()))
    }
}

/// `90m` and the like.
fn ago(text: &str) -> Option<Duration> {
    let split = text.len().checked_sub(1)?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// A text that names no time.
#[derive(Debug, thiserror::Error)]
#[error(
    "no time is called that; write 2026-01-15T10:30:00Z, 2026-01-15, today, yesterday, or 90m, 36h, 7d for that long ago"
)]
pub(crate) struct NoMoment;

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        Self::parse(text, OffsetDateTime::now_utc()).ok_or(NoMoment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    #[track_caller]
    fn check(text: &str, start: OffsetDateTime, end: OffsetDateTime) {
        let moment = Moment::parse(text, NOW).unwrap();
        assert_eq!((moment.start(), moment.end()), (start, end));
    }

    #[track_caller]
    fn check_instant(text: &str, at: OffsetDateTime) {
        check(text, at, at);
    }

    #[test]
    fn instants_are_read() {
        check_instant("2026-01-15T10:30:00Z", datetime!(2026-01-15 10:30 UTC));
        check_instant(
            "2026-01-15T10:30:00.25+02:00",
            datetime!(2026-01-15 08:30:00.25 UTC),
        );
        check_instant("2026-01-15 10:30", datetime!(2026-01-15 10:30 UTC));
        check_instant("2026-01-15T10:30:05", datetime!(2026-01-15 10:30:05 UTC));
        check_instant("now", NOW);
        check_instant("90m", datetime!(2026-03-01 10:30 UTC));
        check_instant("36h", datetime!(2026-02-28 00:00 UTC));
        check_instant("2w", datetime!(2026-02-15 12:00 UTC));
    }

    #[test]
    fn days_have_a_start_and_an_end() {
        check(
            "today",
            datetime!(2026-03-01 0:00 UTC),
            datetime!(2026-03-02 0:00 UTC),
        );
        check(
            "yesterday",
            datetime!(2026-02-28 0:00 UTC),
            datetime!(2026-03-01 0:00 UTC),
        );
        check(
            "2024-02-29",
            datetime!(2024-02-29 0:00 UTC),
            datetime!(2024-03-01 0:00 UTC),
        );
        check(
            "9999-12-31",
            datetime!(9999-12-31 0:00 UTC),
            PrimitiveDateTime::MAX.assume_utc(),
        );
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "m",
            "ü",
            "7",
            "7x",
            "2026-13-01",
            "2026-02-30",
            "99999999999999999999d",
            "999999999999999d",
        ] {
            assert_eq!(Moment::parse(text, NOW), None, "{text:?}");
        }
    }
}
