//! Rules: data in, a compiled set out.

mod file;
mod lexicon;
mod pattern;
mod set;
mod verify;

pub(crate) use lexicon::{Words, fold_hash, fold_hash_at};
pub(crate) use set::{Keyword, RuleSet, Source, Trigger};

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
