//! From `submit` to the disk: queue, sequencer, workers, one writer.
//!
//! The sequencer gives every line its place in the log, under a lock that is held for a batch at
//! a time; workers mask and seal batches side by side; the writer puts them in order, appends
//! them and commits them as a group.

mod chunks;
mod classes;
mod doorbell;
mod feed;
mod fifo;
mod intake;
mod key_supply;
mod key_watch;
mod large;
mod media;
mod note;
mod output;
mod queue;
mod receipt;
mod recovery;
mod segment;
mod sequencer;
mod shared;
mod stats;
mod streams;
mod taken;
mod units;
mod upkeep;
mod work;
mod worker;
mod writer;

pub(crate) use doorbell::Doorbell;
pub(crate) use feed::{Feed, Feeding, slices};
pub(crate) use intake::Intake;
pub(crate) use key_supply::{FoundKey, KeySupply};
pub(crate) use large::hand_over_large;
pub(crate) use queue::{Credit, Item, Queue};
pub use receipt::Receipt;
pub(crate) use receipt::{Completion, block_on};
pub(crate) use shared::{Opening, Pipeline};
pub(crate) use stats::Counters;
pub use stats::Stats;
pub(crate) use upkeep::{Desk, UpkeepPlan};
