//! Logging and reading back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use symlog_core::{
    ArchiveConfig, Clock, Durability, Entry, Filter, Interaction, LogReader, MetadataMode,
    ModelInteractionType, Settings, TokenUsage, VerifyReport,
};

use crate::support::{Workplace, request, response};

fn completion(prompt: &str) -> Interaction {
    Interaction::new("agent_123", ModelInteractionType::Completion, "gpt-4")
        .request(request(prompt))
}

fn entries(reader: &LogReader) -> Vec<Entry> {
    reader
        .entries(Filter::new())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn entries_come_back_masked_and_in_order() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    for i in 0..200 {
        let _receipt = logger
            .submit(
                completion(&format!("prompt {i} for jane@example.com"))
                    .response(response(&format!("answer {i}")))
                    .meta("n", i.to_string())
                    .conversation(format!("c-{}", i % 7))
                    .tokens(TokenUsage {
                        input_tokens: i,
                        output_tokens: 2,
                        total_tokens: i + 2,
                    }),
            )
            .unwrap();
    }
    logger.close_blocking().unwrap();
    let reader = place.reader();
    let all = entries(&reader);
    assert_eq!(all.len(), 200);
    for (i, entry) in (0u32..).zip(&all) {
        let request = entry.request_data.as_ref().unwrap().to_request().unwrap();
        assert_eq!(request.prompt, format!("prompt {i} for ***@***.***"));
        let response = entry.response_data.as_ref().unwrap().to_response().unwrap();
        assert_eq!(response.content, format!("answer {i}"));
        assert_eq!(entry.metadata["n"], i.to_string());
        assert_eq!(
            entry.conversation.as_deref(),
            Some(&*format!("c-{}", i % 7))
        );
        assert_eq!(entry.token_usage.unwrap().total_tokens, i + 2);
        assert_eq!(entry.masked["EMAIL"], 1);
    }
    let mut filter = Filter::new();
    filter.conversation = Some("c-3".to_owned());
    assert_eq!(reader.entries(filter).unwrap().count(), 29);
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.entries, 200);
}

#[tokio::test]
async fn a_late_response_is_joined_to_its_request_also_after_a_restart() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let ask = async |prompt: &str| {
        logger
            .log_request(
                "agent",
                ModelInteractionType::ToolCall,
                "tool",
                request(prompt),
                [("subject".to_owned(), "jane@example.com".to_owned())].into(),
            )
            .await
            .unwrap()
    };
    let first = ask("first").await;
    let second = ask("second").await;
    let third = ask("third").await;
    let latency = Duration::from_millis(7);
    logger
        .log_response(
            &second,
            response("two"),
            latency,
            None,
            Some("http_500: it broke".into()),
        )
        .await
        .unwrap();
    logger.close().await.unwrap();
    drop(logger);
    let again = place.builder().build().unwrap();
    again
        .log_response(&first, response("one"), latency, None, None)
        .await
        .unwrap();
    let unknown = again
        .log_response(
            "01a208d4-d86e-755f-85f4-efb36037208d",
            response("?"),
            latency,
            None,
            None,
        )
        .await;
    assert!(unknown.is_err());
    again.close().await.unwrap();

    let all = entries(&place.reader());
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].id, first);
    assert_eq!(all[0].latency_ms, Some(7));
    assert_eq!(
        all[0]
            .response_data
            .as_ref()
            .unwrap()
            .to_response()
            .unwrap(),
        response("one")
    );
    assert_eq!(all[1].error.as_deref(), Some("http_500: it broke"));
    assert_eq!(
        serde_json::to_value(&all[1].response_data).unwrap(),
        serde_json::json!({"content": "two", "tool_result": null, "confidence": null, "metadata": {}})
    );
    assert_eq!(all[2].id, third);
    assert!(all[2].is_open());
    let report = place.reader().verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    let text = std::fs::read_to_string(place.log()).unwrap();
    assert!(!text.contains("jane"));
}

#[test]
fn large_payloads_are_chunked_and_come_back_whole() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    let long = "All work and no play. ".repeat(200_000);
    for prompt in ["before", &long, "after"] {
        let _receipt = logger
            .submit(
                completion(prompt)
                    .response(response(prompt))
                    .error("http_502: bad"),
            )
            .unwrap();
    }
    logger.close_blocking().unwrap();
    let reader = place.reader();
    let all = entries(&reader);
    assert_eq!(all.len(), 3);
    for (entry, prompt) in all.iter().zip(["before", &long, "after"]) {
        assert_eq!(
            entry
                .request_data
                .as_ref()
                .unwrap()
                .to_request()
                .unwrap()
                .prompt,
            prompt
        );
        assert_eq!(
            entry
                .response_data
                .as_ref()
                .unwrap()
                .to_response()
                .unwrap()
                .content,
            prompt
        );
        assert_eq!(entry.error.as_deref(), Some("http_502: bad"));
        let mut streamed = Vec::new();
        entry.write_json(&mut streamed).unwrap();
        assert_eq!(streamed, serde_json::to_vec(entry).unwrap());
    }
    let mut follow = reader.follow(2, Filter::new()).unwrap();
    for entry in &all[1..] {
        let followed = follow.poll_next().unwrap().unwrap();
        assert_eq!(
            serde_json::to_vec(&followed).unwrap(),
            serde_json::to_vec(entry).unwrap()
        );
    }
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert!(report.lines > 10);
}

#[test]
fn sealed_metadata_says_nothing_outside_and_everything_inside() {
    let place = Workplace::new();
    let logger = place
        .builder()
        .settings(Settings {
            metadata: MetadataMode::Sealed,
            durability: Durability::Entry,
            ..Settings::default()
        })
        .build()
        .unwrap();
    let _receipt = logger
        .submit(
            completion("x")
                .meta("project", "aurora")
                .conversation("conversation-9")
                .tenant("tenant-9"),
        )
        .unwrap();
    logger.close_blocking().unwrap();
    let text = std::fs::read_to_string(place.log()).unwrap();
    for hidden in [
        "aurora",
        "agent_123",
        "gpt-4",
        "conversation-9",
        "tenant-9",
        "Completion",
    ] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let all = entries(&place.reader());
    assert_eq!(all[0].metadata["project"], "aurora");
    assert_eq!(all[0].agent_id.as_deref(), Some("agent_123"));
    assert_eq!(all[0].conversation.as_deref(), Some("conversation-9"));
    assert!(place.reader().verify().unwrap().is_ok());
}

fn is_unfinished(report: &VerifyReport) -> bool {
    report
        .notes
        .iter()
        .any(|note| note.contains("without a newline"))
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let place = Workplace::new();
    for run in 0..2 {
        let logger = place.builder().build().unwrap();
        let mut open = completion(&format!("run {run}")).conversation("c");
        if run == 0 {
            open = open.response(response("fine"));
        }
        logger.submit(open).unwrap().wait().unwrap();
        logger.close_blocking().unwrap();
    }
    let whole = std::fs::read(place.log()).unwrap();
    assert!(symlog_core::verify(&place.log()).unwrap().is_ok());
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(place.log(), &changed).unwrap();
        // The last newline is the one byte whose loss looks like a line still being written.
        let found = symlog_core::verify(&place.log()).map_or(true, |report| {
            !report.is_ok() || (at + 1 == whole.len() && is_unfinished(&report))
        });
        assert!(found, "flipped byte {at}");
    }
    let ends: Vec<usize> = (1..=whole.len())
        .filter(|end| whole[end - 1] == b'\n')
        .collect();
    for cut in 1..whole.len() {
        std::fs::write(place.log(), &whole[..cut]).unwrap();
        let report = symlog_core::verify(&place.log()).unwrap();
        // A cut between lines leaves a log that is whole as far as it goes.
        if !ends.contains(&cut) {
            assert!(is_unfinished(&report), "{cut}");
        }
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|&b| b == b'\n').collect();
    for i in 0..lines.len() - 1 {
        let mut without = lines.clone();
        without.remove(i);
        let mut swapped = lines.clone();
        swapped.swap(i, i + 1);
        let mut repeated = lines.clone();
        repeated.insert(i, lines[i]);
        for (what, changed) in [
            ("without", without),
            ("swapped", swapped),
            ("repeated", repeated),
        ] {
            std::fs::write(place.log(), changed.concat()).unwrap();
            let report = symlog_core::verify(&place.log()).unwrap();
            assert!(!report.is_ok(), "{what} {i}");
        }
    }
}

#[test]
fn a_wrong_key_is_recognised_and_the_log_is_left_alone() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    logger.submit(completion("x")).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let before = std::fs::read(place.log()).unwrap();
    let other = place.with_other_key("base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let error = other.builder().build().unwrap_err();
    assert!(error.to_string().contains("KeyManagementError"), "{error}");
    assert_eq!(std::fs::read(place.log()).unwrap(), before);
}

/// The log's files but the active one.
fn sealed_files(place: &Workplace) -> usize {
    std::fs::read_dir(place.log().parent().unwrap())
        .unwrap()
        .filter(|file| {
            let name = file.as_ref().unwrap().file_name().into_string().unwrap();
            name.ends_with(|c: char| c.is_ascii_digit())
        })
        .count()
}

#[test]
fn a_full_object_is_sealed_and_the_log_goes_on_in_the_next() {
    let place = Workplace::new();
    let open = || {
        place
            .builder()
            .archive(ArchiveConfig {
                seal_bytes: 40_000,
                ..ArchiveConfig::default()
            })
            .build()
            .unwrap()
    };
    let logger = open();
    let reader = {
        logger.submit(completion("first")).unwrap().wait().unwrap();
        place.reader()
    };
    let mut follow = reader.follow(0, Filter::new()).unwrap();
    let mut followed = 0;
    for i in 0..300 {
        let receipt = logger
            .submit(completion(&format!("{i} {}", "x".repeat(500))).response(response("y")))
            .unwrap();
        if i % 10 == 0 {
            receipt.wait().unwrap();
            while follow.poll_next().unwrap().is_some() {
                followed += 1;
            }
        }
    }
    logger.close_blocking().unwrap();
    while follow.poll_next().unwrap().is_some() {
        followed += 1;
    }
    assert_eq!(followed, 300);
    drop(logger);
    let again = open();
    again.submit(completion("last")).unwrap().wait().unwrap();
    again.close_blocking().unwrap();
    let sealed = sealed_files(&place);
    assert!((5..50).contains(&sealed), "{sealed}");
    let all = entries(&place.reader());
    assert_eq!(all.len(), 302);
    assert!(
        all.windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence)
    );
    let report = place.reader().verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
}

#[derive(Debug)]
struct Calendar(AtomicU64);

impl Clock for Calendar {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn a_segment_ends_with_its_month_and_never_goes_back() {
    const DAY: u64 = 86_400;
    let place = Workplace::new();
    let clock = Arc::new(Calendar(AtomicU64::new(30 * DAY)));
    let logger = place.builder().clock(clock.clone()).build().unwrap();
    for day in [30, 31, 32, 12, 60] {
        clock.0.store(day * DAY, Ordering::Relaxed);
        logger.submit(completion("x")).unwrap().wait().unwrap();
    }
    logger.close_blocking().unwrap();
    let mut periods = Vec::new();
    for file in [
        "model_io.encrypted.log.0000000000",
        "model_io.encrypted.log.0000000001",
        "model_io.encrypted.log",
    ] {
        let text = std::fs::read_to_string(place.log().with_file_name(file)).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        periods.push(lines[0]["body"]["period"].as_str().unwrap().to_owned());
        if file.ends_with(|c: char| c.is_ascii_digit()) {
            let last = lines.last().unwrap();
            assert_eq!(last["control"], "sealed");
            assert_eq!(last["body"], lines[0]["body"]);
        }
    }
    assert_eq!(periods, ["1970-01", "1970-02", "1970-03"]);
    assert!(place.reader().verify().unwrap().is_ok());
}

#[test]
fn following_shows_what_is_there_and_what_comes() {
    let place = Workplace::new();
    let logger = place.builder().build().unwrap();
    for i in 0..5 {
        logger
            .submit(completion(&i.to_string()).response(response("x")))
            .unwrap()
            .wait()
            .unwrap();
    }
    let reader = place.reader();
    let mut follow = reader.follow(2, Filter::new()).unwrap();
    let mut next = || {
        let entry = follow.poll_next().unwrap()?;
        Some(entry.request_data.unwrap().to_request().unwrap().prompt)
    };
    assert_eq!(next().as_deref(), Some("3"));
    assert_eq!(next().as_deref(), Some("4"));
    assert_eq!(next(), None);
    logger
        .submit(completion("5").response(response("x")))
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!(next().as_deref(), Some("5"));
    assert_eq!(next(), None);
}
