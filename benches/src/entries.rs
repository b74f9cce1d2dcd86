//! The entry of the goals: a prompt of 2 KB and a response of 1 KB.

use std::fs;

use serde_json::Value;

/// Bytes of a prompt.
const PROMPT: usize = 2048;
/// Bytes of a response.
const RESPONSE: usize = 1024;
/// Entries before they repeat: more text than the caches next to a core hold.
const DISTINCT: usize = 512;

/// One run of a customer-service agent (tau-bench, MIT), so that the text is
/// what models really say.
const RUN: &str = include_str!("../../examples/data/agent_run.jsonl");

/// What one call of a model brings to be logged.
#[derive(Debug, Clone)]
pub struct Entry {
    /// 2 KB of text.
    pub prompt: String,
    /// 1 KB of text.
    pub response: String,
}

/// Different pieces of real text, all of the same length.
pub fn entries() -> Vec<Entry> {
    let text = spoken();
    let mut doubled = text.clone();
    doubled.push_str(&text);
    // A step that is prime to most lengths, so that no two entries are equal.
    (0..DISTINCT)
        .map(|index| {
            let start = index * 97 % text.len();
            let prompt = piece(&doubled, start, PROMPT);
            let response = piece(&doubled, (start + PROMPT) % text.len(), RESPONSE);
            Entry { prompt, response }
        })
        .collect()
}

/// Everything that was said in the run, in order.
fn spoken() -> String {
    let mut text = String::new();
    for line in RUN.lines() {
        let run: Value = serde_json::from_str(line).unwrap_or_default();
        for message in run["traj"].as_array().into_iter().flatten() {
            text.push_str(message["content"].as_str().unwrap_or_default());
            text.push('\n');
        }
    }
    assert!(
        text.len() > PROMPT + RESPONSE,
        "the example run is too short"
    );
    text
}

fn piece(text: &str, start: usize, bytes: usize) -> String {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + bytes);
    let mut piece = text[start..end].to_owned();
    while piece.len() < bytes {
        piece.push('.');
    }
    piece
}

/// Processor, cores, kernel and the sizes, for the head of every table.
pub fn machine_line() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{model}, {cores} cores, Linux {}; entry = {PROMPT} B prompt + {RESPONSE} B response",
        kernel.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_real_text_of_the_size_that_is_named() {
        let entries = entries();
        assert_eq!(entries.len(), DISTINCT);
        for entry in &entries {
            assert_eq!(
                (entry.prompt.len(), entry.response.len()),
                (PROMPT, RESPONSE)
            );
        }
        assert_ne!(entries[0].prompt, entries[1].prompt);
    }
}
