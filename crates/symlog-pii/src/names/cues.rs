//! Persons where a cue makes it sure: titles, labels of forms, introductions, greetings.

use std::sync::LazyLock;

use super::gazetteer::{COMMON, COMPANY, FIRST, LAST, PLACE, STREET, flags};
use super::tokens::{Shape, Token, in_word, read_few};
use crate::finding::RuleId;
use crate::kind::PiiType;
use crate::rules::{Words, fold_hash};
use crate::text::Hit;

pub(crate) const CUE: RuleId = RuleId::new("person-cue");

/// The most words of a name.
const MAX_NAME: usize = 6;
/// How many signs may stand between a cue and a name.
const MAX_GAP: usize = 6;

/// What a word before a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    /// A name follows: `Mr.`, `Dr.`
    Title,
    /// A name follows a colon: `Name:`, `Patient:`, `From:`
    Label,
    /// `my name is`
    Is,
    /// A name follows if it is a known one: `Dear`, `patient`, `signed`
    Weak,
}

const TITLES: &str =
    "mr mrs ms mx dr prof mme mlle sr sra srta dña herr frau pani señor señora doctor doctora";
const LABELS: &str = "name patient from to cc contact signed attn attention author client customer employee user physician provider \
    doctor surgeon nurse guardian spouse mother father nombre apellidos paciente médico nazwisko pacjent lekarz nom prénom \
    vorname nachname kunde remitido applicant student recipient sender insured beneficiary cardholder dr dra";
const WEAK: &str = "dear hi hello hey patient regards sincerely thanks cheers signed by named called querido estimado liebe lieber \
    cher chère am";

fn cue_of(hash: u64) -> Option<Cue> {
    static CUES: LazyLock<Words<Cue>> = LazyLock::new(|| {
        let words = |text: &'static str, cue| {
            text.split_whitespace()
                .map(move |w| (fold_hash(w.as_bytes()), cue))
        };
        // Of a word in several lists the last one counts.
        Words::new(
            words(WEAK, Cue::Weak)
                .chain(words(LABELS, Cue::Label))
                .chain(words(TITLES, Cue::Title)),
        )
    });
    CUES.get(hash).copied()
}

/// Whether [`judge`] may find something: a word that may be a cue ends `gap` bytes before `name`.
#[inline]
pub(crate) fn may_follow_cue(text: &str, name: usize, gap: usize) -> bool {
    let before = name
        .checked_sub(gap)
        .and_then(|end| text.as_bytes()[..end].last_chunk());
    match before {
        Some([a, b, c]) => {
            let class = |byte: &u8| CLASS[usize::from(*byte)];
            gap <= MAX_GAP && is_ending(ending(class(a), class(b), class(c)))
        }
        // At the beginning of the text.
        None => true,
    }
}

/// Judges the capital at `name` as the beginning of a name, by the cue before it.
#[inline]
pub(crate) fn judge(text: &str, name: usize, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let Some(before) = name.checked_sub(1).map(|i| bytes[i]) else {
        return;
    };
    // Mostly a word and a blank stand before it.
    if let (b' ', Some([.., a, b, c, _])) = (before, bytes.get(..name))
        && in_word(*c)
    {
        if is_ending(ending(
            CLASS[*a as usize],
            CLASS[*b as usize],
            CLASS[*c as usize],
        )) {
            judge_after(text, name, name - 1, out);
        }
    } else if matches!(before, b' ' | b'"' | b'\'' | b'.' | b':' | b'*') {
        let mut end = name - 1;
        while end > 0 && name - end < MAX_GAP && !in_word(bytes[end - 1]) && bytes[end - 1] != b'\n'
        {
            end -= 1;
        }
        if may_end_cue(&bytes[..end]) {
            judge_after(text, name, end, out);
        }
    }
}

/// Whether a text can end with a cue. It is false for none.
#[inline]
fn may_end_cue(text: &[u8]) -> bool {
    let letter = |back: usize| {
        let byte = text.len().checked_sub(back).map_or(b' ', |i| text[i]);
        CLASS[usize::from(byte)]
    };
    is_ending(ending(letter(3), letter(2), letter(1)))
}

#[inline]
fn is_ending(bit: usize) -> bool {
    ENDINGS[bit / 64] >> (bit % 64) & 1 == 1
}

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = class(i as u8);
        i += 1;
    }
    table
};

/// 1 to 26 for letters, 0 for signs, 31 for the rest.
const fn class(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() {
        byte & 31
    } else if in_word(byte) {
        31
    } else {
        0
    }
}

const fn ending(a: u8, b: u8, c: u8) -> usize {
    (a as usize) << 10 | (b as usize) << 5 | c as usize
}

/// The last letters of all cues; of shorter ones with the sign before them.
static ENDINGS: [u64; 512] = {
    let mut bits = [0; 512];
    let lists = [TITLES, LABELS, WEAK, "is"];
    let mut list = 0;
    while list < lists.len() {
        let text = lists[list].as_bytes();
        let mut at = 2;
        while at <= text.len() {
            if at == text.len() || text[at] == b' ' {
                let first = if at > 2 { class(text[at - 3]) } else { 0 };
                let bit = ending(first, class(text[at - 2]), class(text[at - 1]));
                bits[bit / 64] |= 1 << (bit % 64);
            }
            at += 1;
        }
        list += 1;
    }
    bits
};

/// Judges the capital at `name` by the word that ends at `end`, with signs between them.
#[inline(never)]
fn judge_after(text: &str, name: usize, end: usize, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let gap = name - end;
    let len = bytes[..end]
        .iter()
        .rev()
        .take(16)
        .take_while(|b| in_word(**b))
        .count();
    if !(2..=12).contains(&len) {
        return;
    }
    let start = end - len;
    let word = &bytes[start..end];
    let Some(cue) = (if word == b"is" {
        Some(Cue::Is)
    } else {
        cue_of(fold_hash(word))
    }) else {
        return;
    };
    let gap_text = text.get(end..end + gap).unwrap_or("\n");
    let known = match cue {
        Cue::Is if gap_text == " " && said_name(&bytes[..start]) => false,
        Cue::Title
            if word[0].is_ascii_uppercase()
                && matches!(gap_text, " " | ". " | ".")
                && !in_address(text, start) =>
        {
            false
        }
        Cue::Label | Cue::Title
            if gap <= 5
                && gap_text
                    .trim_start_matches(['*', '"', '\''])
                    .starts_with(':') =>
        {
            let label = word[0].is_ascii_uppercase()
                || start == 0
                || bytes[start - 1] == b'\n'
                || gap_text.contains('"');
            !label
        }
        // "from Mercy General" is no sender.
        Cue::Label if matches!(word, b"from" | b"to" | b"contact" | b"name" | b"cc") => return,
        Cue::Weak | Cue::Label if matches!(gap_text, " " | ", ") => true,
        _ => return,
    };
    // `name: "Slack Webhook"`: things have names too, in code.
    let known = known
        || (matches!(cue, Cue::Label)
            && word.eq_ignore_ascii_case(b"name")
            && (gap_text.contains('"') || word == b"name")
            && !patient(&bytes[..start]));
    let mut tokens = [Token::NONE; MAX_NAME];
    if known {
        let [first, ..] = &mut tokens;
        let one = std::slice::from_mut(first);
        if read_few(text, end + gap, one) == 0 || !first.has(FIRST) || first.has(COMMON) {
            return;
        }
    }
    let count = read_few(text, end + gap, &mut tokens);
    let tokens = &tokens[..count];
    // "My name is Dan", "Mr. May": also a name that is a word.
    let certain = cue == Cue::Is || (cue == Cue::Title && !gap_text.contains(':'));
    if let Some((first, last)) = name_at(text, tokens, known, certain) {
        out.push(Hit::new(
            tokens[first].start,
            tokens[last].end,
            PiiType::Person,
            0.85,
            CUE,
        ));
    }
}

/// Whether the title is a part of a street's name: "Avda. Dr. Fleming", "C/ Doctor Martín".
fn in_address(text: &str, title: usize) -> bool {
    let line = text[..title].trim_end_matches([' ', '.', '/']);
    let word = line.rsplit([' ', '\n']).next().unwrap_or("");
    word.starts_with(char::is_uppercase)
        && flags(fold_hash(word.to_lowercase().as_bytes())) & STREET != 0
}

/// Whether a word for a person stands before a label "name".
fn patient(before: &[u8]) -> bool {
    [
        "patient", "first", "last", "full", "customer", "employee", "my", "his", "her",
    ]
    .iter()
    .any(|word| {
        let rest = before.trim_ascii_end();
        rest.len() >= word.len()
            && rest[rest.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
    })
}

/// Whether "name " ends here, as in "my name is".
fn said_name(before: &[u8]) -> bool {
    before.len() >= 5 && before[before.len() - 5..].eq_ignore_ascii_case(b"name ")
}

/// A name of one to four words that begins with the first word. `known` asks for words from the lists.
fn name_at(text: &str, tokens: &[Token], known: bool, certain: bool) -> Option<(usize, usize)> {
    const PARTICLES: [&str; 14] = [
        "de", "del", "la", "van", "von", "der", "den", "da", "di", "dos", "bin", "al", "el", "y",
    ];
    let mut last = None;
    let mut listed = 0;
    let mut strong = 0;
    let mut count = 0;
    let mut at = 0;
    while at < tokens.len() && at < MAX_NAME {
        let token = &tokens[at];
        let word = &text[token.start..token.end];
        if at > 0 {
            let gap = text.get(tokens[at - 1].end..token.start).unwrap_or("\n");
            let joined = matches!(gap, " " | "-" | "'" | "’")
                || (gap == ". " && tokens[at - 1].shape == Shape::Initial);
            if !joined {
                break;
            }
        }
        if PARTICLES.contains(&word) && at > 0 {
            at += 1;
            continue;
        }
        let name = matches!(token.shape, Shape::Title | Shape::Initial)
            || (token.shape == Shape::Mixed && token.has(LAST))
            || (token.shape == Shape::Upper && token.has(FIRST | LAST));
        if !name || token.end - token.start > 24 {
            break;
        }
        count += 1;
        listed += usize::from(token.has(FIRST | LAST));
        strong += usize::from(token.has(FIRST | LAST) && !token.has(COMMON));
        last = Some(at);
        at += 1;
    }
    let last = last?;
    let first = tokens.first()?;
    // "Dr. Martin Clinic", "patient Care Center"
    if tokens.get(last + 1).is_some_and(|next| {
        next.has(COMPANY) && next.capital() && text.get(tokens[last].end..next.start) == Some(" ")
    }) || (tokens[last].has(COMPANY) && !tokens[last].has(LAST))
    {
        return None;
    }
    let place = first.has(PLACE) && !first.has(FIRST) && count == 1;
    let sure = if known {
        strong > 0 && first.has(FIRST) && !first.has(COMMON)
    } else if certain && listed > 0 && !first.has(STREET) {
        !place
    } else {
        (listed > 0 || count >= 2) && strong + usize::from(count >= 2) > 0 && !place
    };
    // `Name: String`, `user: User::new()`
    let code = matches!(
        tokens[last].about().after,
        b'(' | b'<' | b'{' | b'[' | b'_' | b'=' | b':'
    ) && count == 1;
    let initials = first.shape == Shape::Initial && (known || count < 2);
    (sure && !code && !initials).then_some((0, last))
}
