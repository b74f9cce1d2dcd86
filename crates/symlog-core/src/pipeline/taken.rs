use super::queue::{Credit, Item, UpkeepTask};
use super::shared::Shared;
use super::streams::Streams;
use crate::error::LoggingError;

/// Items off the queue that have no place yet.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) items: Vec<Item>,
    pub(super) bytes: usize,
    pub(super) has_entries: bool,
}

impl Taken {
    /// Whether the item fills a batch by itself.
    pub(super) fn push(&mut self, item: Item, large: usize) -> bool {
        let mut is_large = false;
        match &item {
            Item::Entry(interaction) => {
                let bytes = interaction.parts.charge;
                self.bytes += bytes;
                self.has_entries = true;
                is_large = bytes > large;
            }
            Item::Part(part) => {
                self.bytes += part.credit.bytes;
                self.has_entries = true;
            }
            // Its segment ends with this.
            Item::Upkeep(upkeep) => is_large = matches!(upkeep.task, UpkeepTask::Seal),
            Item::Barrier(_) | Item::Close(_) => {}
        }
        self.items.push(item);
        is_large
    }

    /// Whether entries were refused of which no barrier has told.
    pub(super) fn fail(
        &mut self,
        shared: &Shared,
        streams: &mut Streams,
        error: &LoggingError,
    ) -> bool {
        let mut failed = 0;
        let mut untold = false;
        for item in self.items.drain(..) {
            match item {
                Item::Entry(interaction) => {
                    failed += 1;
                    untold = true;
                    interaction.parts.completion.fail(error.clone());
                    shared
                        .queue
                        .release(Credit::entry(interaction.parts.charge));
                }
                Item::Part(part) => {
                    streams.abandon(part.number);
                    failed += u64::from(part.completion.outcome().is_none());
                    untold = true;
                    part.completion.fail(error.clone());
                    shared.queue.release(part.credit);
                }
                Item::Upkeep(upkeep) => upkeep.completion.fail(error.clone()),
                Item::Barrier(completion) | Item::Close(completion) => {
                    untold = false;
                    completion.fail(error.clone());
                }
            }
        }
        shared.stats.update(|stats| stats.failed += failed);
        untold
    }

    /// Completes the barriers.
    pub(super) fn end(&mut self, lost: Option<LoggingError>) {
        for item in self.items.drain(..) {
            let completion = match item {
                Item::Barrier(completion) | Item::Close(completion) => completion,
                Item::Upkeep(upkeep) => upkeep.completion,
                Item::Entry(_) | Item::Part(_) => continue,
            };
            match &lost {
                Some(error) => completion.fail(error.clone()),
                None => completion.succeed(),
            }
        }
    }
}
