//! Every example runs, and shows what it promises and nothing of what is masked.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::process::Command;

#[track_caller]
fn check(program: &str, shown: &[&str], never_in_the_log: &[&str]) {
    let output = Command::new(program).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for expected in shown {
        assert!(stdout.contains(expected), "{expected:?} not in\n{stdout}");
    }
    let (_, log) = stdout.split_once("In the log:").unwrap();
    for planted in never_in_the_log {
        assert!(!log.contains(planted), "{planted:?} in\n{log}");
    }
}

#[test]
fn quickstart() {
    check(
        env!("CARGO_BIN_EXE_quickstart"),
        &[
            "The agent got: I have sent the mail to jane@example.com.",
            "- Completion by agent_7 with gpt-4",
            "asked:    Mail ***@***.*** that her card ****-****-****-**** was charged.",
            "answered: I have sent the mail to ***@***.***",
        ],
        &["jane@example.com", "4532-1234-5678-9012"],
    );
}

#[test]
fn sink_of_your_own() {
    check(
        env!("CARGO_BIN_EXE_sink_of_your_own"),
        &[
            "database: 0 bytes wait",
            "The database has 1 entry, verified: true",
        ],
        &["jane@example.com"],
    );
}

#[test]
fn rag_engine() {
    check(
        env!("CARGO_BIN_EXE_rag_engine"),
        &[
            "- RagQuery by agent_7 with gpt-4",
            "asked:    How long is the warranty?",
            "answered: As I read it: The warranty lasts two years.",
        ],
        &["claims@example.com"],
    );
}

#[test]
fn tool_enforcer() {
    check(
        env!("CARGO_BIN_EXE_tool_enforcer"),
        &[
            "The agent got: 4.0",
            "The agent was told: denied: the tool shell may not be used here",
            "- ToolCall by agent_7 with add",
            "result:   4.0",
            "error:    bad_arguments",
            "- ToolCall by agent_7 with shell",
            "error:    denied",
        ],
        &["abcd1234"],
    );
}

#[test]
fn agent_runtime() {
    check(
        env!("CARGO_BIN_EXE_agent_runtime"),
        &[
            "You get 40.0.",
            "- AgentExecution by agent_7 with support",
            "- RagQuery by agent_7 with gpt-4",
            "- ToolCall by agent_7 with add",
        ],
        &["555-123-4567", "refunds@example.com"],
    );
}
