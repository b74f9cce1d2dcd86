//! Legal holds: what is held is kept, however old it is.

use serde::{Deserialize, Serialize};
use symlog_keys::Keyring;

use crate::error::LoggingError;
use crate::maintenance::{Maintenance, Permit};

/// Record of the keyring.
const RECORD: &str = "legal-holds";

/// Something that must be kept although its time is over. A hold wins over every retention class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// What it is called, to release it: a case number.
    pub name: String,
    /// Why.
    pub reason: String,
    /// The retention classes that it is about; all of them where this is empty.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The first month that is held, `2026-01`; from the beginning where this is absent.
    #[serde(default)]
    pub since: Option<String>,
    /// The last month that is held; for as long as the hold stands where this is absent.
    #[serde(default)]
    pub until: Option<String>,
}

impl LegalHold {
    pub(super) fn covers(&self, class: &str, period: &str) -> bool {
        (self.classes.is_empty() || self.classes.iter().any(|held| held == class))
            && self.since.as_deref().is_none_or(|since| period >= since)
            && self.until.as_deref().is_none_or(|until| period <= until)
    }

    fn check(&self) -> Result<(), LoggingError> {
        let is_month = |text: &String| {
            let bytes = text.as_bytes();
            bytes.len() == 7
                && bytes[4] == b'-'
                && text[..4].bytes().all(|byte| byte.is_ascii_digit())
                && matches!(text[5..].parse::<u8>(), Ok(1..=12))
        };
        let wrong = |message: String| {
            Err(LoggingError::ConfigurationError {
                message,
                source: None,
            })
        };
        if self.name.trim().is_empty() {
            return wrong("a legal hold needs a name, such as the number of the case".to_owned());
        }
        for month in self.since.iter().chain(&self.until) {
            if !month.is_ascii() || !is_month(month) {
                return wrong(format!(
                    "{month:?} is no month: a hold is on whole months (UTC), written as 2026-01"
                ));
            }
        }
        match (&self.since, &self.until) {
            (Some(since), Some(until)) if since > until => {
                wrong(format!("a hold from {since} until {until} holds nothing"))
            }
            _ => Ok(()),
        }
    }
}

/// The holds on a log.
///
/// # Errors
///
/// When the keyring cannot be read, or they were altered.
pub fn holds(keyring: &Keyring) -> Result<Vec<LegalHold>, LoggingError> {
    match keyring.record(RECORD)? {
        None => Ok(Vec::new()),
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            LoggingError::key(
                "the legal holds in the keyring are of a later version; update symlog",
                error,
            )
        }),
    }
}

/// Holds what `hold` says, and says so in the log. A hold of the same name is replaced.
///
/// # Errors
///
/// When it holds nothing, or the keyring or the log cannot be written; it may then stand already.
pub fn place_hold(log: &Maintenance, hold: LegalHold) -> Result<(), LoggingError> {
    hold.check()?;
    let mut all = holds(log.keyring())?;
    all.retain(|old| old.name != hold.name);
    all.push(hold.clone());
    store(log.keyring(), &all)?;
    tell(log, "held", &hold)
}

/// Releases the hold of this name; `false` where there is none.
///
/// # Errors
///
/// When the keyring or the log cannot be written.
pub fn release_hold(log: &Maintenance, name: &str) -> Result<bool, LoggingError> {
    let mut all = holds(log.keyring())?;
    let Some(at) = all.iter().position(|hold| hold.name == name) else {
        return Ok(false);
    };
    let released = all.remove(at);
    // Said first: what was held may go from now on.
    tell(log, "released", &released)?;
    store(log.keyring(), &all)?;
    Ok(true)
}

fn tell(log: &Maintenance, state: &str, hold: &LegalHold) -> Result<(), LoggingError> {
    let mut body = serde_json::Map::new();
    body.insert("state".to_owned(), state.into());
    let hold = serde_json::to_value(hold).map_err(LoggingError::encryption)?;
    body.insert("hold".to_owned(), hold);
    body.insert("sequences".to_owned(), serde_json::Value::Array(Vec::new()));
    log.say(Permit::Expired, &body).map(drop)
}

fn store(keyring: &Keyring, all: &[LegalHold]) -> Result<(), LoggingError> {
    let bytes = serde_json::to_vec(all).map_err(LoggingError::encryption)?;
    Ok(keyring.set_record(RECORD, (!all.is_empty()).then_some(&bytes))?)
}
