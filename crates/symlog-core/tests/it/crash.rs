//! The power fails: after every call of a recorded run, with what was not synced torn, missing,
//! out of order or zero, and again while the next writer mends it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use symlog_core::{Durability, Interaction, ModelLogger};
use symlog_keys::Keyring;
use symlog_sink::conformance::{CrashPoint, RecordingStorage, Survival, Trace};
use symlog_sink::{MemoryStorage, Storage};

use crate::recorded::{
    AFTER, CHUNK, answered, asked, builder, check_numbers, go_on, keyring, read, sample, within,
};
use crate::support::response;

/// Marks above this are responses to the request of that number.
const RESPONSES: u64 = 10_000;

/// A log while it is made, and what of it was acknowledged.
struct Run {
    keyring: Keyring,
    trace: Trace,
    submitted: u64,
}

fn record(durability: Durability) -> Run {
    let storage = Arc::new(RecordingStorage::new(MemoryStorage::new()).unwrap());
    let mut run = Run {
        keyring: keyring(),
        trace: storage.trace(),
        submitted: 0,
    };
    for session in 0..2 {
        let logger = builder(storage.clone(), &run.keyring, durability)
            .build()
            .unwrap();
        run.session(&logger);
        if session == 0 {
            // Ends without a word.
            logger.flush_blocking().unwrap();
        } else {
            logger.close_blocking().unwrap();
        }
        drop(logger);
    }
    run
}

impl Run {
    fn session(&mut self, logger: &ModelLogger) {
        let open = self.submitted;
        let request = self.batch(logger, [asked(open)])[0];
        for _ in 0..2 {
            let next = self.submitted;
            self.batch(logger, (next..next + 3).map(answered));
        }
        logger
            .submit(Interaction::response_to(request).response(response("late")))
            .unwrap()
            .wait()
            .unwrap();
        self.trace.mark(RESPONSES + open);
        let mut large = answered(self.submitted);
        let long = format!("question {} {}", self.submitted, "x ".repeat(CHUNK));
        large = large.request(crate::support::request(&long));
        self.batch(logger, [large]);
        // The same in pieces, over several objects.
        let long = format!("question {} {}", self.submitted, "x ".repeat(CHUNK * 3 / 4));
        let streamed = answered(self.submitted).prompt_from(std::io::Cursor::new(long));
        self.batch(logger, [streamed]);
        self.batch(logger, [asked(self.submitted)]);
    }

    /// Hands entries over at once and waits for each.
    fn batch(
        &mut self,
        logger: &ModelLogger,
        entries: impl IntoIterator<Item = Interaction>,
    ) -> Vec<symlog_core::EntryId> {
        let receipts: Vec<_> = entries
            .into_iter()
            .map(|entry| logger.submit(entry).unwrap())
            .collect();
        let mut ids = Vec::new();
        for receipt in receipts {
            ids.push(receipt.id());
            receipt.wait().unwrap();
            self.trace.mark(self.submitted);
            self.submitted += 1;
        }
        ids
    }

    /// Opens an image, logs one more entry, and checks that all is there.
    fn check(&self, image: MemoryStorage, point: &CrashPoint, survival: &Survival, number: u64) {
        let what = format!("{point:?} {survival:?}");
        let storage: Arc<dyn Storage> = Arc::new(image);
        go_on(&storage, &self.keyring, number, &what);
        let held = read(&storage, &self.keyring, &what);
        let (entries, responses) = promised(point);
        check_numbers(&held.numbers, &entries, self.submitted, &what);
        assert_eq!(held.numbers.last(), Some(&number), "{what}");
        let lost: Vec<_> = responses.difference(&held.answered).collect();
        assert!(lost.is_empty(), "{what}: responses lost: {lost:?}");
    }

    /// The power fails again while the next writer mends what the first failure left.
    fn check_second(&self, image: MemoryStorage, first: &CrashPoint, survival: &Survival) {
        let what = format!("{first:?} {survival:?}");
        let storage = Arc::new(RecordingStorage::new(image).unwrap());
        let shared: Arc<dyn Storage> = storage.clone();
        go_on(&shared, &self.keyring, AFTER, &what);
        for point in storage.trace().points() {
            for survival in sample(&point, 2) {
                let what = format!("{what}, then {point:?} {survival:?}");
                let storage: Arc<dyn Storage> = Arc::new(point.image(&survival));
                go_on(&storage, &self.keyring, AFTER + 1, &what);
                let held = read(&storage, &self.keyring, &what);
                let (entries, _) = promised(first);
                check_numbers(&held.numbers, &entries, self.submitted, &what);
                assert_eq!(held.numbers.last(), Some(&(AFTER + 1)), "{what}");
            }
        }
    }
}

/// The entries and the responses that were acknowledged before.
fn promised(point: &CrashPoint) -> (Vec<u64>, BTreeSet<u64>) {
    let marks = point.marks().iter().copied();
    let (entries, responses): (Vec<_>, Vec<_>) = marks.partition(|mark| *mark < RESPONSES);
    let responses = responses.iter().map(|mark| mark - RESPONSES).collect();
    (entries, responses)
}

fn every_power_cut(durability: Durability) {
    let run = record(durability);
    let (mut images, mut seconds) = (0, 0);
    let mut points = run.trace.points().peekable();
    while let Some(point) = points.next() {
        // Of the moments between two calls the last one is the hardest.
        if points
            .peek()
            .is_some_and(|next| next.marks().len() > point.marks().len())
        {
            continue;
        }
        for survival in sample(&point, 10) {
            run.check(point.image(&survival), &point, &survival, AFTER);
            images += 1;
            if images % 50 == 0 {
                run.check_second(point.image(&survival), &point, &survival);
                seconds += 1;
            }
        }
    }
    println!(
        "{durability:?}: {} calls, {images} power cuts, {seconds} of them with a second one",
        run.trace.events().len()
    );
    assert!(images > 200, "{images}");
}

#[test]
fn whatever_a_power_cut_leaves_is_recovered_by_batch() {
    within(Duration::from_secs(600), || {
        every_power_cut(Durability::Batch)
    });
}

#[test]
fn whatever_a_power_cut_leaves_is_recovered_by_entry() {
    within(Duration::from_secs(600), || {
        every_power_cut(Durability::Entry)
    });
}
