//! Looks after the keys of a log while it is written: rotates them when they are due, notices when
//! another process changed them, and has the log tell of it.

use std::time::{Duration, SystemTime};

use symlog_keys::{Change, ChangeKind, KeyringError, RotationReason};

use super::key_supply::KeySupply;
use super::shared::Shared;
use crate::config::{KeyAudit, KeysConfig};
use crate::format::{ControlKind, Timestamp};

/// How often the keyring is looked at while there is something to write.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// How long a rotation that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
pub(super) struct KeyWatch {
    config: KeysConfig,
    last_look: SystemTime,
    failed_at: Option<SystemTime>,
    supply: Option<KeySupply>,
    /// When no key was found in the place of one that was taken away.
    locked_out_at: Option<SystemTime>,
    /// Where keys came from that the log has not told of.
    found: Vec<String>,
    /// Bytes of the log, of those that this process appended, that the keyring has counted.
    counted: u64,
    /// The number of the next change that this process has not put into the log.
    next_change: u64,
    /// Sequence numbers of lines that tell changes, and the changes' numbers.
    telling: Vec<(u64, u64)>,
    /// Whether a segment is opened for what there is to tell, although there is no entry.
    at_once: bool,
}

impl KeyWatch {
    pub(super) fn new(config: KeysConfig, supply: Option<KeySupply>, now: SystemTime) -> Self {
        Self {
            last_look: now,
            failed_at: None,
            supply,
            locked_out_at: None,
            found: Vec::new(),
            counted: 0,
            next_change: 0,
            telling: Vec::new(),
            at_once: config.audit == KeyAudit::Log,
            config,
        }
    }

    /// Whether the log has to tell something now. Once.
    pub(super) fn tells_at_once(&mut self) -> bool {
        std::mem::take(&mut self.at_once)
    }

    /// Whether a segment has to end that was opened at `generation`, since other keys are in use.
    pub(super) fn ends_segment(&mut self, shared: &Shared, generation: u64) -> bool {
        let now = shared.clock.now();
        if within(self.last_look, now, LOOK_AFTER) {
            return false;
        }
        self.last_look = now;
        self.forget_told(shared);
        self.rotate_if_due(shared);
        match shared.keyring.refresh() {
            Ok(current) => current != generation,
            Err(KeyringError::LockedOut { .. }) => self.finds_key(shared),
            Err(error) => {
                tracing::warn!(%error, "the keyring could not be looked at; the log goes on with the keys it has");
                false
            }
        }
    }

    /// Whether a key was found, after the one that the log was opened with had been taken away: what failed for
    /// want of it may be tried again.
    pub(super) fn finds_key(&mut self, shared: &Shared) -> bool {
        let locked_out = match shared.keyring.refresh() {
            Err(error @ KeyringError::LockedOut { .. }) => error,
            _ => return false,
        };
        let now = shared.clock.now();
        if self
            .locked_out_at
            .is_some_and(|at| within(at, now, RETRY_AFTER))
        {
            return false;
        }
        let found = match &self.supply {
            Some(supply) => supply.find().and_then(|found| {
                shared.keyring.unlock_again(&found.key)?;
                Ok(found.note)
            }),
            None => Err(locked_out.into()),
        };
        match found {
            Ok(note) => {
                tracing::info!(
                    "the log goes on with the key that took the place of the one it was opened with"
                );
                self.locked_out_at = None;
                self.found.push(note);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the key that the log was opened with was taken away, and there is no other: the log goes on for as long as it needs no key that it does not hold");
                self.locked_out_at = Some(now);
                false
            }
        }
    }

    /// Replaces the master key if it is too old or has been used for too much.
    pub(super) fn rotate_if_due(&mut self, shared: &Shared) {
        let now = shared.clock.now();
        if self
            .failed_at
            .is_some_and(|at| within(at, now, RETRY_AFTER))
        {
            return;
        }
        self.failed_at = None;
        let rotated = match self.reason(shared) {
            Ok(None) => return,
            Ok(Some(reason)) => shared.keyring.rotate_for(reason, now).map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = rotated {
            self.failed_at = Some(now);
            tracing::warn!(%error, "the keys are due to be rotated and could not be; this is tried again");
        }
    }

    fn reason(&mut self, shared: &Shared) -> Result<Option<RotationReason>, KeyringError> {
        let days = self.config.rotate_after_days;
        if days > 0 {
            // A key from the future: the clock went back, and its age may never be reached.
            let age = shared.keyring.master_age(shared.clock.now())?;
            if age.is_none_or(|age| age >= DAY * days) {
                return Ok(Some(RotationReason::Age));
            }
        }
        let limit = self.config.rotate_after_bytes;
        if limit > 0 && self.count(shared)? >= limit {
            return Ok(Some(RotationReason::Volume));
        }
        Ok(None)
    }

    /// Has the keyring count what was appended since the last time.
    fn count(&mut self, shared: &Shared) -> Result<u64, KeyringError> {
        let bytes = shared.stats.bytes();
        let sum = shared.keyring.add_volume(bytes - self.counted)?;
        self.counted = bytes;
        Ok(sum)
    }

    /// What was noted in the keyring and is not in the log yet.
    pub(super) fn untold(&mut self, shared: &Shared) -> Vec<(Option<u64>, ControlKind, String)> {
        let found = std::mem::take(&mut self.found).into_iter();
        let mut news: Vec<_> = found.map(|note| (None, ControlKind::Key, note)).collect();
        match shared.keyring.changes() {
            Ok(changes) => {
                for change in changes {
                    if change.number >= self.next_change {
                        self.next_change = change.number + 1;
                        news.push(told(&change));
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the log cannot tell what was done to its keyring");
                if self.config.audit == KeyAudit::Log {
                    news.push((None, ControlKind::Key, failure(&error)));
                }
            }
        }
        news
    }

    /// What a new segment has to tell.
    pub(super) fn news(
        &mut self,
        shared: &Shared,
        period_keys: &[String],
    ) -> Vec<(Option<u64>, ControlKind, String)> {
        let mut news = self.untold(shared);
        if self.config.audit == KeyAudit::Log {
            let body = serde_json::json!({
                "action": "use",
                "key": "period",
                "ids": period_keys,
            });
            news.push((None, ControlKind::Key, body.to_string()));
        }
        news
    }

    /// A key that could not be used, where the log is to tell it.
    pub(super) fn failure(&self, error: &dyn std::error::Error) -> Option<String> {
        (self.config.audit == KeyAudit::Log).then(|| failure(error))
    }

    /// Notes that the line of this sequence number tells a change.
    pub(super) fn telling(&mut self, sequence: u64, change: u64) {
        self.telling.push((sequence, change));
    }

    /// Nothing from this sequence number on is in the log.
    pub(super) fn go_back(&mut self, resume: u64) {
        self.telling.retain(|(sequence, _)| *sequence < resume);
    }

    /// Lets the keyring forget the changes that the log tells for good, and counts what was
    /// written, before the log is closed.
    pub(super) fn settle(&mut self, shared: &Shared) {
        self.forget_told(shared);
        if self.config.rotate_after_bytes > 0
            && let Err(error) = self.count(shared)
        {
            tracing::warn!(%error, "what was written under the master key could not be counted");
        }
    }

    /// Lets the keyring forget the changes that the log tells for good.
    pub(super) fn forget_told(&mut self, shared: &Shared) {
        let synced = shared.synced();
        let last = self
            .telling
            .iter()
            .take_while(|(sequence, _)| *sequence < synced)
            .last()
            .map(|(_, change)| *change);
        let Some(last) = last else { return };
        match shared.keyring.told(last) {
            Ok(()) => self.telling.retain(|(sequence, _)| *sequence >= synced),
            Err(error) => {
                tracing::warn!(%error, "changes of the keyring will be told again");
            }
        }
    }
}

/// Whether less than `length` has gone by. A clock that went back has not waited.
fn within(since: SystemTime, now: SystemTime, length: Duration) -> bool {
    now.duration_since(since).is_ok_and(|gone| gone < length)
}

fn told(change: &Change) -> (Option<u64>, ControlKind, String) {
    let kind = match change.kind {
        ChangeKind::Rotated => ControlKind::Rotated,
        ChangeKind::Archived => ControlKind::Archived,
        ChangeKind::Erased => ControlKind::Erased,
        ChangeKind::Expired => ControlKind::Expired,
        _ => ControlKind::Key,
    };
    let mut members = serde_json::Map::new();
    members.insert("number".to_owned(), change.number.into());
    let at = Timestamp::from_system_time(change.at);
    members.insert("at".to_owned(), at.to_string().into());
    if let Ok(serde_json::Value::Object(more)) = serde_json::from_str(&change.body) {
        members.extend(more);
    }
    let body = serde_json::Value::Object(members).to_string();
    (Some(change.number), kind, body)
}

fn failure(error: &dyn std::error::Error) -> String {
    serde_json::json!({"action": "failure", "error": error.to_string()}).to_string()
}
