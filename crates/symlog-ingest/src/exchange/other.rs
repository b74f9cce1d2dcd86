//! Answers without an assistant: vectors, rankings, transcripts.

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

pub(super) fn transcript(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("model"));
    if let Some(report) = event.get("usage") {
        answer.usage.report(report);
    }
    if let Some(text) = event.get("text").and_then(Value::as_str) {
        answer.text.push_str(text);
    }
    answer.keep(event, &["text", "model", "usage"]);
}
