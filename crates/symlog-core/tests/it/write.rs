//! What stands on disk after logging.

use std::time::Duration;

use symlog_core::{Interaction, ModelInteractionType};

use crate::support::{Workplace, request, response};

#[test]
fn an_interaction_becomes_one_masked_and_sealed_line() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    logger
        .submit(
            Interaction::new("agent_123", ModelInteractionType::Completion, "gpt-4")
                .request(request("Mail jane@example.com about 123-45-6789"))
                .response(response("Done"))
                .latency(Duration::from_millis(150))
                .meta("operation", "chat")
                .conversation("c-1"),
        )
        .unwrap()
        .wait()
        .unwrap();
    logger.close_blocking().unwrap();
    let text = std::fs::read_to_string(place.log()).unwrap();
    for planted in ["jane@example.com", "123-45-6789", "Mail", "Done"] {
        assert!(!text.contains(planted), "{planted}");
    }
    let lines = place.lines();
    let entry = lines
        .iter()
        .find(|line| line.get("agent_id").is_some())
        .unwrap();
    assert_eq!(entry["masked"], serde_json::json!({"EMAIL": 1, "SSN": 1}));
    assert_eq!(entry["latency_ms"], 150);
    let kinds: Vec<_> = lines
        .iter()
        .filter_map(|line| line["control"].as_str())
        .collect();
    assert_eq!(kinds, ["segment", "key", "unit", "shutdown"]);
}

#[test]
fn a_second_run_goes_on_in_a_new_segment() {
    let place = Workplace::new();
    for _ in 0..3 {
        let logger = place.builder().build().unwrap();
        for i in 0..100 {
            let _receipt = logger
                .submit(
                    Interaction::new("a", ModelInteractionType::Completion, "m")
                        .request(request(&format!("prompt {i}")))
                        .response(response("x")),
                )
                .unwrap();
        }
        drop(logger);
    }
    let lines = place.lines();
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], i);
    }
    assert_eq!(lines.last().unwrap()["seg"], 2);
    assert_eq!(
        lines.iter().filter(|l| l.get("agent_id").is_some()).count(),
        300
    );
}

/// What one crypto backend writes, the other reads, and goes on with.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn a_log_may_be_written_with_either_crypto_backend() {
    use symlog_core::Filter;

    use crate::recorded::answered;

    let place = Workplace::new();
    for number in 0..4 {
        let mut builder = place.builder();
        if number % 2 == 0 {
            builder = builder.crypto(symlog_crypto::aws_lc_provider());
        }
        let logger = builder.build().unwrap();
        logger.submit(answered(number)).unwrap().wait().unwrap();
        logger.close_blocking().unwrap();
    }
    let reader = place.reader();
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    let read = reader.entries(Filter::new()).unwrap();
    assert_eq!(read.filter(Result::is_ok).count(), 4);
}
