//! The one step between what a runtime handed over and what may be sealed.

mod part;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value;
use symlog_crypto::{Key, hmac_sha256};
use symlog_pii::{Counts, Document, KnownNames, OperatorContext};

use crate::format::{Meta, MetaMap, Timestamp, push_string};
use crate::interaction::{EntryId, Parts, RequestData, ResponseData};
use crate::masking::{Conversations, Maskers};

pub(crate) use part::{MaskedPart, MaskedPiece, SLICE};

/// An interaction after masking: the plaintexts of its envelopes and what may stand in clear.
///
/// Only [`MaskStep::mask`] makes one, and only this can be sealed.
#[derive(Debug)]
pub(crate) struct Masked {
    pub(crate) id: EntryId,
    pub(crate) timestamp: Timestamp,
    pub(crate) meta: Meta<'static>,
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) response: Option<Vec<u8>>,
    /// The masked text of an error that says more than its class; sealed with the response.
    pub(crate) error_text: Option<String>,
    pub(crate) counts: Counts,
}

impl Masked {
    /// Makes the error's text the last member of the response.
    pub(crate) fn join_error_text(&mut self) {
        if let (Some(text), Some(response)) = (self.error_text.take(), &mut self.response)
            && response.pop() == Some(b'}')
        {
            push_error_text(response, &text);
        }
    }
}

/// Appends `,"error":…}`.
pub(crate) fn push_error_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b",\"error\":");
    push_string(out, text);
    out.push(b'}');
}

/// What was masked of an entry before its end was there.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    pub(crate) counts: Counts,
    /// Whether the request and the response were.
    pub(crate) done: [bool; 2],
    /// The names that were known then.
    pub(crate) names: Option<KnownNames>,
}

/// Masks interactions of one log.
#[derive(Debug)]
pub(crate) struct MaskStep {
    maskers: Maskers,
    conversations: Conversations,
    /// Names that hold personal data become pseudonyms under this key, so that the same name
    /// stays the same in one log and says nothing outside it.
    pseudonyms: Key,
    /// Whether the line takes the whole masked text of an error, because there is no place for it
    /// under seal.
    whole_errors: bool,
}

/// Room for the authentication tag, so that sealing in place does not move the buffer.
const TAG_ROOM: usize = 16;

impl MaskStep {
    pub(crate) fn new(maskers: impl Into<Maskers>, pseudonyms: Key) -> Self {
        Self {
            maskers: maskers.into(),
            conversations: Conversations::default(),
            pseudonyms,
            whole_errors: false,
        }
    }

    /// For a format whose response holds no error: the masked text stands on the line.
    pub(crate) fn with_whole_errors(self) -> Self {
        Self {
            whole_errors: true,
            ..self
        }
    }

    pub(crate) fn mask(&self, parts: Parts, id: EntryId, timestamp: Timestamp) -> Masked {
        self.mask_rest(parts, id, timestamp, Begun::default())
    }

    /// [`mask`](Self::mask) for what is left of an entry of which the request, the response or
    /// both were masked on their way.
    pub(crate) fn mask_rest(
        &self,
        parts: Parts,
        id: EntryId,
        timestamp: Timestamp,
        begun: Begun,
    ) -> Masked {
        let Begun {
            mut counts,
            done: [asked, answered],
            names,
        } = begun;
        let masker = self.maskers.of(&parts);
        let Parts {
            id: _,
            agent_id,
            kind,
            model,
            timestamp: _,
            latency,
            request,
            response,
            metadata,
            error,
            tokens,
            conversation,
            // Lives on only as the digest that found its unit.
            subject,
            tenant,
            trace,
            parent,
            completion: _,
            charge: _,
            large: _,
            about,
        } = parts;
        let about = about.map(|about| *about).unwrap_or_default();
        let about_tenant = tenant.clone().or(about.tenant);
        let about_conversation = conversation.clone().or(about.conversation);
        let about_subject = subject.or(about.subject);
        let mut recalled =
            (self.conversations).recall(about_tenant.as_deref(), about_conversation.as_deref());
        let known = recalled.len();
        if let Some(names) = names {
            recalled.merge(&names);
        }
        let names = RefCell::new(recalled);
        let context = OperatorContext {
            tenant: about_tenant.as_deref(),
            // As for erasure, an entry without a subject is about its conversation.
            subject: about_subject.as_deref().or(about_conversation.as_deref()),
        };
        let document = masker.document(context).knowing(&names);
        let error = error.map(|text| {
            let document = document.part("error");
            if self.whole_errors {
                ErrorText::whole(&text, document, &mut counts)
            } else {
                ErrorText::new(&text, document, &mut counts)
            }
        });
        // An entry always has an envelope: its salt blinds the metadata digest. An error is an
        // outcome, so it stands with a response.
        let answered = answered || response.is_some() || error.is_some();
        let asked = asked || request.is_some() || !answered;
        let mut request = asked.then(|| {
            let document = document.part("request");
            write_request(request.unwrap_or_default(), document, &mut counts)
        });
        let asked_with = names.borrow().len();
        let response = answered.then(|| {
            let document = document.part("response");
            write_response(response.unwrap_or_default(), document, &mut counts)
        });
        // Who is named in the answer is meant in the question, too.
        if names.borrow().len() > asked_with
            && let Some(request) = &mut request
        {
            mask_mentions(request, document.part("request"), &mut counts);
        }
        let (error, error_text) = match error {
            Some(ErrorText { class, sealed }) => (Some(class), sealed),
            None => (None, None),
        };
        let metadata = mask_metadata(metadata, document.part("metadata"), &mut counts);
        let mut name = |prefix, text: Option<&String>| {
            text.map(|text| self.name(prefix, text, document.part(prefix), &mut counts))
        };
        let mut meta = Meta {
            agent_id: name("agent", agent_id.as_ref()),
            kind,
            latency_ms: latency
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            model: name("model", model.as_ref()),
            metadata: MetaMap::Clear(metadata),
            error,
            tokens,
            conversation: name("conversation", conversation.as_ref()),
            tenant: name("tenant", tenant.as_ref()),
            trace: name("trace", trace.as_ref()),
            parent: name("parent", parent.as_ref()),
            masked: Vec::new(),
        };
        if !counts.is_empty() {
            meta.masked = counts
                .by_type()
                .into_iter()
                .map(|(kind, n)| (Cow::Borrowed(kind.as_str()), n))
                .collect();
            meta.masked.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        if let Some(conversation) = &about_conversation
            && names.borrow().len() > known
        {
            let names = names.into_inner();
            self.conversations
                .keep(about_tenant.as_deref(), conversation, names);
        }
        Masked {
            id,
            timestamp,
            meta,
            request,
            response,
            error_text,
            counts,
        }
    }

    fn name(
        &self,
        prefix: &str,
        text: &str,
        document: Document<'_>,
        counts: &mut Counts,
    ) -> Cow<'static, str> {
        match document.mask(text, counts) {
            Cow::Borrowed(text) => Cow::Owned(text.to_owned()),
            Cow::Owned(_) => self.pseudonym(prefix, text),
        }
    }

    fn pseudonym(&self, prefix: &str, text: &str) -> Cow<'static, str> {
        let digest = hmac_sha256(
            &self.pseudonyms,
            &[prefix.as_bytes(), &[0], text.as_bytes()],
        );
        let mut name = String::with_capacity(prefix.len() + 17);
        name.push_str(prefix);
        name.push('-');
        for byte in &digest[..8] {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            name.push(digit(byte >> 4));
            name.push(digit(byte & 15));
        }
        Cow::Owned(name)
    }
}

/// Masks the mentions of known names in a payload that is written already.
fn mask_mentions(payload: &mut Vec<u8>, document: Document<'_>, counts: &mut Counts) {
    let Ok(text) = std::str::from_utf8(payload) else {
        return;
    };
    if let Cow::Owned(masked) = document.mask_mentions(text, counts) {
        *payload = masked.into_bytes();
        payload.reserve_exact(TAG_ROOM);
    }
}

fn write_request(request: RequestData, document: Document<'_>, counts: &mut Counts) -> Vec<u8> {
    let prompt = &request.prompt;
    let mut out = Vec::with_capacity(prompt.len() + prompt.len() / 16 + 128 + TAG_ROOM);
    out.extend_from_slice(b"{\"prompt\":");
    push_string(&mut out, &document.part("prompt").mask(prompt, counts));
    write_request_rest(&mut out, request, document, counts);
    out.reserve_exact(TAG_ROOM);
    out
}

/// What stands behind the prompt.
fn write_request_rest(
    out: &mut Vec<u8>,
    request: RequestData,
    document: Document<'_>,
    counts: &mut Counts,
) {
    let RequestData {
        prompt: _,
        tool_name,
        tool_arguments,
        parameters,
    } = request;
    out.extend_from_slice(b",\"tool_name\":");
    push_text(out, tool_name, document.part("tool_name"), counts);
    out.extend_from_slice(b",\"tool_arguments\":");
    let arguments = document.part("tool_arguments");
    push_masked(out, tool_arguments, arguments, counts);
    out.extend_from_slice(b",\"parameters\":");
    push_map(out, parameters, document.part("parameters"), counts);
    out.push(b'}');
}

fn write_response(response: ResponseData, document: Document<'_>, counts: &mut Counts) -> Vec<u8> {
    let ResponseData {
        content,
        tool_result,
        confidence,
        metadata,
    } = response;
    let mut out = Vec::with_capacity(content.len() + content.len() / 16 + 128 + TAG_ROOM);
    out.extend_from_slice(b"{\"content\":");
    push_string(&mut out, &document.part("content").mask(&content, counts));
    out.extend_from_slice(b",\"tool_result\":");
    push_masked(&mut out, tool_result, document.part("tool_result"), counts);
    write_response_rest(&mut out, confidence, metadata, document, counts);
    out.reserve_exact(TAG_ROOM);
    out
}

/// What stands behind the result of a tool.
fn write_response_rest(
    out: &mut Vec<u8>,
    confidence: Option<f64>,
    metadata: HashMap<String, Value>,
    document: Document<'_>,
    counts: &mut Counts,
) {
    out.extend_from_slice(b",\"confidence\":");
    push_value(out, &confidence.map_or(Value::Null, Value::from));
    out.extend_from_slice(b",\"metadata\":");
    push_map(out, metadata, document.part("metadata"), counts);
    out.push(b'}');
}

fn push_text(out: &mut Vec<u8>, text: Option<String>, document: Document<'_>, counts: &mut Counts) {
    match text {
        Some(text) => push_string(out, &document.mask(&text, counts)),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_masked(
    out: &mut Vec<u8>,
    value: Option<Value>,
    document: Document<'_>,
    counts: &mut Counts,
) {
    match value {
        Some(mut value) => {
            document.mask_json(&mut value, counts);
            push_value(out, &value);
        }
        None => out.extend_from_slice(b"null"),
    }
}

/// Sorted by key: the order of a `HashMap` is no property of what was said.
fn push_map(
    out: &mut Vec<u8>,
    values: HashMap<String, Value>,
    document: Document<'_>,
    counts: &mut Counts,
) {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    out.push(b'{');
    for (i, (key, mut value)) in values.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        document.mask_json_under(&key, &mut value, counts);
        push_string(out, &document.mask(&key, counts));
        out.push(b':');
        push_value(out, &value);
    }
    out.push(b'}');
}

fn mask_metadata(
    metadata: HashMap<String, String>,
    document: Document<'_>,
    counts: &mut Counts,
) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    let mut masked: Vec<(Cow<'static, str>, Cow<'static, str>)> = metadata
        .into_iter()
        .map(|(key, value)| {
            let value = document.mask_field(&key, &value, counts).into_owned();
            let key = match document.mask(&key, counts) {
                Cow::Borrowed(_) => None,
                Cow::Owned(masked) => Some(masked),
            }
            .unwrap_or(key);
            (Cow::Owned(key), Cow::Owned(value))
        })
        .collect();
    masked.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    number_repeated_keys(&mut masked);
    masked
}

/// Masking may have made one key out of two; a map holds each once.
fn number_repeated_keys(pairs: &mut [(Cow<'static, str>, Cow<'static, str>)]) {
    let mut repeats = 0;
    for at in 1..pairs.len() {
        let (before, after) = pairs.split_at_mut(at);
        if before[at - 1 - repeats].0 == after[0].0 {
            repeats += 1;
            after[0].0 = Cow::Owned(format!("{}#{}", after[0].0, repeats + 1));
        } else {
            repeats = 0;
        }
    }
    if pairs.iter().any(|(key, _)| key.contains('#')) {
        pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    }
}

fn push_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::String(text) => push_string(out, text),
        // Writing a `Value` to memory has no way to fail.
        value => drop(serde_json::to_writer(out, value)),
    }
}

/// An error as the line shows it, and the text that goes under seal where there is more to it.
struct ErrorText {
    class: Cow<'static, str>,
    sealed: Option<String>,
}

impl ErrorText {
    fn whole(text: &str, document: Document<'_>, counts: &mut Counts) -> Self {
        Self {
            class: Cow::Owned(document.mask(text, counts).into_owned()),
            sealed: None,
        }
    }

    fn new(text: &str, document: Document<'_>, counts: &mut Counts) -> Self {
        let head = text.split_once(':').map_or(text, |(head, _)| head);
        if is_class(text) {
            return Self {
                class: Cow::Owned(text.to_owned()),
                sealed: None,
            };
        }
        let class = if is_class(head) {
            Cow::Owned(head.to_owned())
        } else {
            Cow::Borrowed(guess_class(text))
        };
        Self {
            class,
            sealed: Some(document.mask(text, counts).into_owned()),
        }
    }
}

/// Whether the text is a short name such as `rate_limited` or `http_429`, which says nothing
/// about anybody.
fn is_class(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=32).contains(&text.len())
        && digits <= 4
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn guess_class(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    const CLASSES: [(&str, &str); 8] = [
        ("timeout", "timeout"),
        ("timed out", "timeout"),
        ("rate limit", "rate_limited"),
        ("too many requests", "rate_limited"),
        ("cancel", "cancelled"),
        ("panick", "panicked"),
        ("connect", "connection"),
        ("denied", "denied"),
    ];
    CLASSES
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map_or("error", |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use symlog_pii::Masker;

    #[test]
    fn keys_that_masking_made_equal_keep_their_values() {
        let masker = Masker::default_profile();
        let document = masker.document(OperatorContext::default());
        let metadata = [
            ("jane@example.com", "1"),
            ("john@example.com", "2"),
            ("a", "3"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let masked = mask_metadata(metadata.into(), document, &mut Counts::default());
        let keys: Vec<&str> = masked.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["***@***.***", "***@***.***#2", "a"]);
    }

    #[test]
    fn short_names_are_classes_and_sentences_are_not() {
        for class in ["timeout", "http_500", "rate_limited"] {
            assert!(is_class(class), "{class}");
        }
        for text in [
            "",
            "Timeout",
            "user 42 failed",
            "jane_doe_1985_05_12",
            "_x",
            "é",
        ] {
            assert!(!is_class(text), "{text}");
        }
        for (text, class) in [
            ("The request timed out after 30 s", "timeout"),
            ("http_429: slow down, jane@example.com", "http_429"),
            ("something else", "error"),
        ] {
            let masker = Masker::default_profile();
            let document = masker.document(OperatorContext::default());
            let error = ErrorText::new(text, document, &mut Counts::default());
            assert_eq!(error.class, class);
            assert!(
                !error
                    .sealed
                    .is_some_and(|text| text.contains("jane@example.com"))
            );
        }
    }
}
