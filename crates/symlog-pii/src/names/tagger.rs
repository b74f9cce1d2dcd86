//! Tags the words of a text and joins them to names.

use super::features::{self, Context, Features};
use super::gazetteer::{self, COMMON, COMPANY, FIRST, LAST, PLACE, STREET};
use super::model;
use super::tokens::{MAX_TOKENS, Shape, Token, read_line};
use crate::finding::RuleId;
use crate::kind::PiiType;
use crate::text::{Hit, Search};

const PERSON: RuleId = RuleId::new("person");
const PLACE_RULE: RuleId = RuleId::new("place");
const ORGANIZATION: RuleId = RuleId::new("organization");

/// How sure the scorer must be.
const SURE: [f32; model::TAGS] = [0.0, 0.68, 0.5, 0.55];

/// How sure it must be of words that are in no list.
const UNLISTED: f32 = 0.9;

/// How sure it must be of one such word.
const ALONE: f32 = 0.93;

/// How sure it must be of one word in small letters.
const LOWER: f32 = 0.86;

/// Appends the names in the text of `place`.
pub(crate) fn tag(place: &Search<'_>, out: &mut Vec<Hit>) {
    walk(
        place.text,
        &mut |features, _, _| model::score(features),
        &mut |kind, start, end, score| {
            let (kind, rule) = match kind {
                1 => (PiiType::Person, PERSON),
                2 => (PiiType::Location, PLACE_RULE),
                _ => (PiiType::Organization, ORGANIZATION),
            };
            if place.wants(kind) {
                // Between what a weak and what a strong rule of the other judges gives.
                out.push(Hit::new(start, end, kind, 0.5 + score * 0.25, rule));
            }
        },
    );
}

/// Goes through all words; `score` gives each candidate a tag, `found` gets the joined names.
pub(super) fn walk(
    text: &str,
    score: &mut dyn FnMut(&Features, usize, usize) -> (u8, f32),
    found: &mut dyn FnMut(u8, usize, usize, f32),
) {
    let mut tokens = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let end = memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |n| from + n);
        if features::is_code(&text[from..end]) {
            from = end + 1;
            continue;
        }
        let next = read_line(text, from, end, MAX_TOKENS, &mut tokens);
        line(text, &mut tokens, score, found);
        from = next.max(from + 1);
    }
}

/// Whether a line is worth the time of a slower reader: it is no code, and holds a word that may be
/// a part of a name, or three digits.
#[cfg(feature = "onnx")]
pub(crate) fn may_hold_names(line: &str) -> bool {
    let mut tokens = Vec::new();
    let end = line.len();
    if features::is_code(line) {
        return false;
    }
    read_line(line, 0, end, MAX_TOKENS, &mut tokens);
    line.bytes().filter(u8::is_ascii_digit).nth(2).is_some()
        || (0..tokens.len()).any(|i| features::is_candidate(&tokens, i, 0, line))
}

fn line(
    text: &str,
    tokens: &mut [Token],
    score: &mut dyn FnMut(&Features, usize, usize) -> (u8, f32),
    found: &mut dyn FnMut(u8, usize, usize, f32),
) {
    let mut before = 0;
    let mut manner = None;
    let mut open: Option<Name> = None;
    for i in 0..tokens.len() {
        let mut tag = 0;
        let mut sure = 0.0;
        if features::is_candidate(tokens, i, before, text) {
            let around = i.saturating_sub(2)..tokens.len().min(i + 3);
            for near in &mut tokens[around] {
                near.look_up(text);
            }
            let context = Context {
                text,
                tokens,
                manner: *manner.get_or_insert_with(|| features::manner(text, tokens)),
            };
            (tag, sure) = score(
                &features::of(&context, i, before),
                tokens[i].start,
                tokens[i].end,
            );
            if sure < SURE[usize::from(tag)] {
                tag = 0;
            }
        }
        open = match open {
            Some(name)
                if name.kind == tag && joins(text, tag, tokens[name.last].end, &tokens[i]) =>
            {
                Some(Name {
                    last: i,
                    best: name.best.max(sure),
                    ..name
                })
            }
            other => {
                if let Some(name) = other {
                    close(text, tokens, &name, found);
                }
                (tag != 0).then_some(Name {
                    kind: tag,
                    first: i,
                    last: i,
                    best: sure,
                })
            }
        };
        before = tag;
    }
    if let Some(name) = open {
        close(text, tokens, &name, found);
    }
}

/// Words of one tag that belong together.
struct Name {
    kind: u8,
    first: usize,
    last: usize,
    /// How sure the surest of its words is.
    best: f32,
}

/// Reports a name, unless it is too short to be one, or unlisted and unsure.
fn close(text: &str, tokens: &[Token], name: &Name, found: &mut dyn FnMut(u8, usize, usize, f32)) {
    let words = &tokens[name.first..=name.last];
    let listed = words
        .iter()
        .any(|t| t.has(FIRST | LAST | PLACE | COMPANY | STREET) && !t.has(COMMON));
    let person = name.kind == 1;
    let (listed, sure) = match words {
        // `PyPI`, `SARIF`: one word in no list that is not written like a name is none.
        [one] if person && matches!(one.shape, Shape::Upper | Shape::Mixed | Shape::Initial) => {
            (listed, f32::INFINITY)
        }
        // One word in small letters is a name only where the rest of the line says so.
        [one] if person && one.shape == Shape::Lower => (false, LOWER),
        [_] if person => (listed, ALONE),
        _ => (listed, UNLISTED),
    };
    if person && is_eponym(text, tokens, name) {
        return;
    }
    let (start, end) = (tokens[name.first].start, tokens[name.last].end);
    if end - start >= 3 && (listed || name.best >= sure) {
        found(name.kind, start, end, name.best);
    }
}

/// Whether a thing follows the name, or is a part of it: "Miller Fisher syndrome".
fn is_eponym(text: &str, tokens: &[Token], name: &Name) -> bool {
    let mut gap_from = tokens[name.last].end;
    let mut after = tokens[name.last + 1..].iter();
    let mut follower = after.next();
    // The "s" of a genitive is a word of its own.
    if let Some(s) = follower
        && s.end - s.start == 1
        && matches!(text.get(gap_from..s.end), Some("'s" | "’s"))
    {
        gap_from = s.end;
        follower = after.next();
    }
    let followed = follower
        .is_some_and(|t| text.get(gap_from..t.start) == Some(" ") && gazetteer::is_thing(t.hash));
    followed
        || tokens[name.first..=name.last]
            .iter()
            .any(|t| gazetteer::is_thing(t.hash))
}

/// Whether a word of the same tag belongs to the name that ends at `end`.
fn joins(text: &str, kind: u8, end: usize, token: &Token) -> bool {
    let between = text.get(end..token.start).unwrap_or("\n");
    match between {
        " " | "-" | "'" | "’" => true,
        // After an initial or an abbreviation; else a sentence ends there.
        ". " => {
            let word = text[..end].rsplit([' ', '.', '\n']).next().unwrap_or("");
            kind != 1 || word.chars().count() <= 3
        }
        ", " | " - " | "," | " , " | "/" | ", nº " => kind != 1,
        " & " | "." => kind == 3,
        _ => false,
    }
}
