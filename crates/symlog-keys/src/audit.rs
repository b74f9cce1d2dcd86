//! Every fetch, use and failure of a key, as events.
//!
//! All have the target `symlog_keys::audit`, so that a program can send them elsewhere than the rest. None holds
//! a key, or more of a unit than that it has one. What happens once in a while is of level INFO, what happens for
//! many entries of level DEBUG.

use std::path::Path;

use crate::keyring::RotationReason;
use crate::{Assurance, Id, KeySource};

pub(crate) const TARGET: &str = "symlog_keys::audit";

pub(crate) fn fetched(name: &str, source: &KeySource) {
    tracing::info!(target: TARGET, action = "fetch", name, %source, "key fetched");
}

pub(crate) fn not_fetched(name: &str, source: &KeySource, reason: &str) {
    tracing::info!(target: TARGET, action = "fetch", name, %source, reason, "key not fetched");
}

pub(crate) fn unlocked(path: &Path) {
    tracing::info!(target: TARGET, action = "use", key = "logging", path = %path.display(), "keyring opened");
}

pub(crate) fn not_unlocked(path: &Path) {
    tracing::warn!(target: TARGET, action = "failure", key = "logging", path = %path.display(), "the key does not open the keyring");
}

pub(crate) fn used(path: &Path, key: &'static str) {
    tracing::debug!(target: TARGET, action = "use", key, path = %path.display(), "key used");
}

pub(crate) fn failed(path: &Path, key: &'static str, error: &dyn std::error::Error) {
    tracing::warn!(target: TARGET, action = "failure", key, path = %path.display(), error = %error, "key could not be used");
}

pub(crate) fn made(path: &Path, key: &'static str, id: &Id) {
    let id = id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    tracing::info!(target: TARGET, action = "made", key, id, path = %path.display(), "key made");
}

pub(crate) fn rotated(path: &Path, master: u32, reason: RotationReason) {
    tracing::info!(target: TARGET, action = "rotated", master, reason = reason.as_str(), path = %path.display(), "keyring rotated");
}

pub(crate) fn destroyed(path: &Path, keys: usize, assurance: Assurance) {
    tracing::info!(target: TARGET, action = "destroyed", keys, %assurance, path = %path.display(), "keys destroyed");
}

pub(crate) fn slot_added(path: &Path, label: &str) {
    tracing::info!(target: TARGET, action = "slot added", label, path = %path.display(), "unlock slot added");
}

pub(crate) fn slot_removed(path: &Path, label: &str) {
    tracing::info!(target: TARGET, action = "slot removed", label, path = %path.display(), "unlock slot removed");
}
