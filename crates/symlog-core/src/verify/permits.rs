//! Whether every tombstone is allowed by a signed line.

use std::collections::BTreeMap;

use serde::Deserialize;
use symlog_crypto::verify_ed25519;

use crate::format::{ControlLine, Tombstone, fixed};

/// Tombstones that follow each other and name the same permit.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) object: String,
    /// Line and offset of the first.
    pub(super) line: u64,
    pub(super) offset: u64,
}

/// The tombstones whose permit has not come yet.
#[derive(Debug, Default)]
pub(super) struct Permits {
    waiting: BTreeMap<u64, Vec<Run>>,
    pub(super) tombstones: u64,
}

impl Permits {
    pub(super) fn add(&mut self, tombstone: &Tombstone, object: &str, line: u64, offset: u64) {
        let Tombstone {
            segment: _,
            sequence,
            allowed_by,
        } = *tombstone;
        self.tombstones += 1;
        let runs = self.waiting.entry(allowed_by).or_default();
        match runs.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(sequence) => run.last = sequence,
            _ => runs.push(Run {
                first: sequence,
                last: sequence,
                object: object.to_owned(),
                line,
                offset,
            }),
        }
    }

    /// The tombstones that name the line `sequence` and, with why, are not allowed by it.
    pub(super) fn check(
        &mut self,
        control: &ControlLine<'_>,
        log: &[u8; 16],
        writer: Option<[u8; 32]>,
    ) -> Vec<(Run, &'static str)> {
        let Some(runs) = self.waiting.remove(&control.sequence) else {
            return Vec::new();
        };
        let refuse = |why| runs.iter().map(|run| (run.clone(), why)).collect();
        let Some(permit) = Permit::of(control) else {
            return refuse("the line that it names is malformed");
        };
        let signed = writer.is_some_and(|writer| {
            verify_ed25519(
                &writer,
                &permit.message(log, control.sequence),
                &permit.signature,
            )
            .is_ok()
        });
        if !signed {
            return refuse("the signature of the line that it names is not the writer's");
        }
        runs.into_iter()
            .filter(|run| !permit.allows(run))
            .map(|run| (run, "the line that it names does not allow it"))
            .collect()
    }

    /// The tombstones whose permit never came.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Run> + use<> {
        std::mem::take(&mut self.waiting).into_values().flatten()
    }
}

struct Permit<'a> {
    sequences: Vec<(u64, u64)>,
    signature: [u8; 64],
    /// The body without its last member.
    unsigned: &'a str,
}

impl<'a> Permit<'a> {
    fn of(control: &'a ControlLine<'_>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            sequences: Vec<(u64, u64)>,
            signature: String,
        }
        let Body {
            sequences,
            signature,
        } = serde_json::from_str(&control.body).ok()?;
        let member = format!(",\"signature\":\"{signature}\"}}");
        Some(Self {
            sequences,
            signature: fixed(&signature)?,
            unsigned: control.body.strip_suffix(&member)?,
        })
    }

    fn message(&self, log: &[u8; 16], sequence: u64) -> Vec<u8> {
        let mut message = b"symlog/v1/permit".to_vec();
        message.extend_from_slice(log);
        message.extend_from_slice(&sequence.to_be_bytes());
        message.extend_from_slice(self.unsigned.as_bytes());
        message.push(b'}');
        message
    }

    /// Whether one of the ranges holds the whole run, or several that meet do.
    fn allows(&self, run: &Run) -> bool {
        let mut next = run.first;
        for &(first, last) in &self.sequences {
            if first <= next && next <= last {
                if last >= run.last {
                    return true;
                }
                next = last + 1;
            }
        }
        false
    }
}
