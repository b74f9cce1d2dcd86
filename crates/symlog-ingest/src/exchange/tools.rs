//! Tool calls, whole or in pieces.

use serde_json::{Map, Value};

use crate::fields::tree;

/// More than any answer has; one takes a hundred times its shortest text.
const MOST: usize = 1 << 12;

/// The tool calls of one answer, in the order in which they began.
#[derive(Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    omitted: u64,
}

#[derive(Default)]
struct Call {
    /// What the stream tells the pieces of one call from those of another by.
    key: Option<u64>,
    id: Option<String>,
    name: String,
    arguments: Arguments,
}

enum Arguments {
    /// Pieces of JSON text.
    Text(String),
    Whole(Value),
}

impl Default for Arguments {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// How many calls were too many to be kept.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Takes a piece of a call: a name and an id where it begins, more arguments later. Without a
    /// key a piece with an id or a name begins a call, and any other belongs to the last one.
    pub(super) fn piece(
        &mut self,
        key: Option<u64>,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&Value>,
    ) {
        let id = id.filter(|id| !id.is_empty());
        let name = name.filter(|name| !name.is_empty());
        let position = match key {
            Some(_) => self.calls.iter().rposition(|call| call.key == key),
            None if id.is_none() && name.is_none() => self.calls.len().checked_sub(1),
            None => None,
        };
        // Two calls under one index, as some servers number them, differ in their ids.
        let position = position.filter(|&at| match (&self.calls[at].id, id) {
            (Some(known), Some(new)) => known == new,
            _ => true,
        });
        if let Some(at) = position.or_else(|| self.begin(key)) {
            self.extend(at, id, name, arguments);
        }
    }

    fn begin(&mut self, key: Option<u64>) -> Option<usize> {
        if self.calls.len() == MOST {
            self.omitted += 1;
            return None;
        }
        self.calls.push(Call {
            key,
            ..Call::default()
        });
        Some(self.calls.len() - 1)
    }

    fn extend(
        &mut self,
        at: usize,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&Value>,
    ) {
        let call = &mut self.calls[at];
        if let Some(id) = id {
            call.id = Some(id.to_owned());
        }
        if let Some(name) = name {
            name.clone_into(&mut call.name);
        }
        match arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(more)) => {
                if let Arguments::Text(text) = &mut call.arguments {
                    text.push_str(more);
                } else {
                    call.arguments = Arguments::Text(more.clone());
                }
            }
            Some(whole) => call.arguments = Arguments::Whole(whole.clone()),
        }
    }

    /// A call that came in one piece.
    pub(super) fn whole(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&Value>,
    ) {
        if let Some(at) = self.begin(None) {
            self.extend(at, id, name, arguments);
        }
    }

    /// `{"tool_calls": [{"id", "name", "arguments"}]}`, the arguments as JSON where they are.
    pub(super) fn into_value(self) -> Option<Value> {
        if self.calls.is_empty() {
            return None;
        }
        let calls = self.calls.into_iter().map(Call::into_value).collect();
        Some(wrap(calls))
    }
}

impl Call {
    fn into_value(self) -> Value {
        let mut call = Map::new();
        call.insert("id".to_owned(), self.id.into());
        call.insert("name".to_owned(), self.name.into());
        let arguments = match self.arguments {
            Arguments::Whole(value) => value,
            Arguments::Text(text) => tree(&text).unwrap_or(Value::String(text)),
        };
        call.insert("arguments".to_owned(), arguments);
        Value::Object(call)
    }
}

fn wrap(calls: Vec<Value>) -> Value {
    let mut map = Map::new();
    map.insert("tool_calls".to_owned(), Value::Array(calls));
    Value::Object(map)
}

/// The calls of an OpenAI-style `tool_calls` array, in the same form.
pub(crate) fn tool_calls(array: &Value) -> Option<Value> {
    let mut calls = Calls::default();
    for call in array.as_array()? {
        let function = call.get("function").unwrap_or(call);
        calls.whole(
            call.get("id").and_then(Value::as_str),
            function.get("name").and_then(Value::as_str),
            function.get("arguments").or_else(|| function.get("input")),
        );
    }
    calls.into_value()
}
