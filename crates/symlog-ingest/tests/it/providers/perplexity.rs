use super::{Expect, check};

#[test]
fn streamed_chat_text() {
    check(
        "perplexity",
        "perplexity/raw_stream_capture_matrix/stream_raw_round_trips_terminal_type#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "sonar",
            content: "pong",
            tokens: Some((7, 1, 8)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_empty() {
    check(
        "perplexity",
        "perplexity/migration_pain_points/text_only_content_parts_are_flattened#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "sonar",
            tokens: Some((23, 32, 55)),
            ..Expect::default()
        },
    );
}
