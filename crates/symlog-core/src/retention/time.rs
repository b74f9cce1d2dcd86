//! The time by which keys are destroyed. A clock that jumps must not take a log with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use symlog_keys::Keyring;

use crate::error::LoggingError;
use crate::format::Timestamp;

/// Record of the keyring.
const RECORD: &str = "retention-time";
/// How far the clock may be ahead of when it was last seen and be believed at once.
const STEP: Duration = Duration::from_secs(2 * 86_400);
/// How long a clock that jumped ahead must go on from there.
const CONFIRMED_AFTER: Duration = Duration::from_secs(86_400);

/// What is thought of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "clock", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeTrust {
    /// It goes on from when it was last seen.
    Trusted,
    /// It is behind what it was before; retention goes by the later time.
    WentBack {
        /// By how many seconds.
        seconds: u64,
    },
    /// It is further ahead than two days. Retention goes by the earlier time until the clock has
    /// gone on for a day from there.
    JumpedAhead {
        /// By how many seconds.
        seconds: u64,
    },
}

/// What is remembered, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    trusted: u64,
    /// Since when, and until when, a clock that jumped ahead was seen to go on.
    ahead: Option<(u64, u64)>,
}

impl Seen {
    /// Goes on with what the clock says now.
    fn look(self, now: u64) -> (Self, TimeTrust) {
        let Some(seconds) = now.checked_sub(self.trusted) else {
            let seconds = self.trusted - now;
            let seen = Self {
                ahead: None,
                ..self
            };
            return (seen, TimeTrust::WentBack { seconds });
        };
        let believed = Self {
            trusted: now,
            ahead: None,
        };
        if seconds <= STEP.as_secs() {
            return (believed, TimeTrust::Trusted);
        }
        let since = match self.ahead {
            Some((since, last)) if now >= last && now - last <= STEP.as_secs() => since,
            _ => now,
        };
        if now - since >= CONFIRMED_AFTER.as_secs() {
            return (believed, TimeTrust::Trusted);
        }
        let seen = Self {
            ahead: Some((since, now)),
            ..self
        };
        (seen, TimeTrust::JumpedAhead { seconds })
    }
}

/// The time that retention goes by, and what is thought of the clock. `newest` is the time of the
/// log's newest line, by which the clock is measured when it is looked at first. Remembered only
/// where `keep` says so.
pub(super) fn trusted_time(
    keyring: &Keyring,
    clock: SystemTime,
    newest: Option<Timestamp>,
    keep: bool,
) -> Result<(SystemTime, TimeTrust), LoggingError> {
    let now = seconds(clock);
    let before = match keyring.record(RECORD)? {
        Some(bytes) => serde_json::from_slice(&bytes).ok(),
        None => None,
    };
    let before = before.unwrap_or_else(|| Seen {
        trusted: newest.map_or(now, |at| seconds(at.to_system_time()).min(now)),
        ahead: None,
    });
    let (seen, trust) = before.look(now);
    if keep && seen != before {
        remember(keyring, seen)?;
    }
    Ok((UNIX_EPOCH + Duration::from_secs(seen.trusted), trust))
}

/// Has retention go by what the clock says now, although it jumped.
///
/// # Errors
///
/// When it cannot be remembered in the keyring.
pub fn trust_clock(keyring: &Keyring, now: SystemTime) -> Result<(), LoggingError> {
    let seen = Seen {
        trusted: seconds(now),
        ahead: None,
    };
    remember(keyring, seen)
}

fn remember(keyring: &Keyring, seen: Seen) -> Result<(), LoggingError> {
    let bytes = serde_json::to_vec(&seen).map_err(LoggingError::encryption)?;
    Ok(keyring.set_record(RECORD, Some(&bytes))?)
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn walk(times: &[u64]) -> (u64, TimeTrust) {
        let mut seen = Seen {
            trusted: 1000 * DAY,
            ahead: None,
        };
        let mut trust = TimeTrust::Trusted;
        for &now in times {
            (seen, trust) = seen.look(now);
        }
        (seen.trusted, trust)
    }

    #[test]
    fn a_clock_that_goes_on_is_believed() {
        let hours: Vec<u64> = (0..100).map(|hour| 1000 * DAY + hour * 3600).collect();
        assert_eq!(walk(&hours), (hours[99], TimeTrust::Trusted));
        assert_eq!(walk(&[1002 * DAY]), (1002 * DAY, TimeTrust::Trusted));
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_believed_after_a_day_there() {
        let far = 5000 * DAY;
        let ahead = TimeTrust::JumpedAhead {
            seconds: 4000 * DAY,
        };
        assert_eq!(walk(&[far]), (1000 * DAY, ahead));
        assert_eq!(walk(&[far, far + DAY - 1]).0, 1000 * DAY);
        assert_eq!(walk(&[far, far + DAY]), (far + DAY, TimeTrust::Trusted));
        // It came back: all is as before.
        assert_eq!(
            walk(&[far, far + 60, 1001 * DAY]),
            (1001 * DAY, TimeTrust::Trusted)
        );
    }

    #[test]
    fn a_clock_that_jumps_again_and_again_is_not_believed() {
        let jumps: Vec<u64> = (1..50).map(|jump| (1000 + jump * 100) * DAY).collect();
        assert_eq!(walk(&jumps).0, 1000 * DAY);
        // Nor one that jumps on from where it waited.
        let far = 5000 * DAY;
        assert_eq!(walk(&[far, far + 3600, far + 900 * DAY]).0, 1000 * DAY);
    }

    #[test]
    fn time_never_goes_back() {
        let back = TimeTrust::WentBack { seconds: 9 * DAY };
        assert_eq!(walk(&[991 * DAY]), (1000 * DAY, back));
        assert_eq!(walk(&[0, 1001 * DAY]), (1001 * DAY, TimeTrust::Trusted));
    }
}
