//! Whether every tombstone is allowed by a signed line.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::format::{ControlLine, Tombstone};

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
    /// What signed lines allow to be gone.
    allowed: Vec<(u64, u64)>,
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
        signed: bool,
    ) -> Vec<(Run, &'static str)> {
        let permit = Permit::of(control).filter(|_| signed);
        if let Some(permit) = &permit {
            self.allowed.extend(permit.sequences.iter().copied());
        }
        let Some(runs) = self.waiting.remove(&control.sequence) else {
            return Vec::new();
        };
        let refuse = |why| runs.iter().map(|run| (run.clone(), why)).collect();
        if !signed {
            return refuse("the signature of the line that it names is not the writer's");
        }
        let Some(permit) = permit else {
            return refuse("the line that it names is malformed");
        };
        runs.into_iter()
            .filter(|run| !allows(&permit.sequences, run.first, run.last))
            .map(|run| (run, "the line that it names does not allow it"))
            .collect()
    }

    /// Whether signed lines together allow that these lines are not there at all.
    pub(super) fn allow_absence(&mut self, first: u64, last: u64) -> bool {
        self.allowed.sort_unstable();
        allows(&self.allowed, first, last)
    }

    /// The tombstones whose permit never came.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Run> + use<> {
        std::mem::take(&mut self.waiting).into_values().flatten()
    }
}

#[derive(Deserialize)]
struct Permit {
    sequences: Vec<(u64, u64)>,
}

impl Permit {
    fn of(control: &ControlLine<'_>) -> Option<Self> {
        serde_json::from_str(&control.body).ok()
    }
}

/// Whether one of the ranges holds all lines from `first` to `last`, or several that meet do. They are
/// in rising order.
fn allows(ranges: &[(u64, u64)], first: u64, last: u64) -> bool {
    let mut next = first;
    for &(from, to) in ranges {
        if from <= next && next <= to {
            if to >= last {
                return true;
            }
            next = to + 1;
        }
    }
    false
}
