use std::fmt;

use super::image::Image;
use crate::MemoryStorage;

/// Up to this many undecided units, every subset of them is tried.
const ALL_SUBSETS: usize = 6;
/// A newest write up to this length is torn at every byte; of a longer one,
/// this many at its start and end.
const EVERY_BYTE: usize = 1024;

/// What of the undecided bytes is on the disk after a power cut. They are
/// counted over all objects, in their order; units are appends, cut where they
/// cross a 4 KiB page of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Survival {
    /// The first so many bytes.
    Prefix(usize),
    /// The units marked `true`. What is missing before a byte that is there
    /// reads as zero.
    Units(Vec<bool>),
    /// None, but the files have the length they had: all of it reads as zero.
    Zeros,
}

/// A moment at which the power may fail.
#[derive(Clone)]
pub struct CrashPoint {
    pub(super) image: Image,
    pub(super) marks: Vec<u64>,
    pub(super) events: usize,
    pub(super) during: Option<&'static str>,
}

impl CrashPoint {
    /// How many events of the trace came before.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// The marks set before, in their order.
    #[must_use]
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// How many bytes were written of which nobody knows whether they survive.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.image.undecided().iter().sum()
    }

    /// The log that a power cut leaves when this survives.
    #[must_use]
    pub fn image(&self, survival: &Survival) -> MemoryStorage {
        self.image.after(survival)
    }

    /// Every way worth trying in which the undecided bytes may come out:
    ///
    /// - none; all; up to the end of each unit
    /// - the newest append torn at each of its bytes (of one longer than 1 KiB,
    ///   the first and last 1024)
    /// - all zeros
    /// - up to six units: every subset; more: each alone, and all but each
    #[must_use]
    pub fn survivals(&self) -> Vec<Survival> {
        let units = self.image.undecided();
        let total: usize = units.iter().sum();
        let mut lengths: Vec<usize> = units
            .iter()
            .scan(0, |end, len| {
                *end += len;
                Some(*end)
            })
            .collect();
        let newest = total - self.image.newest()..total;
        let head = newest.clone().take(EVERY_BYTE);
        lengths.extend(head.chain(newest.clone().rev().take(EVERY_BYTE)));
        lengths.push(0);
        lengths.sort_unstable();
        lengths.dedup();

        let mut survivals: Vec<_> = lengths.into_iter().map(Survival::Prefix).collect();
        if total > 0 {
            survivals.push(Survival::Zeros);
        }
        survivals.extend(subsets(units.len()).map(Survival::Units));
        survivals
    }

    /// Every log that a power cut at this point may leave, of those in
    /// [`survivals`](CrashPoint::survivals).
    pub fn images(&self) -> impl Iterator<Item = (Survival, MemoryStorage)> {
        self.survivals().into_iter().map(|survival| {
            let image = self.image(&survival);
            (survival, image)
        })
    }
}

/// Choices among `units` in which something is missing before something else.
fn subsets(units: usize) -> Box<dyn Iterator<Item = Vec<bool>>> {
    let not_a_prefix = |chosen: &Vec<bool>| !chosen.is_sorted_by(|a, b| a >= b);
    if units <= ALL_SUBSETS {
        let subset = move |bits: u32| (0..units).map(|unit| bits & (1 << unit) != 0).collect();
        Box::new((0..1 << units).map(subset).filter(not_a_prefix))
    } else {
        let one = move |chosen, value| (0..units).map(|unit| (unit == chosen) == value).collect();
        Box::new(
            (0..units)
                .flat_map(move |unit| [one(unit, true), one(unit, false)])
                .filter(not_a_prefix),
        )
    }
}

impl fmt::Debug for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashPoint")
            .field("events", &self.events)
            .field("during", &self.during)
            .field("marks", &self.marks.len())
            .field("undecided", &self.undecided())
            .finish()
    }
}
