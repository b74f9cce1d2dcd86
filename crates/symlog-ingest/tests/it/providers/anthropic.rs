use super::{Expect, check};

#[test]
fn files_delete() {
    check(
        "anthropic",
        "anthropic/document_file_id/messages_document_file_id_roundtrip_live#4",
        &Expect {
            operation: "files",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn files_post() {
    check(
        "anthropic",
        "anthropic/document_file_id/messages_document_file_id_roundtrip_live#0",
        &Expect {
            operation: "files",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn messages_error_400() {
    check(
        "anthropic",
        "anthropic/error_identity_edge/validation_error_carries_identity#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            error: Some("http_400: temperature: range: 0..1"),
            ..Expect::default()
        },
    );
}

#[test]
fn messages_error_401() {
    check(
        "anthropic",
        "anthropic/error_identity_edge/auth_rejection_carries_identity#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            error: Some("http_401: API key is invalid."),
            ..Expect::default()
        },
    );
}

#[test]
fn messages_error_404() {
    check(
        "anthropic",
        "anthropic/error_envelope/nonexistent_model_error_preserves_status_and_body#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-nonexistent-rig-test",
            error: Some("http_404: model: claude-nonexistent-rig-test"),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_401() {
    check(
        "anthropic",
        "anthropic/models/list_models_rejected_key_reports_api_error_with_context#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some("http_401: API key is invalid."),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_messages_empty() {
    check(
        "anthropic",
        "anthropic/empty_stop_sequence_matrix/streaming_empty_stop_sequence#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-haiku-4-5-20251001",
            tokens: Some((18, 1, 19)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_messages_parallel_tools() {
    check(
        "anthropic",
        "anthropic/multi_turn_streaming/multi_turn_streaming_tools#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            content: "I'll solve this step by step! Let me start by computing the two independent sub-expressions **(10 - 4)** and **(3 + 5)** simultaneously first.",
            tools: &[
                ("subtract", r#"{"x":10,"y":4}"#),
                ("add", r#"{"x":3,"y":5}"#),
            ],
            tokens: Some((1001, 161, 1162)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_messages_text() {
    check(
        "anthropic",
        "anthropic/document_file_id/streaming_document_file_id_roundtrip_live#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            content: "rig-file-id-page-two-verifier-8c27",
            tokens: Some((4772, 20, 4792)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_messages_tools() {
    check(
        "anthropic",
        "anthropic/messages_tool_args/zero_argument_tool_use_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            tools: &[("ping", r#""""#)],
            tokens: Some((575, 35, 610)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_messages_empty() {
    check(
        "anthropic",
        "anthropic/empty_stop_sequence_matrix/sonnet_empty_stop_sequence#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            tokens: Some((18, 1, 19)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_messages_text() {
    check(
        "anthropic",
        "anthropic/empty_stop_sequence_matrix/followup_after_empty_stop_turn#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-haiku-4-5-20251001",
            content: "alpha",
            tokens: Some((18, 4, 22)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_messages_tools() {
    check(
        "anthropic",
        "anthropic/empty_end_turn/prompt_loop_accepts_empty_terminal_turn_after_tool_result#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "claude-sonnet-4-6",
            tools: &[("notify", r#"{"msg":"Deploy finished."}"#)],
            tokens: Some((628, 53, 681)),
            ..Expect::default()
        },
    );
}
