//! Runs of an agent: one row holds all messages from the first to the last.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use symlog_core::{Interaction, ModelInteractionType, RequestData, ResponseData};

use crate::error::Problem;
use crate::exchange::tool_calls;
use crate::fields::{Fields, text_of, value_or_text};
use crate::format::Format;
use crate::reader::Options;

/// Where the messages may stand, in the order of preference.
const MESSAGE_FIELDS: [&str; 3] = ["traj", "messages", "trajectory"];

pub(crate) fn recognises(fields: &Fields<'_>) -> bool {
    fields.has("traj") || fields.has("trajectory")
}

/// One run, given out turn by turn: the prompts of a run grow with the square of its length and
/// must not all be in memory at once.
pub(crate) struct AgentRun {
    /// The messages array as it was written.
    messages: String,
    /// Where the last turn begins.
    last: usize,
    /// Where each assistant turn stands in it.
    turns: std::vec::IntoIter<Range<usize>>,
    agent: String,
    model: String,
    conversation: Option<String>,
    parameters: HashMap<String, Value>,
    metadata: HashMap<String, String>,
    /// What the row says beside all this; it goes with the last turn.
    about: Map<String, Value>,
}

impl AgentRun {
    pub(crate) fn read(fields: &Fields<'_>, options: &Options) -> Result<Self, Problem> {
        let not_a_run = || Problem::NotOfFormat {
            format: Format::AgentRun,
            expected: "an agent run has its messages, at least one of them an assistant's, in the \
                       array traj or messages",
            found: fields.names(),
        };
        let (field, raw) = MESSAGE_FIELDS
            .into_iter()
            .find_map(|field| Some((field, fields.get(field)?)))
            .ok_or_else(not_a_run)?;
        let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
            return Err(not_a_run());
        };
        let base = raw.get().as_ptr() as usize;
        let mut turns = Vec::new();
        for message in messages {
            let start = message.get().as_ptr() as usize - base;
            let role = Fields::parse(message.get())
                .ok()
                .and_then(|message| message.text("role"));
            if role.as_deref() == Some("assistant") {
                turns.push(start..start + message.get().len());
            }
        }
        let Some(last) = turns.last().cloned() else {
            return Err(not_a_run());
        };
        let mut run = Self {
            last: last.start,
            messages: raw.get().to_owned(),
            turns: turns.into_iter(),
            agent: text(fields, "agent_id").unwrap_or_else(|| options.agent_id.clone()),
            model: ["model", "model_identifier"]
                .into_iter()
                .find_map(|name| text(fields, name))
                .unwrap_or_else(|| options.model.clone()),
            conversation: conversation(fields),
            parameters: HashMap::new(),
            metadata: HashMap::new(),
            about: Map::new(),
        };
        for (name, value) in fields.iter().filter(|(name, _)| *name != field) {
            match name {
                "task_id" | "trial" | "run_id" | "reward" => {
                    run.metadata.insert(name.to_owned(), text_of(value));
                }
                "tools" | "temperature" | "max_tokens" => {
                    run.parameters
                        .insert(name.to_owned(), value_or_text(value.get()));
                }
                "agent_id" | "model" | "model_identifier" => {}
                _ => {
                    run.about
                        .insert(name.to_owned(), value_or_text(value.get()));
                }
            }
        }
        Ok(run)
    }
}

impl Iterator for AgentRun {
    type Item = Interaction;

    fn next(&mut self) -> Option<Interaction> {
        let turn = self.turns.next()?;
        let before = self.messages[..turn.start]
            .trim_end()
            .trim_end_matches(',')
            .trim_end();
        let mut prompt = String::with_capacity(before.len() + 1);
        prompt.push_str(before);
        prompt.push(']');
        let after = turn.end;
        let is_last = turn.start == self.last;
        let message = Fields::parse(&self.messages[turn]).unwrap_or_default();
        let mut response = ResponseData {
            content: message.get("content").map(content).unwrap_or_default(),
            ..ResponseData::default()
        };
        for (name, value) in message.iter() {
            match name {
                "role" | "content" => {}
                "tool_calls" => {
                    response.tool_result = tool_calls(&value_or_text(value.get()));
                }
                _ if value.get() == "null" => {}
                _ => {
                    response
                        .metadata
                        .insert(name.to_owned(), value_or_text(value.get()));
                }
            }
        }
        if is_last {
            // No later prompt has these messages.
            let rest = self.messages[after..].trim_start().trim_start_matches(',');
            let rest = value_or_text(&format!("[{rest}"));
            if rest.as_array().is_none_or(|rest| !rest.is_empty()) {
                response
                    .metadata
                    .insert("following_messages".to_owned(), rest);
            }
            if !self.about.is_empty() {
                let about = std::mem::take(&mut self.about);
                response
                    .metadata
                    .insert("run".to_owned(), Value::Object(about));
            }
        }
        let request = RequestData {
            prompt,
            parameters: self.parameters.clone(),
            ..RequestData::default()
        };
        let mut interaction =
            Interaction::new(&self.agent, ModelInteractionType::Completion, &*self.model)
                .request(request)
                .response(response)
                .metadata(self.metadata.clone())
                .operation("chat");
        if let Some(conversation) = &self.conversation {
            interaction = interaction.conversation(conversation);
        }
        Some(interaction)
    }
}

/// The same run gets the same conversation every time it is read.
fn conversation(fields: &Fields<'_>) -> Option<String> {
    let given = ["conversation_id", "conversation", "run_id", "session_id"]
        .into_iter()
        .find_map(|name| text(fields, name));
    given.or_else(|| {
        let task = text(fields, "task_id")?;
        Some(match text(fields, "trial") {
            Some(trial) => format!("task-{task}-trial-{trial}"),
            None => format!("task-{task}"),
        })
    })
}

fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.get(name).map(text_of)
}

/// A text, or the texts of its parts.
fn content(raw: &RawValue) -> String {
    match value_or_text(raw.get()) {
        Value::String(text) => text,
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        other => other.to_string(),
    }
}
