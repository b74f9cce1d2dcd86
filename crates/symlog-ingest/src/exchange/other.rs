//! Answers without a conversation around them: vectors, rankings, plain texts.

use serde_json::{Map, Value};

use super::answer::Answer;

/// Vectors are counted and measured, not kept: a text can be recovered from its vector, so a kept
/// one would undo the masking of the text beside it.
const VECTORS: [&str; 3] = ["embedding", "embeddings", "embeddingsByType"];

pub(super) fn retrieval(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("model"));
    for place in ["/usage", "/meta", ""] {
        if let Some(report) = event.pointer(place) {
            answer.usage.report(report);
        }
    }
    let mut found = Vectors::default();
    for name in VECTORS
        .into_iter()
        .filter(|name| *name != "embeddingsByType")
    {
        if let Some(vectors) = event.get(name) {
            found.count(vectors);
        }
    }
    for item in event["data"].as_array().into_iter().flatten() {
        found.count(&item["embedding"]);
    }
    if found.count > 0 {
        let mut measured = Map::new();
        measured.insert("count".to_owned(), found.count.into());
        measured.insert("dimensions".to_owned(), found.dimensions.into());
        answer
            .extra
            .insert("embeddings".to_owned(), Value::Object(measured));
    }
    // Cohere repeats the texts of the request.
    let mut used = vec!["data", "usage", "model", "object", "error", "texts"];
    used.extend(VECTORS);
    answer.keep(event, &used);
    answer.ended = true;
}

#[derive(Default)]
struct Vectors {
    count: usize,
    dimensions: usize,
}

impl Vectors {
    /// A vector, a list of them, or lists by the type of their numbers.
    fn count(&mut self, value: &Value) {
        match value {
            Value::Array(list) if list.first().is_some_and(Value::is_number) => {
                self.count += 1;
                self.dimensions = list.len();
            }
            Value::Array(list) => list.iter().for_each(|vector| self.count(vector)),
            // Base64 of 32-bit floats.
            Value::String(text) => {
                self.count += 1;
                self.dimensions = text.trim_end_matches('=').len() * 3 / 4 / 4;
            }
            // The same vectors once for each type: one of them is enough.
            Value::Object(types) => {
                let named = types.get("values").or_else(|| types.values().next());
                if let Some(vectors) = named {
                    self.count(vectors);
                }
            }
            _ => {}
        }
    }
}

/// Where an answer that is little else than a text has it: transcriptions; Titan, Llama, Mistral
/// and Command behind Bedrock's invoke; llama.cpp's and Anthropic's first completions; text
/// generation inference.
const TEXTS: [&str; 9] = [
    "/text",
    "/results/0/outputText",
    "/outputText",
    "/generation",
    "/outputs/0/text",
    "/generations/0/text",
    "/completion",
    "/content",
    "/generated_text",
];

pub(super) fn plain_text(event: &Value) -> Option<&str> {
    TEXTS
        .iter()
        .find_map(|place| event.pointer(place)?.as_str())
}

pub(super) fn plain(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("model"));
    for place in ["/usage", "/meta", "/results/0", ""] {
        if let Some(report) = event.pointer(place) {
            answer.usage.report(report);
        }
    }
    answer.text.push_str(plain_text(event).unwrap_or_default());
    for place in [
        "/stop_reason",
        "/finish_reason",
        "/completionReason",
        "/results/0/completionReason",
        "/outputs/0/stop_reason",
        "/generations/0/finish_reason",
    ] {
        answer.set_finish(event.pointer(place));
    }
    for place in ["/stop", "/is_finished"] {
        answer.ended |= event.pointer(place) == Some(&Value::Bool(true));
    }
    const USED: [&str; 9] = [
        "text",
        "outputText",
        "generation",
        "completion",
        "content",
        "generated_text",
        "model",
        "usage",
        "stop_reason",
    ];
    answer.keep(event, &USED);
}
