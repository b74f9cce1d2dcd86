//! Tags the words of a text and joins them to names.

use super::features::{self, Context, Features};
use super::gazetteer::{COMMON, COMPANY, FIRST, LAST, PLACE, STREET};
use super::model;
use super::tokens::{MAX_TOKENS, Token, read_line};
use crate::finding::RuleId;
use crate::kind::PiiType;
use crate::text::{Hit, Search};

const PERSON: RuleId = RuleId::new("person");
const PLACE_RULE: RuleId = RuleId::new("place");
const ORGANIZATION: RuleId = RuleId::new("organization");

/// How sure the scorer must be.
const SURE: [f32; model::TAGS] = [0.0, 0.55, 0.5, 0.5];

/// How sure it must be of words that are in no list.
const UNLISTED: f32 = 0.8;

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
        let next = read_line(text, from, MAX_TOKENS, &mut tokens);
        line(
            &Context {
                text,
                tokens: &tokens,
            },
            score,
            found,
        );
        from = next.max(from + 1);
    }
}

fn line(
    context: &Context<'_>,
    score: &mut dyn FnMut(&Features, usize, usize) -> (u8, f32),
    found: &mut dyn FnMut(u8, usize, usize, f32),
) {
    let mut before = 0;
    let mut open: Option<(u8, usize, usize, f32)> = None;
    for (i, token) in context.tokens.iter().enumerate() {
        let mut tag = 0;
        let mut sure = 0.0;
        if features::is_candidate(context.tokens, i, before) {
            (tag, sure) = score(&features::of(context, i, before), token.start, token.end);
            if sure < SURE[usize::from(tag)] {
                tag = 0;
            }
        }
        open = match open {
            Some((kind, start, end, best))
                if kind == tag && joins(context.text, kind, end, token) =>
            {
                Some((kind, start, token.end, best.max(sure)))
            }
            other => {
                if let Some((kind, start, end, best)) = other {
                    close(context, kind, start, end, best, found);
                }
                (tag != 0).then_some((tag, token.start, token.end, sure))
            }
        };
        before = tag;
    }
    if let Some((kind, start, end, best)) = open {
        close(context, kind, start, end, best, found);
    }
}

/// Reports a name, unless it is too short to be one, or unlisted and unsure.
fn close(
    context: &Context<'_>,
    kind: u8,
    start: usize,
    end: usize,
    best: f32,
    found: &mut dyn FnMut(u8, usize, usize, f32),
) {
    let listed = context.tokens.iter().any(|t| {
        t.start >= start
            && t.end <= end
            && t.flags & (FIRST | LAST | PLACE | COMPANY | STREET) != 0
            && t.flags & COMMON == 0
    });
    if end - start >= 3 && (listed || best >= UNLISTED) {
        found(kind, start, end, best);
    }
}

/// Whether a word of the same tag belongs to the name that ends at `end`.
fn joins(text: &str, kind: u8, end: usize, token: &Token) -> bool {
    let between = text.get(end..token.start).unwrap_or("\n");
    match between {
        " " | "-" | "'" | ". " | "’" => true,
        ", " | " - " | "," | " , " | "/" | ", nº " => kind != 1,
        " & " | "." => kind == 3,
        _ => false,
    }
}
