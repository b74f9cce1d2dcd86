//! Payloads that come in pieces: in by readers and recorders, out chunk by chunk.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use symlog_core::{
    ArchiveConfig, Durability, Entry, FailureMode, Filter, Interaction, LogReader, LoggerBuilder,
    LoggingError, MaskingConfig, ModelInteractionType, ModelLogger, Overflow, Settings,
    build_masker,
};
use symlog_keys::Keyring;
use symlog_pii::Counts;
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage};
use symlog_sink::{MemoryStorage, ObjectName, Operation, Storage};

use crate::observe::intent;
use crate::recorded::{AFTER, CHUNK, answered, asked, builder, bytes, go_on, keyring, within};
use crate::support::block_on;

const LIMIT: Duration = Duration::from_secs(120);

/// A log in memory, of small objects and small chunks.
struct Log {
    memory: MemoryStorage,
    keyring: Keyring,
}

impl Log {
    fn new() -> Self {
        Self {
            memory: MemoryStorage::new(),
            keyring: keyring(),
        }
    }

    fn builder(&self) -> LoggerBuilder {
        builder(
            Arc::new(self.memory.clone()),
            &self.keyring,
            Durability::Batch,
        )
    }

    fn logger(&self) -> ModelLogger {
        self.builder().build().unwrap()
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.memory.clone())
    }

    /// All entries, of a log that verifies.
    #[track_caller]
    fn entries(&self) -> Vec<Entry> {
        let reader = LogReader::over(self.storage(), self.keyring.clone());
        let report = reader.verify().unwrap();
        assert!(report.is_ok(), "{report:#?}");
        let entries = reader.entries(Filter::new()).unwrap();
        entries.map(Result::unwrap).collect()
    }
}

fn masked(text: &str) -> String {
    let masker = build_masker(&MaskingConfig::default(), true, None).unwrap();
    masker.mask(text, &mut Counts::new()).into_owned()
}

/// Text with something to mask in every line, longer than `bytes`.
fn text(bytes: usize) -> String {
    let mut text = String::new();
    for i in 0.. {
        if text.len() > bytes {
            return text;
        }
        text.push_str(&format!(
            "{i}: \"jane{i}@example.com\" called 555-123-4567\té\\\n"
        ));
    }
    text
}

fn content(entry: &Entry) -> String {
    let payload = entry.response_data.as_ref().unwrap();
    payload.to_response().unwrap().content
}

#[track_caller]
fn check_counts(entry: &Entry, text: &str) {
    let emails = text.matches("@example.com").count() as u64;
    assert_eq!(entry.masked["EMAIL"], emails);
}

#[test]
fn a_long_stream_goes_in_while_it_comes_and_out_whole() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(20 * CHUNK);
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    for piece in long.as_bytes().chunks(301) {
        // Cut inside of characters, too: those come whole with the next piece.
        recorder.push(&String::from_utf8_lossy(piece));
    }
    logger.flush_blocking().unwrap();
    let before = log.memory.objects().unwrap().len();
    assert!(before > 2, "nothing was written while it came");
    recorder.meta("finish_reason", "stop");
    recorder.tool_result(serde_json::json!({"mail": "jo@example.com"}));
    recorder.fail("http_502: jo@example.com broke it");
    block_on(recorder.finish()).unwrap();
    logger.close_blocking().unwrap();
    let [entry] = &log.entries()[..] else {
        panic!("one entry");
    };
    let whole: String = long
        .as_bytes()
        .chunks(301)
        .map(String::from_utf8_lossy)
        .collect();
    let answer = entry.response_data.as_ref().unwrap().to_response().unwrap();
    assert_eq!(answer.content, masked(&whole));
    assert_eq!(answer.tool_result.unwrap()["mail"], "***@***.***");
    assert_eq!(answer.metadata["finish_reason"], "stop");
    assert_eq!(
        entry.error.as_deref(),
        Some("http_502: ***@***.*** broke it")
    );
    assert!(entry.latency_ms.is_some());
    // With those of the result and of the error.
    assert_eq!(
        entry.masked["EMAIL"],
        whole.matches("@example.com").count() as u64 + 2
    );
}

#[test]
fn a_payload_reads_as_what_is_written() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(10 * CHUNK);
    let call = Interaction::new("a", ModelInteractionType::ToolCall, "make")
        .request("make all")
        .tool_result_from(Cursor::new(long.clone()));
    logger.submit(call).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let entries = log.entries();
    let payload = entries[0].response_data.as_ref().unwrap();
    let mut read = Vec::new();
    payload.reader().unwrap().read_to_end(&mut read).unwrap();
    let mut written = Vec::new();
    payload.write_json(&mut written).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.len() as u64, payload.byte_len());
    assert_eq!(
        payload.to_response().unwrap().tool_result.unwrap(),
        masked(&long)
    );
    let request = entries[0].request_data.as_ref().unwrap();
    assert_eq!(request.to_request().unwrap().prompt, "make all");
    assert_eq!(entries[0].model_identifier.as_deref(), Some("make"));
    check_counts(&entries[0], &long);
}

#[test]
fn every_text_may_come_from_a_reader_short_or_long() {
    for bytes in [0, 100, 5 * CHUNK] {
        let log = Log::new();
        let logger = log.logger();
        let [prompt, answer, result] = ["prompt ", "answer ", "result "].map(|name| {
            let mut all = name.to_owned();
            all.push_str(&text(bytes));
            all
        });
        let interaction = asked(1)
            .prompt_from(Cursor::new(prompt.clone()))
            .content_from(Cursor::new(answer.clone()))
            .tool_result_from(Cursor::new(result.clone()))
            .error("timeout");
        let receipt = block_on(logger.submit_async(interaction)).unwrap();
        receipt.wait().unwrap();
        logger.submit(answered(2)).unwrap().wait().unwrap();
        logger.close_blocking().unwrap();
        let entries = log.entries();
        assert_eq!(entries.len(), 2);
        let request = entries[0].request_data.as_ref().unwrap();
        assert_eq!(request.to_request().unwrap().prompt, masked(&prompt));
        let response = entries[0].response_data.as_ref().unwrap();
        let response = response.to_response().unwrap();
        assert_eq!(response.content, masked(&answer));
        assert_eq!(response.tool_result.unwrap(), masked(&result));
        assert_eq!(entries[0].conversation.as_deref(), Some("c-1"));
        assert_eq!(entries[0].error.as_deref(), Some("timeout"));
    }
}

#[test]
fn a_long_request_waits_for_its_answer_as_any_other() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(5 * CHUNK);
    let request = asked(1).prompt_from(Cursor::new(long.clone()));
    let receipt = logger.submit(request).unwrap();
    let id = receipt.id();
    receipt.wait().unwrap();
    let answer = Interaction::response_to(id).content_from(Cursor::new(long.clone()));
    logger.submit(answer).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let [entry] = &log.entries()[..] else {
        panic!("one entry");
    };
    assert_eq!(content(entry), masked(&long));
}

#[test]
fn a_recorder_that_is_dropped_says_that_its_long_text_is_incomplete() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(6 * CHUNK);
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    recorder.push(&long);
    drop(recorder);
    logger.close_blocking().unwrap();
    let entries = log.entries();
    let answer = entries[0].response_data.as_ref().unwrap();
    let answer = answer.to_response().unwrap();
    assert_eq!(answer.content, masked(&long));
    assert_eq!(answer.metadata["incomplete"], true);
    assert_eq!(entries[0].error.as_deref(), Some("cancelled"));
}

#[test]
fn a_wrapped_stream_of_any_length_is_recorded() {
    let log = Log::new();
    let settings = Settings {
        failure: FailureMode::Closed,
        durability: Durability::Batch,
        ..Settings::default()
    };
    let logger = log.builder().settings(settings).build().unwrap();
    let long = text(30 * CHUNK);
    let pieces: Vec<&str> = long.split_inclusive('\n').collect();
    block_on(async {
        let recorder = logger.record_stream(intent()).await.unwrap();
        let mut wrapped = recorder.wrap(stream::iter(&pieces), |text, recorder| {
            recorder.push(text);
        });
        while wrapped.next().await.is_some() {}
        wrapped.finish().await.unwrap();
    });
    // It failed closed, so that it is there before the stream's end.
    assert_eq!(content(&log.entries()[0]), masked(&long));
    logger.close_blocking().unwrap();
}

/// Fails after so many bytes.
struct Breaks(Cursor<Vec<u8>>);

impl Read for Breaks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_reader_that_fails_is_an_error_and_what_it_gave_is_shown_as_incomplete() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(8 * CHUNK);
    let broken = Breaks(Cursor::new(long.clone().into_bytes()));
    let error = logger.submit(asked(1).prompt_from(broken)).unwrap_err();
    assert!(matches!(error, LoggingError::Source { .. }), "{error}");
    logger.submit(answered(2)).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let entries = log.entries();
    assert_eq!(entries.len(), 2);
    check_part(&entries[0], &masked(&long));
    assert!(entries[0].response_data.is_none());
}

/// An entry without end shows a beginning of its text.
#[track_caller]
fn check_part(entry: &Entry, whole: &str) {
    assert_eq!(entry.error.as_deref(), Some("incomplete"));
    let mut text = Vec::new();
    entry.write_json(&mut text).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let part = match &value["response_data"] {
        serde_json::Value::Null => &value["request_data"]["prompt"],
        response => &response["content"],
    };
    let part = part.as_str().unwrap();
    assert!(part.len() > CHUNK && whole.starts_with(part), "{part}");
}

#[test]
fn a_stream_without_end_is_shown_as_far_as_it_came() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(12 * CHUNK);
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    recorder.push(&long);
    logger.flush_blocking().unwrap();
    let entries = log.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].agent_id.as_deref(), Some("agent_7"));
    check_part(&entries[0], &masked(&long));
    block_on(recorder.finish()).unwrap();
    logger.close_blocking().unwrap();
    assert_eq!(content(&log.entries()[0]), masked(&long));
}

#[test]
fn a_chain_without_end_passes_over_an_object_that_lost_its_beginning() {
    let log = Log::new();
    let logger = log.logger();
    let long = text(4 * CHUNK);
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    recorder.push(&long);
    logger.flush_blocking().unwrap();
    let storage = log.storage();
    let mut objects = Vec::new();
    for name in storage.objects().unwrap() {
        let held = bytes(&*storage, &name);
        let name = match name {
            ObjectName::Active => ObjectName::sealed("0000000098").unwrap(),
            sealed => sealed,
        };
        objects.push((name, held));
    }
    // What a power cut may leave of an object that was never synced: the end of a line.
    let last = String::from_utf8(objects.last().unwrap().1.clone()).unwrap();
    let chunk = last.lines().rfind(|line| line.contains("\"chunk\":"));
    let chunk = chunk.unwrap();
    let torn = [&chunk[chunk.find(",\"id\":").unwrap()..], "\n"].concat();
    let torn = [vec![0; 512], torn.into_bytes()].concat();
    objects.push((ObjectName::sealed("0000000099").unwrap(), torn));
    objects.push((ObjectName::Active, Vec::new()));
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::from_objects(objects).unwrap());
    go_on(&storage, &log.keyring, AFTER, "torn");
    let reader = LogReader::over(storage, log.keyring.clone());
    let entries: Vec<_> = reader.entries(Filter::new()).unwrap().collect();
    assert_eq!(entries.len(), 2);
    check_part(entries[0].as_ref().unwrap(), &masked(&long));
    block_on(recorder.finish()).unwrap();
}

#[test]
fn a_stream_whose_lines_are_lost_is_answered_without_its_text() {
    within(LIMIT, || {
        let log = Log::new();
        let plan = FaultPlan::new();
        let faulty = FaultyStorage::new(log.memory.clone(), plan.clone());
        // One object: else what fails may be the line that seals it, which costs the stream nothing.
        let logger = builder(Arc::new(faulty), &log.keyring, Durability::Batch)
            .archive(ArchiveConfig::default())
            .build()
            .unwrap();
        let mut recorder = block_on(logger.record_stream(intent())).unwrap();
        recorder.push(&text(4 * CHUNK));
        logger.flush_blocking().unwrap();
        plan.fail(Operation::Append, 1, Fault::Refused(io::ErrorKind::Other));
        recorder.push(&text(4 * CHUNK));
        logger.flush_blocking().unwrap_err();
        recorder.push(&text(4 * CHUNK));
        recorder.meta("finish_reason", "stop");
        block_on(recorder.finish()).unwrap();
        logger.close_blocking().unwrap();
        let entries = log.entries();
        let answer = entries[0].response_data.as_ref().unwrap();
        let answer = answer.to_response().unwrap();
        assert_eq!(answer.content, "");
        assert_eq!(answer.metadata["incomplete"], true);
        assert_eq!(answer.metadata["finish_reason"], "stop");
        assert_eq!(logger.stats().failed, 1);
    });
}

#[test]
fn a_stream_goes_on_behind_a_failure_that_cost_it_nothing() {
    within(LIMIT, || {
        let log = Log::new();
        let plan = FaultPlan::new();
        let faulty = FaultyStorage::new(log.memory.clone(), plan.clone());
        let logger = builder(Arc::new(faulty), &log.keyring, Durability::Batch)
            .build()
            .unwrap();
        let long = text(4 * CHUNK);
        let mut recorder = block_on(logger.record_stream(intent())).unwrap();
        recorder.push(&long);
        logger.flush_blocking().unwrap();
        let syncs = plan.calls(Operation::Sync);
        plan.fail(Operation::Sync, 1, Fault::Refused(io::ErrorKind::Other));
        while plan.calls(Operation::Sync) == syncs {
            // Whether it is lost depends on whether an object was full before.
            let _ = logger.submit(answered(1)).unwrap().wait();
        }
        let _ = logger.flush_blocking();
        recorder.push(&long);
        block_on(recorder.finish()).unwrap();
        logger.submit(answered(2)).unwrap().wait().unwrap();
        logger.close_blocking().unwrap();
        let whole = format!("{long}{long}");
        assert_eq!(content(&log.entries()[0]), masked(&whole));
    });
}

#[test]
fn a_policy_that_does_not_wait_ends_the_text_where_the_queue_is_full() {
    within(LIMIT, || {
        let log = Log::new();
        let settings = Settings {
            overflow: Overflow::Reject,
            queue_bytes: 16 * CHUNK,
            ..Settings::default()
        };
        let logger = log.builder().settings(settings).build().unwrap();
        let long = text(400 * CHUNK);
        let mut recorder = block_on(logger.record_stream(intent())).unwrap();
        recorder.push(&long);
        block_on(recorder.finish()).unwrap();
        logger.close_blocking().unwrap();
        let entries = log.entries();
        let answer = entries[0].response_data.as_ref().unwrap();
        let answer = answer.to_response().unwrap();
        let whole = masked(&long);
        assert!(whole.starts_with(&answer.content));
        // The disk in memory may have been quick enough for all of it.
        let is_whole = answer.content == whole;
        assert_eq!(answer.metadata.contains_key("incomplete"), !is_whole);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_of_a_stream_gives_the_same_text(
        cuts in proptest::collection::vec(1usize..3000, 1..40),
        lines in proptest::collection::vec("[ -~é\n]{0,400}", 1..30),
    ) {
        let mut long = text(2 * CHUNK);
        lines.iter().for_each(|line| long.push_str(line));
        let log = Log::new();
        let logger = log.logger();
        let mut recorder = block_on(logger.record_stream(intent())).unwrap();
        let (mut at, mut cuts) = (0, cuts.into_iter().cycle());
        while at < long.len() {
            let mut end = long.len().min(at + cuts.next().unwrap());
            while !long.is_char_boundary(end) {
                end += 1;
            }
            recorder.push(&long[at..end]);
            at = end;
        }
        block_on(recorder.finish()).unwrap();
        logger.close_blocking().unwrap();
        prop_assert_eq!(content(&log.entries()[0]), masked(&long));
    }
}
