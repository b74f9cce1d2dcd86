//! Whatever comes in, nothing panics, and every line is an interaction or an error.

use std::sync::LazyLock;

use proptest::prelude::*;
use symlog_ingest::{Format, HttpExchange, Options, map_exchange, reader};

use crate::support::testdata;

/// Real lines and bodies of every format, to be damaged.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut seeds: Vec<Vec<u8>> = [
        "anthropic",
        "bedrock",
        "cohere",
        "gemini",
        "mistral",
        "openai",
        "openrouter",
        "xai",
    ]
    .iter()
    .flat_map(|provider| {
        testdata(&format!("{provider}.jsonl"))
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty() && line.len() < 4000)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    })
    .collect();
    for body in [
        "v2-default-logs-1.pb",
        "v2-latest-traces-1.pb",
        "v2-default-metrics-1.pb",
        "v2-gzip-traces-1.pb.gz",
    ] {
        seeds.push(testdata(&format!("otlp/{body}")));
    }
    seeds
});

fn read(input: &[u8], format: Format) {
    let lines = 2 + input.iter().filter(|byte| **byte == b'\n').count();
    let options = Options {
        max_line_bytes: 1 << 20,
        ..Options::default()
    };
    let mut units = 0;
    for unit in reader(input, format, options) {
        match unit {
            Ok(unit) => units += unit.interactions.len(),
            Err(error) => {
                assert!(error.line >= 1);
                let _ = error.to_string();
            }
        }
    }
    // A body of OTLP has many spans in one line; anything else gives at most one a line.
    assert!(units <= lines.max(input.len()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(input in proptest::collection::vec(any::<u8>(), 0..600), format in 0..5_usize) {
        read(&input, Format::ALL[format]);
    }

    #[test]
    fn arbitrary_text(input in "(\\PC|[{}\\[\\]\":,\n\\\\]){0,200}", format in 0..5_usize) {
        read(input.as_bytes(), Format::ALL[format]);
    }

    #[test]
    fn damaged_input(
        seed in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut input = seed.get(&SEEDS[..]).clone();
        for (at, byte) in edits {
            let at = at.index(input.len());
            input[at] = byte;
        }
        input.truncate(cut.index(input.len()) + 1);
        read(&input, Format::Auto);
    }

    #[test]
    fn damaged_bodies(
        seed in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        splice in any::<prop::sample::Index>(),
    ) {
        let line: &Vec<u8> = seed.get(&SEEDS[..]);
        let Ok(mut row) = serde_json::from_slice::<serde_json::Value>(line) else {
            return Ok(());
        };
        let mut take = |name: &str| {
            let mut body = row[name].take().as_str().unwrap_or_default().as_bytes().to_vec();
            for (at, byte) in &edits {
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = *byte;
                }
            }
            body
        };
        let (request_body, mut response_body) = (take("request_body"), take("response_body"));
        if !response_body.is_empty() {
            // A piece of the answer twice.
            let tail = response_body[splice.index(response_body.len())..].to_vec();
            response_body.extend(tail);
        }
        let exchange = HttpExchange {
            path: row["path"].as_str().unwrap_or_default().to_owned(),
            status: 200,
            request_body,
            response_body,
            ..HttpExchange::default()
        };
        let mapped = map_exchange(&exchange, "agent");
        prop_assert_eq!(mapped.interaction.agent_id(), Some("agent"));
        prop_assert!(mapped.interaction.response_data().is_some() || exchange.response_body.is_empty());
    }

    /// Streams say the same however their bytes were cut into events.
    #[test]
    fn chunking_of_deltas_does_not_matter(text in "\\PC{0,80}", cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10)) {
        let chars: Vec<char> = text.chars().collect();
        let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
        bounds.extend([0, chars.len()]);
        bounds.sort_unstable();
        let body: String = bounds
            .windows(2)
            .map(|pair| {
                let piece: String = chars[pair[0]..pair[1]].iter().collect();
                let event = serde_json::json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
                format!("data: {event}\r\n\r\n")
            })
            .chain(["data: [DONE]\r\n\r\n".to_owned()])
            .collect();
        let exchange = HttpExchange {
            status: 200,
            response_body: body.into_bytes(),
            ..HttpExchange::default()
        };
        let mapped = map_exchange(&exchange, "agent");
        prop_assert_eq!(&mapped.interaction.response_data().unwrap().content, &text);
    }
}
