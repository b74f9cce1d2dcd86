//! Logging around a future: its end, its error, its drop, its panic, the death of its process.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};

use serde_json::Value;
use symlog_core::{
    FailureMode, Filter, Interaction, LoggingError, ModelInteractionType, ModelLogger,
    ObserveError, Outcome, Overflow, Settings, TokenUsage,
};

use crate::support::{Workplace, block_on};

pub(crate) fn intent() -> Interaction {
    Interaction::new("agent_7", ModelInteractionType::ToolCall, "calculator").request("2 + 2")
}

fn logger(place: &Workplace, failure: FailureMode) -> ModelLogger {
    let settings = Settings {
        failure,
        ..Settings::default()
    };
    place.builder().settings(settings).build().unwrap()
}

/// The request and the response, which must be the only two entries.
#[track_caller]
pub(crate) fn pair(place: &Workplace) -> [Value; 2] {
    let entries: [Value; 2] = place.entries().try_into().unwrap();
    let [request, response] = &entries;
    assert_eq!(request["id"], response["id"]);
    assert!(request["request_data"].is_object());
    assert!(request["response_data"].is_null());
    assert!(response["request_data"].is_null());
    assert!(response["response_data"].is_object());
    entries
}

#[test]
fn a_result_is_given_on_and_logged_as_described() {
    for failure in [FailureMode::Open, FailureMode::Closed] {
        let place = Workplace::new();
        let logger = logger(&place, failure);
        let observed = logger
            .observe(intent(), ready(Ok::<_, Infallible>(4)))
            .on_ok(|sum| {
                Outcome::text(format!("{sum}, says jane@example.com")).tokens(TokenUsage {
                    input_tokens: 3,
                    output_tokens: 1,
                    total_tokens: 4,
                })
            });
        let id = observed.id().to_string();
        assert_eq!(block_on(observed).unwrap(), Ok(4));
        logger.close_blocking().unwrap();
        let [_, response] = pair(&place);
        assert_eq!(response["id"], id.as_str());
        assert_eq!(response["error"], Value::Null);
        assert_eq!(place.answer().content, "4, says ***@***.***");
        assert_eq!(response["token_usage"]["total_tokens"], 4);
        assert!(response["latency_ms"].is_u64());
    }
}

#[test]
fn an_error_is_given_on_and_logged_by_its_class() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    let failed = Err::<(), _>("http_429: slow down, jane@example.com");
    assert_eq!(
        block_on(logger.observe(intent(), ready(failed))).unwrap(),
        failed
    );
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "http_429");
    assert_eq!(response["masked"]["EMAIL"], 1);
}

#[test]
fn an_output_that_is_no_result_is_described() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    let observed = logger
        .observe(intent(), async { None::<u8> })
        .describe(|found| match found {
            Some(_) => Outcome::new(),
            None => Outcome::failed("not_found"),
        });
    assert_eq!(block_on(observed).unwrap(), None);
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "not_found");
}

#[test]
fn a_future_that_is_dropped_is_logged_as_cancelled() {
    for failure in [FailureMode::Open, FailureMode::Closed] {
        let place = Workplace::new();
        let logger = logger(&place, failure);
        let never = logger.observe(intent(), pending::<Result<(), Infallible>>());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = never => unreachable!(),
                // The first poll has handed the intent over; in closed mode it may still wait.
                () = tokio::task::yield_now() => {}
            }
        });
        logger.close_blocking().unwrap();
        let [_, response] = pair(&place);
        assert_eq!(response["error"], "cancelled");
    }
}

#[test]
fn a_future_that_was_never_polled_leaves_no_trace() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    drop(logger.observe(intent(), ready(Ok::<_, Infallible>(()))));
    logger.close_blocking().unwrap();
    assert!(place.entries().is_empty());
}

#[test]
fn a_panic_goes_on_and_is_logged() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    let panicking = logger.observe(intent(), async {
        std::panic::resume_unwind(Box::new("gone"));
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<_, Infallible>(())
    });
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(panicking))).unwrap_err();
    assert_eq!(*caught.downcast::<&str>().unwrap(), "gone");
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "panicked");
}

#[test]
fn a_panic_while_describing_is_logged_too() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    let observed = logger
        .observe(intent(), ready(Ok::<_, Infallible>(())))
        .on_ok(|()| -> Outcome { std::panic::resume_unwind(Box::new("gone")) });
    catch_unwind(AssertUnwindSafe(|| block_on(observed))).unwrap_err();
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "panicked");
}

#[test]
fn a_future_dropped_by_another_ones_panic_was_cancelled() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    let waiting = logger.observe(intent(), pending::<Result<(), Infallible>>());
    catch_unwind(AssertUnwindSafe(|| {
        let waiting = waiting;
        let mut waiting = pin!(waiting);
        let _ = waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        std::panic::resume_unwind(Box::new("elsewhere"));
    }))
    .unwrap_err();
    logger.close_blocking().unwrap();
    let [_, response] = pair(&place);
    assert_eq!(response["error"], "cancelled");
}

#[test]
fn a_logger_that_fails_open_warns_counts_and_goes_on() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Open);
    logger.close_blocking().unwrap();
    let output = block_on(logger.observe(intent(), ready(Ok::<_, Infallible>(4))));
    assert_eq!(output.unwrap(), Ok(4));
    assert_eq!(logger.stats().failed, 1);
}

#[test]
fn a_logger_that_fails_closed_does_not_start_what_it_cannot_log() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Closed);
    logger.close_blocking().unwrap();
    let observed = logger.observe(intent(), async {
        unreachable!("must not be polled");
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<_, Infallible>(())
    });
    let error = block_on(observed).unwrap_err();
    assert!(matches!(
        &error,
        ObserveError::NotStarted {
            source: LoggingError::Closed
        }
    ));
    assert!(error.to_string().contains("open the log again"));
}

#[test]
fn a_logger_that_fails_closed_withholds_what_it_could_not_record() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Closed);
    let own = logger.clone();
    let observed = logger.observe(intent(), async move { own.close().await });
    let error = block_on(observed).unwrap_err();
    assert!(matches!(error, ObserveError::NotRecorded { .. }));
    let [request] = &place.entries()[..] else {
        panic!("the intent, and nothing else");
    };
    assert!(request["response_data"].is_null());
}

#[test]
fn what_the_queue_has_no_room_for_is_dropped_refused_or_waited_for() {
    for overflow in [Overflow::Drop, Overflow::Reject, Overflow::Block] {
        let place = Workplace::new();
        let settings = Settings {
            overflow,
            // Two entries at a time.
            queue_bytes: 4096,
            ..Settings::default()
        };
        let logger = place.builder().settings(settings).build().unwrap();
        for n in 0..200 {
            let observed = logger.observe(intent(), ready(Ok::<_, Infallible>(n)));
            assert_eq!(block_on(observed).unwrap(), Ok(n));
            let mut dropped = pin!(logger.observe(intent(), pending::<Result<(), Infallible>>()));
            let _ = dropped
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        }
        logger.close_blocking().unwrap();
        let stats = logger.stats();
        let (responses, requests) = place
            .entries()
            .into_iter()
            .partition::<Vec<_>, _>(|entry| entry["response_data"].is_object());
        // An intent that found no room owes no outcome.
        for response in &responses {
            assert!(
                requests
                    .iter()
                    .any(|request| request["id"] == response["id"])
            );
        }
        assert!(responses.len() <= requests.len());
        match overflow {
            Overflow::Block => assert_eq!((stats.failed, stats.dropped), (0, 0)),
            Overflow::Reject => assert_eq!(stats.dropped, 0),
            Overflow::Drop => assert_eq!(stats.failed, 0),
        }
    }
}

#[test]
fn logging_that_is_disabled_is_passed_by() {
    let place = Workplace::new();
    let mut config = place.config();
    config.enabled = false;
    let logger = ModelLogger::builder(config).build().unwrap();
    let output = block_on(logger.observe(intent(), ready(Ok::<_, Infallible>(4))));
    assert_eq!(output.unwrap(), Ok(4));
    assert!(!place.log().exists());
}

#[test]
fn observed_futures_run_on_any_runtime_and_move_between_threads() {
    let place = Workplace::new();
    let logger = logger(&place, FailureMode::Closed);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..64)
            .map(|n| {
                let observed = logger.observe(intent(), async move {
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(n)
                });
                tokio::spawn(observed)
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap().unwrap(), Ok(n));
        }
    });
    logger.close_blocking().unwrap();
    assert_eq!(place.entries().len(), 128);
}

const CHILD: &str = "SYMLOG_TEST_OBSERVE_CHILD";

/// What the next test kills. Does nothing when it is not that test's child.
#[test]
fn child_that_is_killed_after_the_intent() {
    let Some(log) = std::env::var_os(CHILD) else {
        return;
    };
    let place = Workplace::at(log.into());
    let logger = logger(&place, FailureMode::Closed);
    let observed = logger.observe(intent(), async {
        println!("\nSTARTED");
        pending::<Result<(), Infallible>>().await
    });
    let _ = block_on(observed);
}

#[test]
fn a_process_killed_after_the_intent_leaves_an_open_request() {
    let place = Workplace::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("observe::child_that_is_killed_after_the_intent")
        .env(CHILD, place.log())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let started = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .any(|line| line.unwrap() == "STARTED");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(started);
    let [request] = &place.entries()[..] else {
        panic!("the intent, and nothing else");
    };
    assert_eq!(request["interaction_type"], "ToolCall");
    assert!(request["response_data"].is_null());
    let reader = place.reader();
    let open = reader.entries(Filter::new()).unwrap().next();
    let open = open.unwrap().unwrap();
    assert!(open.is_open());
    let request = open.request_data.unwrap().to_request().unwrap();
    assert_eq!(request.prompt, "2 + 2");

    // The next process takes the log over as it is.
    let logger = logger(&place, FailureMode::Closed);
    let output = block_on(logger.observe(intent(), ready(Ok::<_, Infallible>(4))));
    assert_eq!(output.unwrap(), Ok(4));
    logger.close_blocking().unwrap();
    assert_eq!(place.entries().len(), 3);
}
