//! Patterns of rules: a subset of regular-expression syntax, matched at one place, in a bounded
//! window, with a bounded number of steps.
//!
//! Literals, `.`, classes, `\d \w \s`, groups, `|`, `? * + {m} {m,} {m,n}`, and `(?i)` at the
//! beginning. What it matches is what a leftmost-first regex engine matches when it is anchored.

use thiserror::Error;

/// Why a pattern does not compile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PatternError {
    #[error("unexpected end")]
    End,
    #[error("{0:?} cannot stand at byte {1}")]
    Unexpected(char, usize),
    #[error(
        "a repetition must be {{m}}, {{m,}} or {{m,n}} with m <= n <= 4096, m <= 32 for a group"
    )]
    Repetition,
    #[error("only ASCII can be matched")]
    NotAscii,
}

/// `*` and `+` mean at most this many.
const MANY: u16 = 4096;
/// A repeated group may repeat this often; each time costs stack.
const MANY_GROUPS: u16 = 32;
/// How many first characters of a match are told without trying.
pub(crate) const LEAD: usize = 12;
/// Steps after which a match is given up.
const BUDGET: u32 = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Set(Set),
    Repeat(Box<Node>, u16, u16),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
}

/// A set of ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set(u128);

/// `\d`.
const DIGITS: Set = Set(0x3ff << b'0');

impl Set {
    #[inline]
    pub(crate) const fn has(self, byte: u8) -> bool {
        // Two words are quicker to look into than one of 128 bits is to shift.
        let half = if byte < 64 {
            self.0 as u64
        } else {
            (self.0 >> 64) as u64
        };
        byte < 128 && half >> (byte & 63) & 1 == 1
    }

    fn add(&mut self, from: u8, to: u8) {
        for byte in from..=to {
            self.0 |= 1 << byte;
        }
    }

    fn fold(self) -> Self {
        let mut out = self;
        for byte in b'a'..=b'z' {
            let upper = byte.to_ascii_uppercase();
            if self.has(byte) || self.has(upper) {
                out.0 |= 1 << byte | 1 << upper;
            }
        }
        out
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    root: Vec<Node>,
    first: Set,
    prefix: String,
    min_len: u8,
    min_digits: u8,
    /// What each of the first bytes of a match may be, up to the end of the shortest.
    lead: Vec<Set>,
}

impl Pattern {
    pub(crate) fn new(source: &str) -> Result<Self, PatternError> {
        if !source.is_ascii() {
            return Err(PatternError::NotAscii);
        }
        let (body, fold) = match source.strip_prefix("(?i)") {
            Some(body) => (body, true),
            None => (source, false),
        };
        let mut parser = Parser {
            source: body.as_bytes(),
            at: 0,
            fold,
        };
        let node = parser.either()?;
        if parser.at < body.len() {
            return Err(PatternError::Unexpected(
                char::from(body.as_bytes()[parser.at]),
                parser.at,
            ));
        }
        let root = match node {
            Node::Sequence(nodes) => nodes,
            node => vec![node],
        };
        let mut first = Set::default();
        firsts(&root, &mut first);
        let prefix = literal_prefix(&root);
        let min_len = u8::try_from(fewest(&root, |_| true)).unwrap_or(u8::MAX);
        let digit = |set: Set| set.0 & !DIGITS.0 == 0;
        let min_digits = u8::try_from(fewest(&root, digit)).unwrap_or(u8::MAX);
        let lead = lead(&root, min_len);
        Ok(Self {
            root,
            first,
            prefix,
            min_len,
            min_digits,
            lead,
        })
    }

    /// Whether a match may begin with `byte`.
    pub(crate) fn may_begin(&self, byte: u8) -> bool {
        self.first.has(byte)
    }

    /// Whether the byte of a match at `place` may be `byte`, as far as its first bytes are known.
    pub(crate) fn may_have(&self, place: usize, byte: u8) -> bool {
        (place > 0 || self.first.has(byte)) && self.lead.get(place).is_none_or(|set| set.has(byte))
    }

    /// Whether the first bytes of `text` allow a match; cheaper than trying.
    #[inline]
    pub(crate) fn may_match(&self, text: &[u8]) -> bool {
        text.len() >= self.lead.len()
            && text.first().is_some_and(|b| self.first.has(*b))
            && self.lead.iter().zip(text).all(|(set, b)| set.has(*b))
    }

    /// The length of the shortest match, at most 255.
    pub(crate) fn min_len(&self) -> u8 {
        self.min_len
    }

    /// The length of the longest match.
    pub(crate) fn most_len(&self) -> usize {
        most(&self.root, |_| true)
    }

    /// How many digits a match has at most.
    pub(crate) fn most_digits(&self) -> usize {
        most(&self.root, |set| set.0 & DIGITS.0 != 0)
    }

    /// How many digits a match has at least, at most 255.
    pub(crate) fn min_digits(&self) -> u8 {
        self.min_digits
    }

    /// The characters that every match begins with, as far as there is but one choice.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The end of the match that begins at `start`, if one does whose end `accept` takes.
    pub(crate) fn matches_at(
        &self,
        text: &[u8],
        start: usize,
        accept: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut end = None;
        let mut run = Run { text, steps: 0 };
        run.sequence(&self.root, start, &mut |_, at| {
            let taken = accept(at);
            if taken {
                end = Some(at);
            }
            taken
        });
        end
    }
}

fn firsts(nodes: &[Node], out: &mut Set) -> bool {
    for node in nodes {
        let may_be_empty = match node {
            Node::Set(set) => {
                out.0 |= set.0;
                false
            }
            Node::Repeat(inner, min, _) => firsts(std::slice::from_ref(inner), out) || *min == 0,
            Node::Sequence(inner) => firsts(inner, out),
            Node::Either(arms) => {
                let mut empty = false;
                for arm in arms {
                    empty |= firsts(std::slice::from_ref(arm), out);
                }
                empty
            }
        };
        if !may_be_empty {
            return false;
        }
    }
    true
}

/// The sets of characters that a match may have at its first places.
fn lead(nodes: &[Node], min_len: u8) -> Vec<Set> {
    let mut sets = vec![Set::default(); LEAD.min(usize::from(min_len))];
    spread(nodes, 1, &mut sets);
    sets
}

/// Adds what `nodes` may match to the sets of the places at which they may begin, a bit for each.
/// Returns those at which they may end.
fn spread(nodes: &[Node], begins: u64, sets: &mut [Set]) -> u64 {
    // Further places are not told.
    let known = (1 << sets.len()) - 1;
    nodes.iter().fold(begins, |begins, node| match node {
        Node::Set(set) => {
            for (place, known) in sets.iter_mut().enumerate() {
                if begins >> place & 1 == 1 {
                    known.0 |= set.0;
                }
            }
            begins << 1 & known
        }
        Node::Sequence(nodes) => spread(nodes, begins, sets),
        Node::Either(arms) => arms.iter().fold(0, |ends, arm| {
            ends | spread(std::slice::from_ref(arm), begins, sets)
        }),
        Node::Repeat(inner, min, max) => {
            let mut ends = if *min == 0 { begins } else { 0 };
            let mut at = begins;
            for time in 1..=*max {
                let next = spread(std::slice::from_ref(inner), at, sets);
                // Further times tell nothing new.
                let settled = next == at || next == 0;
                at = next;
                if time >= *min || settled {
                    ends |= at;
                }
                if settled {
                    break;
                }
            }
            ends
        }
    })
}

/// How many characters a match has at least that are of a set which `counts`.
fn fewest(nodes: &[Node], counts: impl Fn(Set) -> bool + Copy) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Set(set) => usize::from(counts(*set)),
            Node::Repeat(inner, min, _) => {
                usize::from(*min) * fewest(std::slice::from_ref(inner), counts)
            }
            Node::Sequence(inner) => fewest(inner, counts),
            Node::Either(arms) => arms
                .iter()
                .map(|arm| fewest(std::slice::from_ref(arm), counts))
                .min()
                .unwrap_or(0),
        })
        .sum()
}

fn most(nodes: &[Node], counts: impl Fn(Set) -> bool + Copy) -> usize {
    let each = nodes.iter().map(|node| match node {
        Node::Set(set) => usize::from(counts(*set)),
        Node::Repeat(inner, _, max) => {
            usize::from(*max) * most(std::slice::from_ref(inner), counts)
        }
        Node::Sequence(inner) => most(inner, counts),
        Node::Either(arms) => {
            let arms = arms
                .iter()
                .map(|arm| most(std::slice::from_ref(arm), counts));
            arms.max().unwrap_or(0)
        }
    });
    each.fold(0, usize::saturating_add)
}

fn literal_prefix(nodes: &[Node]) -> String {
    let mut out = String::new();
    for node in nodes {
        match node {
            Node::Set(set) if set.0.count_ones() == 1 => {
                out.push(char::from(set.0.trailing_zeros() as u8))
            }
            _ => break,
        }
    }
    out
}

struct Parser<'s> {
    source: &'s [u8],
    at: usize,
    fold: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, PatternError> {
        let byte = self.peek().ok_or(PatternError::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn either(&mut self) -> Result<Node, PatternError> {
        let mut arms = vec![self.sequence()?];
        while self.peek() == Some(b'|') {
            self.at += 1;
            arms.push(self.sequence()?);
        }
        Ok(if arms.len() == 1 {
            arms.remove(0)
        } else {
            Node::Either(arms)
        })
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let atom = self.atom()?;
            nodes.push(self.quantified(atom)?);
        }
        Ok(Node::Sequence(nodes))
    }

    fn atom(&mut self) -> Result<Node, PatternError> {
        let at = self.at;
        let set = match self.next()? {
            b'(' => {
                if self.source[self.at..].starts_with(b"?:") {
                    self.at += 2;
                }
                let node = self.either()?;
                if self.next()? != b')' {
                    return Err(PatternError::Unexpected('(', at));
                }
                return Ok(node);
            }
            b'[' => self.class()?,
            b'.' => {
                let mut set = Set(u128::MAX);
                set.0 &= !(1 << b'\n');
                set
            }
            b'\\' => self.escape()?,
            byte @ (b'*' | b'+' | b'?' | b'{' | b'}' | b']' | b'^' | b'$') => {
                return Err(PatternError::Unexpected(char::from(byte), at));
            }
            byte => Set(1 << byte),
        };
        Ok(Node::Set(if self.fold { set.fold() } else { set }))
    }

    fn escape(&mut self) -> Result<Set, PatternError> {
        let mut set = Set::default();
        match self.next()? {
            b'd' => set.add(b'0', b'9'),
            b'w' => {
                set.add(b'0', b'9');
                set.add(b'A', b'Z');
                set.add(b'a', b'z');
                set.add(b'_', b'_');
            }
            b's' => {
                set.add(b'\t', b'\t');
                set.add(11, 13);
                set.add(b' ', b' ');
            }
            b'n' => set.add(b'\n', b'\n'),
            b't' => set.add(b'\t', b'\t'),
            byte if byte.is_ascii_alphanumeric() => {
                return Err(PatternError::Unexpected(char::from(byte), self.at - 1));
            }
            byte => set.add(byte, byte),
        }
        Ok(set)
    }

    fn class(&mut self) -> Result<Set, PatternError> {
        let negated = self.peek() == Some(b'^');
        self.at += usize::from(negated);
        let mut set = Set::default();
        loop {
            let at = self.at;
            match self.next()? {
                b']' if at > 0 && set != Set::default() => break,
                b'\\' => set.0 |= self.escape()?.0,
                from => {
                    let range = self.peek() == Some(b'-')
                        && self.source.get(self.at + 1).is_some_and(|b| *b != b']');
                    let to = if range {
                        self.at += 1;
                        self.next()?
                    } else {
                        from
                    };
                    if to < from {
                        return Err(PatternError::Unexpected(char::from(to), self.at - 1));
                    }
                    set.add(from, to);
                }
            }
        }
        // Nothing is found across the end of a line, which a stream may have let go already.
        Ok(if negated {
            Set(!set.0 & !(1 << b'\n'))
        } else {
            set
        })
    }

    fn quantified(&mut self, atom: Node) -> Result<Node, PatternError> {
        let (min, max) = match self.peek() {
            Some(b'?') => (0, 1),
            Some(b'*') => (0, MANY),
            Some(b'+') => (1, MANY),
            Some(b'{') => {
                let close = self.source[self.at..]
                    .iter()
                    .position(|b| *b == b'}')
                    .ok_or(PatternError::End)?;
                let inside = std::str::from_utf8(&self.source[self.at + 1..self.at + close])
                    .map_err(|_| PatternError::NotAscii)?;
                let number = |text: &str| text.parse::<u16>().map_err(|_| PatternError::Repetition);
                let (min, max) = match inside.split_once(',') {
                    None => (number(inside)?, number(inside)?),
                    Some((min, "")) => (number(min)?, MANY),
                    Some((min, max)) => (number(min)?, number(max)?),
                };
                if min > max || max > MANY {
                    return Err(PatternError::Repetition);
                }
                self.at += close;
                (min, max)
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        let most = if matches!(atom, Node::Set(_)) {
            MANY
        } else {
            MANY_GROUPS
        };
        if min > most {
            return Err(PatternError::Repetition);
        }
        Ok(Node::Repeat(Box::new(atom), min, max.min(most)))
    }
}

struct Run<'t> {
    text: &'t [u8],
    steps: u32,
}

type Continue<'a, 't> = &'a mut dyn FnMut(&mut Run<'t>, usize) -> bool;

impl<'t> Run<'t> {
    fn sequence(&mut self, nodes: &[Node], mut at: usize, then: Continue<'_, 't>) -> bool {
        self.steps += 1;
        if self.steps > BUDGET {
            return false;
        }
        // Sets, which are most nodes, need no way back.
        let mut rest = nodes;
        while let [Node::Set(set), tail @ ..] = rest {
            if !self.text.get(at).is_some_and(|b| set.has(*b)) {
                return false;
            }
            at += 1;
            rest = tail;
        }
        match rest {
            [] => then(self, at),
            [node, tail @ ..] => self.node(node, at, &mut |run, at| run.sequence(tail, at, then)),
        }
    }

    fn node(&mut self, node: &Node, at: usize, then: Continue<'_, 't>) -> bool {
        match node {
            Node::Set(set) => self.text.get(at).is_some_and(|b| set.has(*b)) && then(self, at + 1),
            Node::Sequence(nodes) => self.sequence(nodes, at, then),
            Node::Either(arms) => arms.iter().any(|arm| self.node(arm, at, then)),
            Node::Repeat(inner, min, max) => match **inner {
                Node::Set(set) => {
                    let rest = &self.text[at.min(self.text.len())..];
                    let most = rest
                        .iter()
                        .take(usize::from(*max))
                        .take_while(|b| set.has(**b))
                        .count();
                    (usize::from(*min)..=most).rev().any(|n| then(self, at + n))
                }
                _ => self.repeat(inner, *min, *max, at, then),
            },
        }
    }

    fn repeat(
        &mut self,
        inner: &Node,
        min: u16,
        max: u16,
        at: usize,
        then: Continue<'_, 't>,
    ) -> bool {
        self.steps += 1;
        if self.steps > BUDGET {
            return false;
        }
        if max > 0 {
            let more = self.node(inner, at, &mut |run, next| {
                next > at && run.repeat(inner, min.saturating_sub(1), max - 1, next, then)
            });
            if more {
                return true;
            }
        }
        min == 0 && then(self, at)
    }
}

#[cfg(test)]
mod tests;
