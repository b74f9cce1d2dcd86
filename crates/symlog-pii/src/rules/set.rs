//! All rules, compiled, and indexed by what makes each worth a try.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::file::{self, RuleEntry};
use super::lexicon::{Words, fold_hash, head_of};
use super::pattern::Pattern;
use super::verify::Verifier;
use crate::checks::{self, Check};
use crate::error::{BuildError, RuleProblem};
use crate::finding::RuleId;
use crate::kind::PiiType;

/// So many characters that are always the same tell where something begins.
const MIN_PREFIX: usize = 3;
/// The shortest token that is looked at for its shape.
pub(crate) const MIN_TOKEN: usize = 10;

/// The built-in rule files.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "rules/identifiers.toml",
        include_str!("../../rules/identifiers.toml"),
    ),
    (
        "rules/national.toml",
        include_str!("../../rules/national.toml"),
    ),
    ("rules/tokens.toml", include_str!("../../rules/tokens.toml")),
    (
        "rules/vendors.toml",
        include_str!("../../rules/vendors.toml"),
    ),
];

/// Rules that are code: what they find has no pattern.
pub(super) const JUDGES: [&str; 36] = [
    "age",
    "coordinates",
    "coordinates-dms",
    "data-uri",
    "date",
    "date-named",
    "date-of-birth",
    "deny-list",
    "detector-failed",
    "email",
    "email-spoken",
    "field",
    "generic-secret",
    "ipv4",
    "ipv6",
    "jwt",
    "mac",
    "onnx",
    "organization",
    "password-said",
    "credential-user",
    "pem",
    "person",
    "person-again",
    "person-cue",
    "person-field",
    "place",
    "place-field",
    "sensitive-key",
    "url",
    "url-credentials",
    "username-cue",
    "username-field",
    "username-handle",
    "uuid",
    "year",
];

/// A compiled rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    pub(crate) kind: PiiType,
    pub(crate) check: Option<Check>,
    pub(crate) score: f32,
    pub(crate) context: f32,
    pub(crate) trigger: Trigger,
    /// It only keeps other number rules from the same place.
    pub(crate) decoy: bool,
    patterns: Vec<Pattern>,
    min_len: u8,
    min_digits: u8,
}

/// What makes a rule worth a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A word with a digit in it.
    Number,
    /// The characters with which it begins.
    Prefix,
    /// A token that looks random, after a keyword.
    Token,
}

/// Where a rule file is from, for messages.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// The rules for which a keyword speaks, and the words that must stand before it.
#[derive(Debug, Clone)]
pub(crate) struct Keyword {
    /// The head of the keyword's last word.
    pub(crate) head: u64,
    pub(crate) rules: Vec<u16>,
    /// Earlier words of a keyword of several, last first, with the rules they speak for.
    pub(crate) phrases: Vec<(Vec<u64>, u16)>,
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleSet {
    rules: Vec<Rule>,
    ids: HashSet<String>,
    /// By the hash of a keyword's last word.
    keywords: HashMap<u64, Keyword>,
    /// Rules by their first three characters.
    prefixes: HashMap<[u8; 3], Vec<u16>>,
    prefix_bits: Vec<u64>,
    /// Those of users' rules, which are looked for everywhere: such a word may be of any length.
    sought: Sought,
}

/// Characters with which something begins, and the rule that each speaks for.
#[derive(Debug, Clone, Default)]
struct Sought {
    literals: Vec<(String, u16)>,
    finder: Option<AhoCorasick>,
}

impl Rule {
    /// Whether a match may begin with `byte`.
    pub(crate) fn may_begin(&self, byte: u8) -> bool {
        self.patterns.iter().any(|pattern| pattern.may_begin(byte))
    }

    /// The length of the shortest match.
    pub(crate) fn min_len(&self) -> u8 {
        self.min_len
    }

    /// The fewest digits of a match.
    pub(crate) fn min_digits(&self) -> u8 {
        self.min_digits
    }

    /// What it finds: a match of any of these.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The end of the match at `start`, checked, if one ends where `accept` allows.
    pub(crate) fn matches_at(
        &self,
        text: &str,
        start: usize,
        accept: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let bytes = text.as_bytes();
        let rest = bytes.get(start..)?;
        self.patterns
            .iter()
            .filter(|pattern| pattern.may_match(rest))
            .find_map(|pattern| {
                pattern.matches_at(bytes, start, |end| {
                    accept(end)
                        && self.check.is_none_or(|check| {
                            text.get(start..end).is_some_and(|t| checks::run(check, t))
                        })
                })
            })
    }
}

impl RuleSet {
    /// The built-in rules, compiled at the first call.
    pub(crate) fn built_in() -> &'static RuleSet {
        static SET: OnceLock<RuleSet> = OnceLock::new();
        SET.get_or_init(|| {
            // A set without rules would mask nothing, so there is no going on without them. The
            // tests of this crate compile the same bytes.
            Self::compile_some(|_| true).expect("the built-in rules compile")
        })
    }

    /// Those of the built-in rules that `keep` takes by their number.
    pub(super) fn compile_some(keep: impl Fn(usize) -> bool) -> Result<RuleSet, BuildError> {
        let mut set = RuleSet {
            prefix_bits: vec![0; 1024],
            ..RuleSet::default()
        };
        let mut seen = 0;
        for (file, text) in BUILT_IN {
            for (line, entry) in file::parse(file, text)? {
                if keep(seen) {
                    set.add(&entry, false)
                        .map_err(|p| file::problem(file, line, &entry.id, p))?;
                }
                seen += 1;
            }
        }
        Ok(set)
    }

    /// The built-in rules and those of further files.
    pub(crate) fn compile(more: &[Source]) -> Result<RuleSet, BuildError> {
        // Cloned: to compile them again takes a hundred times as long.
        let mut set = Self::built_in().clone();
        let mut own = Vec::new();
        for source in more {
            for (line, entry) in file::parse(&source.file, &source.text)? {
                set.add(&entry, true)
                    .map_err(|p| file::problem(&source.file, line, &entry.id, p))?;
                own.push((&source.file, line, entry));
            }
        }
        set.sought.finish()?;
        // The built-in ones are held against theirs by the tests of this crate.
        let verifier = Verifier::new(&set);
        for (file, line, entry) in &own {
            verifier
                .check(entry)
                .map_err(|p| file::problem(file, *line, &entry.id, p))?;
        }
        Ok(set)
    }

    fn add(&mut self, entry: &RuleEntry, of_user: bool) -> Result<(), RuleProblem> {
        if !self.ids.insert(entry.id.clone()) {
            return Err(RuleProblem::DuplicateId);
        }
        let patterns: Vec<Pattern> = entry
            .pattern
            .as_slice()
            .iter()
            .map(|source| Pattern::new(source).map_err(|e| RuleProblem::Pattern(Box::new(e))))
            .collect::<Result<_, _>>()?;
        if patterns.is_empty() {
            return Err(RuleProblem::Empty);
        }
        let check = match &entry.check {
            None => None,
            Some(name) => Some(
                checks::by_name(name).ok_or_else(|| RuleProblem::UnknownCheck {
                    name: name.clone(),
                    known: checks::names(),
                })?,
            ),
        };
        let index = u16::try_from(self.rules.len()).unwrap_or(u16::MAX);
        let secret = matches!(
            entry.kind,
            PiiType::Secret
                | PiiType::Jwt
                | PiiType::PrivateKey
                | PiiType::CryptoWallet
                | PiiType::Custom
        );
        let min_len = patterns.iter().map(Pattern::min_len).min().unwrap_or(0);
        let min_digits = patterns.iter().map(Pattern::min_digits).min().unwrap_or(0);
        let begins = patterns.iter().all(|p| p.prefix().len() >= MIN_PREFIX);
        let most_len = patterns.iter().map(Pattern::most_len).max().unwrap_or(0);
        let most_digits = patterns.iter().map(Pattern::most_digits).max().unwrap_or(0);
        let token = entry.kind == PiiType::Secret && most_len >= MIN_TOKEN;
        let trigger = match of_user {
            // One that needs a keyword is not found by its first characters alone.
            true if begins && entry.score > 0.0 => Trigger::Prefix,
            false if begins && secret => Trigger::Prefix,
            false if entry.kind == PiiType::Secret => Trigger::Token,
            true if token => Trigger::Token,
            // Shorter numbers are not looked at.
            true if most_digits < 2 || (most_digits == 2 && most_len < 6) => {
                return Err(RuleProblem::NeverTried);
            }
            _ => Trigger::Number,
        };
        match trigger {
            Trigger::Prefix if of_user => {
                for pattern in &patterns {
                    let prefix = pattern.prefix().to_owned();
                    self.sought.literals.push((prefix, index));
                }
            }
            Trigger::Prefix => {
                for pattern in &patterns {
                    let [a, b, c, ..] = pattern.prefix().as_bytes() else {
                        continue;
                    };
                    let list = self.prefixes.entry([*a, *b, *c]).or_default();
                    if !list.contains(&index) {
                        list.push(index);
                    }
                    let bit = prefix_bit(*a, *b, *c);
                    self.prefix_bits[bit / 64] |= 1 << (bit % 64);
                }
            }
            Trigger::Number | Trigger::Token => {}
        }
        for keyword in &entry.keywords {
            add_keyword(keyword, index, &mut self.keywords);
        }
        self.rules.push(Rule {
            id: RuleId::from(entry.id.clone()),
            kind: entry.kind,
            check,
            score: entry.score,
            context: entry.context,
            trigger,
            decoy: entry.decoy,
            min_len,
            min_digits,
            patterns,
        });
        Ok(())
    }

    /// Whether the rule of that name is a decoy. Of a built-in one, or of one of a user's file.
    pub(crate) fn is_decoy(&self, id: &RuleId) -> bool {
        self.rules.iter().any(|rule| rule.decoy && rule.id == *id)
    }

    /// Whether a finding may name the rule `id`.
    pub(crate) fn knows(&self, id: &str) -> bool {
        JUDGES.contains(&id) || self.rules.iter().any(|rule| rule.id.as_str() == id)
    }

    /// The rule whose name is most like `id`.
    pub(crate) fn nearest(&self, id: &str) -> Option<&str> {
        JUDGES
            .into_iter()
            .chain(self.rules.iter().map(|rule| rule.id.as_str()))
            .max_by(|a, b| strsim::jaro_winkler(a, id).total_cmp(&strsim::jaro_winkler(b, id)))
    }

    /// The last words of the keywords that speak for the rules which `keep` takes, and those rules.
    pub(crate) fn words_of(&self, keep: impl Fn(&Rule) -> bool) -> Words<Keyword> {
        Words::new(self.keywords.iter().filter_map(|(hash, keyword)| {
            let Keyword {
                head,
                rules,
                phrases,
            } = keyword;
            let rules = rules.iter().filter(|index| keep(self.rule(**index)));
            let phrases = phrases.iter().filter(|(_, index)| keep(self.rule(*index)));
            let kept = Keyword {
                head: *head,
                rules: rules.copied().collect(),
                phrases: phrases.cloned().collect(),
            };
            (!kept.rules.is_empty() || !kept.phrases.is_empty()).then_some((*hash, kept))
        }))
    }

    pub(crate) fn rule(&self, index: u16) -> &Rule {
        &self.rules[usize::from(index)]
    }

    /// All rules with their indices.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &Rule)> {
        (0..).zip(&self.rules)
    }

    /// Where one of the users' rules may begin, and which.
    pub(crate) fn sought<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, &'t Rule)> {
        let found = self.sought.finder.iter().flat_map(move |finder| {
            let found = finder.find_overlapping_iter(text);
            found.map(|found| (found.start(), found.pattern().as_usize()))
        });
        found.map(move |(at, n)| (at, self.rule(self.sought.literals[n].1)))
    }

    /// The rules that begin with these characters.
    #[inline]
    pub(crate) fn with_prefix(&self, bytes: &[u8]) -> &[u16] {
        let [a, b, c, ..] = bytes else { return &[] };
        let bit = prefix_bit(*a, *b, *c);
        if self.prefix_bits[bit / 64] >> (bit % 64) & 1 == 0 {
            return &[];
        }
        self.prefixes.get(&[*a, *b, *c]).map_or(&[], Vec::as_slice)
    }
}

impl Sought {
    fn finish(&mut self) -> Result<(), BuildError> {
        if !self.literals.is_empty() {
            let literals = self.literals.iter().map(|(prefix, _)| prefix);
            self.finder = Some(AhoCorasick::new(literals).map_err(|_| BuildError::TooManyRules)?);
        }
        Ok(())
    }
}

fn prefix_bit(a: u8, b: u8, c: u8) -> usize {
    (usize::from(a) * 1157 + usize::from(b) * 347 + usize::from(c) * 41) & 0xffff
}

fn add_keyword(keyword: &str, rule: u16, keywords: &mut HashMap<u64, Keyword>) {
    // Hashes fold the case of ASCII only.
    if !keyword.is_ascii() && keyword.chars().any(char::is_lowercase) {
        add_folded(&keyword.to_uppercase(), rule, keywords);
    }
    add_folded(keyword, rule, keywords);
}

fn add_folded(keyword: &str, rule: u16, keywords: &mut HashMap<u64, Keyword>) {
    let mut words = keyword
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::as_bytes)
        .rev();
    let Some(last) = words.next() else { return };
    let words: Vec<u64> = words.map(fold_hash).collect();
    let entry = keywords.entry(fold_hash(last)).or_insert_with(|| Keyword {
        head: head_of(last),
        rules: Vec::new(),
        phrases: Vec::new(),
    });
    if !words.is_empty() {
        entry.phrases.push((words, rule));
    } else if !entry.rules.contains(&rule) {
        entry.rules.push(rule);
    }
}

/// The entries of the built-in files, for their examples.
#[cfg(test)]
pub(super) fn built_in_entries() -> Vec<(&'static str, usize, RuleEntry)> {
    BUILT_IN
        .iter()
        .flat_map(|(file, text)| {
            file::parse(file, text)
                .unwrap()
                .into_iter()
                .map(|(line, entry)| (*file, line, entry))
        })
        .collect()
}
