//! Rules: data in, a compiled set out.

mod file;
mod lexicon;
mod pattern;
mod set;
mod verify;

pub(crate) use lexicon::{Heads, Words, fold_hash, fold_hash_at, head_at, head_of};
pub(crate) use pattern::{LEAD, Pattern};
pub(crate) use set::{Keyword, MIN_TOKEN, Rule, RuleSet, Source, Trigger};

#[cfg(feature = "training")]
mod some;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
