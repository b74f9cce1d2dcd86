use super::{attachments, checks};
use crate::{Operation, Storage};

/// How the checks get at a backend. Two methods are enough; each of the others
/// makes one more check possible.
pub trait Backend {
    /// The backend.
    type Storage: Storage;

    /// A new, empty log, unrelated to any other.
    fn create(&self) -> Self::Storage;

    /// A handle on the same log as another process would make it, sharing as
    /// little as possible with the first.
    fn reopen(&self, log: &Self::Storage) -> Self::Storage;

    /// What a power cut at this moment would leave of `log`, as a log of its
    /// own, or `None` if that cannot be simulated.
    fn after_crash(&self, log: &Self::Storage) -> Option<Self::Storage> {
        let _ = log;
        None
    }

    /// What happens to a second writer.
    fn second_writer(&self) -> SecondWriter {
        SecondWriter::IsRefused
    }

    /// Whether readers see an append before it is synced. Those of a remote
    /// storage rarely do: there it waits for others, to be sent with them.
    fn shows_unsynced(&self) -> bool {
        true
    }

    /// Whether an object can be removed; not everywhere can it.
    fn can_remove(&self) -> bool {
        true
    }

    /// Make the next append, sync or truncation on `log` fail, and with an
    /// error that poisons; `false` if that is not possible.
    fn fail_next(&self, log: &Self::Storage, operation: Operation) -> bool {
        let _ = (log, operation);
        false
    }
}

/// How a backend sees to it that there is one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondWriter {
    /// It gets [`SinkError::Locked`](crate::SinkError::Locked).
    IsRefused,
    /// It takes the log over, and the first one gets
    /// [`SinkError::Fenced`](crate::SinkError::Fenced).
    TakesOver,
}

/// One part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A log that was never written to is empty, and is there after a lock.
    BeginsEmpty,
    /// What is appended is read back, before and after a sync.
    ReadsBack,
    /// A read gives exactly the bytes there are, at any offset and length.
    ReadsRanges,
    /// A second writer is refused until the first is gone, or fences it.
    OneWriter,
    /// Sealed objects are listed in order and keep their bytes.
    RollsInOrder,
    /// A name that could be mistaken or comes too early is refused.
    RefusesNames,
    /// A sealed object can be removed, and nothing else; the writer goes on.
    Removes,
    /// Attachments come whole, are replaced whole, and are no objects.
    Attaches,
    /// A source goes on with its bytes when the object is sealed.
    SourceOutlivesRoll,
    /// Cutting the tail leaves the rest, and never lengthens.
    Truncates,
    /// A writer goes on where the last one ended.
    Continues,
    /// Readers see a growing prefix of what the writer appends.
    ReadersFollow,
    /// A [`Snapshot`](crate::Snapshot) has no gap, whatever the writer does.
    SnapshotsAreWhole,
    /// What was synced, cut or sealed survives a power cut.
    SurvivesCrash,
    /// After a failure only `roll` is accepted.
    PoisonIsSticky,
}

type Run<B> = fn(&B) -> bool;

/// Runs every [`Check`] and returns those that this backend gives no means to
/// run, so that a caller can assert that there are none.
///
/// # Panics
///
/// Where the backend breaks the contract.
#[must_use = "checks that were not run have not passed"]
pub fn run<B: Backend>(backend: &B) -> Vec<Check> {
    let checks: [(Check, Run<B>); 15] = [
        (Check::BeginsEmpty, checks::begins_empty),
        (Check::ReadsBack, checks::reads_back),
        (Check::ReadsRanges, checks::reads_ranges),
        (Check::OneWriter, checks::one_writer),
        (Check::RollsInOrder, checks::rolls_in_order),
        (Check::RefusesNames, checks::refuses_names),
        (Check::Removes, checks::removes),
        (Check::Attaches, attachments::attaches),
        (Check::SourceOutlivesRoll, checks::source_outlives_roll),
        (Check::Truncates, checks::truncates),
        (Check::Continues, checks::continues),
        (Check::ReadersFollow, checks::readers_follow),
        (Check::SnapshotsAreWhole, checks::snapshots_are_whole),
        (Check::SurvivesCrash, checks::survives_crash),
        (Check::PoisonIsSticky, checks::poison_is_sticky),
    ];
    checks
        .into_iter()
        .filter(|(_, run)| !run(backend))
        .map(|(check, _)| check)
        .collect()
}
