//! One core of work means one core: every thread of the process on it.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which processors the process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// The first one it was given.
    One,
    /// All that it was given.
    All,
}

/// Restricts this thread, and those that it starts from now on, until the
/// guard is dropped.
///
/// # Errors
///
/// When the system refuses.
pub fn pin(cores: Core) -> Result<impl Drop> {
    let before = sched_getaffinity(None).context("reading the affinity")?;
    if cores == Core::One {
        let first = (0..CpuSet::MAX_CPU)
            .find(|cpu| before.is_set(*cpu))
            .context("no processor to run on")?;
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one).context("setting the affinity")?;
    }
    Ok(Pinned { before })
}

struct Pinned {
    before: CpuSet,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Err(error) = sched_setaffinity(None, &self.before) {
            eprintln!("could not give the processors back: {error}");
        }
    }
}
