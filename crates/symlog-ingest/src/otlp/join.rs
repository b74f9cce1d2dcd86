//! Reports of the same call, brought together.

use std::collections::{BTreeMap, HashMap};

use super::call::Call;
use super::protobuf::Found;
use super::{Item, json, protobuf};
use crate::error::Problem;
use crate::fields::Fields;
use crate::format::Format;
use crate::reader::{Options, PassedOver, Place, Unit};

/// How many calls, and how many bytes of them, wait for more to be reported about them.
const MAX_CALLS: usize = 4096;
const MAX_BYTES: usize = 64 << 20;
/// For how many bodies a call waits. Exporters send the logs and the spans of a call within
/// seconds of each other.
const MAX_BODIES: u64 = 256;

/// Calls about which more may be reported: the log records of a call and its span come in
/// different bodies, and two instrumentations may report the same call.
///
/// A call is known by its span. Two spans are the same call where they have the same response id
/// and overlap in time; the id alone does not say it, since gateways that make one up repeat it.
pub(crate) struct Calls {
    waiting: BTreeMap<u64, Call>,
    /// In which body each waiting call was last seen.
    seen: HashMap<u64, u64>,
    by_span: HashMap<(String, String), u64>,
    by_response: HashMap<String, Vec<u64>>,
    /// The call that log records without a span belong to.
    loose: Option<u64>,
    next: u64,
    bodies: u64,
    bytes: usize,
    agent: String,
    model: String,
}

impl Calls {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            waiting: BTreeMap::new(),
            seen: HashMap::new(),
            by_span: HashMap::new(),
            by_response: HashMap::new(),
            loose: None,
            next: 0,
            bodies: 0,
            bytes: 0,
            agent: options.agent_id.clone(),
            model: options.model.clone(),
        }
    }

    /// Reads a protobuf body. What is in it comes out of [`overdue`](Self::overdue) and
    /// [`finish`](Self::finish).
    pub(crate) fn protobuf(&mut self, body: &[u8], place: Place) -> Result<Unit, Problem> {
        self.bodies += 1;
        let mut passed_over = PassedOver::default();
        if !protobuf::read(body, &mut |found| {
            self.found(found, place, &mut passed_over)
        }) {
            return Err(Problem::NotOtlp { bytes: body.len() });
        }
        Ok(unit(place, passed_over))
    }

    /// Reads a JSON body.
    pub(crate) fn json(&mut self, body: &Fields<'_>, place: Place) -> Result<Unit, Problem> {
        self.bodies += 1;
        let mut passed_over = PassedOver::default();
        let read = super::recognises(body)
            && json::read(body, &mut |found| {
                self.found(found, place, &mut passed_over)
            });
        if !read {
            return Err(Problem::NotOfFormat {
                format: Format::Otlp,
                expected: "a body has resourceSpans, resourceLogs or resourceMetrics, arrays of objects",
                found: body.names(),
            });
        }
        Ok(unit(place, passed_over))
    }

    fn found(&mut self, found: Found, place: Place, passed_over: &mut PassedOver) {
        match found {
            Found::Metric => passed_over.metrics += 1,
            Found::Item(item) if !item.is_relevant() => passed_over.unrelated += 1,
            Found::Item(item) => {
                if !self.item(*item, place) {
                    passed_over.joined += 1;
                }
            }
        }
    }

    /// Takes an item; false where it belongs to a call that was known already.
    fn item(&mut self, item: Item, place: Place) -> bool {
        let key = (item.trace.clone(), item.span.clone());
        let identified = !key.1.is_empty();
        let response = item
            .attributes
            .get("gen_ai.response.id")
            .and_then(|id| id.as_str())
            .map(str::to_owned);
        let known = if identified {
            self.by_span.get(&key).copied()
        } else {
            self.without_span(response.as_deref())
        };
        let number = known.unwrap_or_else(|| {
            self.next += 1;
            self.waiting.insert(self.next, Call::at(place));
            self.next
        });
        let Some(call) = self.waiting.get_mut(&number) else {
            return true;
        };
        self.bytes += item.bytes;
        call.take(item);
        if identified && known.is_none() {
            call.spans.push(key.clone());
            self.by_span.insert(key, number);
        }
        self.loose = (!identified && !call.answered).then_some(number);
        self.seen.insert(number, self.bodies);
        let Some(response) = response else {
            return known.is_none();
        };
        let same = self.by_response.entry(response.clone()).or_default();
        if !same.contains(&number) {
            same.push(number);
        }
        !self.merge(&response, number) && known.is_none()
    }

    fn without_span(&self, response: Option<&str>) -> Option<u64> {
        match response {
            Some(id) => self.by_response.get(id)?.last().copied(),
            None => self.loose,
        }
    }

    /// Merges the call with an earlier one that is the same; false where there is none.
    fn merge(&mut self, response: &str, number: u64) -> bool {
        let interval = |calls: &BTreeMap<u64, Call>, number| {
            calls.get(&number).and_then(|call: &Call| call.interval)
        };
        let Some((start, end)) = interval(&self.waiting, number) else {
            return false;
        };
        let Some(same) = self.by_response.get_mut(response) else {
            return false;
        };
        let twin = same.iter().copied().find(|other| {
            *other != number
                && interval(&self.waiting, *other)
                    .is_some_and(|(from, to)| from < end && start < to)
        });
        let Some(twin) = twin else { return false };
        let (first, second) = (twin.min(number), twin.max(number));
        same.retain(|number| *number != second);
        let Some(second) = self.waiting.remove(&second) else {
            return false;
        };
        for span in &second.spans {
            self.by_span.insert(span.clone(), first);
        }
        if let Some(call) = self.waiting.get_mut(&first) {
            call.absorb(second);
        }
        true
    }

    /// The oldest call, where it has waited long enough or too many are waiting.
    pub(crate) fn overdue(&mut self) -> Option<Unit> {
        let (number, _) = self.waiting.first_key_value()?;
        let seen = self.seen.get(number).copied().unwrap_or(0);
        let due = self.waiting.len() > MAX_CALLS
            || self.bytes > MAX_BYTES
            || self.bodies.saturating_sub(seen) > MAX_BODIES;
        if due { self.finish() } else { None }
    }

    /// The oldest call, because nothing more will be reported.
    pub(crate) fn finish(&mut self) -> Option<Unit> {
        let (number, call) = self.waiting.pop_first()?;
        self.bytes = self.bytes.saturating_sub(call.bytes);
        self.seen.remove(&number);
        for span in &call.spans {
            self.by_span.remove(span);
        }
        if let Some(id) = &call.response_id
            && let Some(same) = self.by_response.get_mut(id)
        {
            same.retain(|other| *other != number);
            if same.is_empty() {
                self.by_response.remove(id);
            }
        }
        self.loose = self.loose.filter(|loose| *loose != number);
        let mut unit = Unit::new(call.place);
        unit.interactions
            .push(call.into_interaction(&self.agent, &self.model));
        Some(unit)
    }
}

fn unit(place: Place, passed_over: PassedOver) -> Unit {
    let mut unit = Unit::new(place);
    unit.passed_over = passed_over;
    unit
}
