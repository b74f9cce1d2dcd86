//! Streams: finished, failed, dropped half-way.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use symlog_core::{FailureMode, ObserveError, Settings, TokenUsage};

use crate::observe::{intent, pair};
use crate::support::{Workplace, block_on};

const TOKENS: TokenUsage = TokenUsage {
    input_tokens: 3,
    output_tokens: 2,
    total_tokens: 5,
};

/// Splits an address between chunks: only the assembled text shows it.
const CHUNKS: [&str; 3] = ["Write to jane@", "example", ".com"];

fn chunks() -> impl Stream<Item = Result<&'static str, String>> {
    stream::iter(CHUNKS.map(Ok))
}

#[track_caller]
fn check_incomplete(place: &Workplace) {
    let answer = place.answer();
    assert_eq!(answer.content, "***@***.*** wro");
    assert_eq!(answer.metadata["incomplete"], true);
}

#[test]
fn chunks_become_one_masked_response() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    block_on(async {
        let mut recorder = logger.record_stream(intent()).await.unwrap();
        for chunk in CHUNKS {
            recorder.push(chunk);
        }
        recorder.tokens(TOKENS);
        recorder.finish().await.unwrap();
    });
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], Value::Null);
    let answer = place.answer();
    assert_eq!(answer.content, "Write to ***@***.***");
    assert!(answer.metadata.is_empty());
    assert_eq!(response["token_usage"]["total_tokens"], 5);
}

#[test]
fn a_recorder_that_is_dropped_logs_what_it_saw() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    recorder.push("jane@example.com wro");
    drop(recorder);
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "cancelled");
    check_incomplete(&place);
}

#[test]
fn a_recorder_that_is_unwound_logs_what_it_saw() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let mut recorder = block_on(logger.record_stream(intent())).unwrap();
    catch_unwind(AssertUnwindSafe(move || {
        recorder.push("jane@example.com wro");
        std::panic::panic_any("gone");
    }))
    .unwrap_err();
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "panicked");
    check_incomplete(&place);
}

#[test]
fn a_stream_passes_through_and_is_recorded() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let seen = block_on(async {
        let recorder = logger.record_stream(intent()).await.unwrap();
        let mut wrapped = recorder.wrap(chunks(), |chunk, recorder| {
            if let Ok(text) = chunk {
                recorder.push(text);
            }
        });
        let seen: Vec<_> = wrapped.by_ref().collect().await;
        assert_eq!(wrapped.next().await, None);
        wrapped.finish().await.unwrap();
        seen
    });
    assert_eq!(seen, CHUNKS.map(Ok));
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], Value::Null);
    let answer = place.answer();
    assert_eq!(answer.content, "Write to ***@***.***");
    assert!(answer.metadata.is_empty());
}

#[test]
fn the_end_of_a_stream_is_logged_before_it_is_given_on() {
    let place = Workplace::new();
    let settings = Settings {
        failure: FailureMode::Closed,
        ..Settings::default()
    };
    let logger = place.builder().settings(settings).build().unwrap();
    block_on(async {
        let recorder = logger.record_stream(intent()).await.unwrap();
        let mut wrapped = recorder.wrap(chunks(), |_, _| {});
        while wrapped.next().await.is_some() {}
        pair(&place);
    });
}

#[test]
fn a_stream_that_fails_is_logged_by_its_class() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    block_on(async {
        let failing = stream::iter([Ok("jane@example.com"), Err("timeout: no bytes for 30 s")]);
        let recorder = logger.record_stream(intent()).await.unwrap();
        let wrapped = recorder.wrap(failing, |chunk, recorder| match chunk {
            Ok(text) => recorder.push(text),
            Err(error) => recorder.fail(*error),
        });
        assert_eq!(wrapped.count().await, 2);
    });
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "timeout");
    assert_eq!(response["masked"]["EMAIL"], 1);
}

#[test]
fn a_stream_that_is_left_half_way_was_cancelled() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    block_on(async {
        for finish in [false, true] {
            let recorder = logger.record_stream(intent()).await.unwrap();
            let mut wrapped = recorder.wrap(chunks(), |_, _| {});
            wrapped.next().await;
            if finish {
                wrapped.finish().await.unwrap();
            }
        }
    });
    logger.close_blocking().unwrap();
    let errors: Vec<_> = place.entries().iter().map(|e| e["error"].clone()).collect();
    assert_eq!(
        errors.iter().filter(|error| *error == "cancelled").count(),
        2
    );
}

#[test]
fn a_stream_that_panics_is_logged_and_the_panic_goes_on() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let recorder = block_on(logger.record_stream(intent())).unwrap();
    let panicking = stream::once(async {
        std::panic::panic_any("gone");
        #[expect(unreachable_code, reason = "gives the stream its type")]
        Ok::<&str, Infallible>("")
    });
    let mut wrapped = Box::pin(recorder.wrap(panicking, |_, _| {}));
    catch_unwind(AssertUnwindSafe(|| block_on(wrapped.next()))).unwrap_err();
    drop(wrapped);
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "panicked");
}

#[test]
fn a_logger_that_fails_closed_opens_no_stream_it_cannot_log() {
    let place = Workplace::new();
    let settings = Settings {
        failure: FailureMode::Closed,
        ..Settings::default()
    };
    let logger = place.builder().settings(settings).build().unwrap();
    let recorder = block_on(logger.record_stream(intent())).unwrap();
    logger.close_blocking().unwrap();
    assert!(matches!(
        block_on(logger.record_stream(intent())).unwrap_err(),
        ObserveError::NotStarted { .. }
    ));
    assert!(matches!(
        block_on(recorder.finish()).unwrap_err(),
        ObserveError::NotRecorded { .. }
    ));
}
