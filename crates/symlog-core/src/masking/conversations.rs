//! The names that were sure in a conversation, for as long as it is spoken of.

use std::collections::HashMap;
use std::fmt;

use parking_lot::Mutex;
use std::hash::{BuildHasher, RandomState};
use symlog_pii::KnownNames;

/// Conversations remembered at most; the one that was silent for longest is forgotten first.
const MAX: usize = 4096;

/// A memory of names by conversation, in this process alone: neither names nor digests are ever
/// written.
#[derive(Default)]
pub(crate) struct Conversations {
    key: RandomState,
    /// Of no conversation; gives all others its key.
    none: KnownNames,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    names: HashMap<u64, (u64, KnownNames)>,
    clock: u64,
}

impl Conversations {
    fn digest(&self, tenant: Option<&str>, conversation: &str) -> u64 {
        self.key.hash_one((tenant, conversation))
    }

    /// What is known at the beginning of an entry.
    pub(crate) fn recall(&self, tenant: Option<&str>, conversation: Option<&str>) -> KnownNames {
        let Some(conversation) = conversation else {
            return self.none.fresh();
        };
        let digest = self.digest(tenant, conversation);
        let mut known = self.known.lock();
        known.clock += 1;
        let now = known.clock;
        match known.names.get_mut(&digest) {
            Some((used, names)) => {
                *used = now;
                names.clone()
            }
            None => self.none.fresh(),
        }
    }

    /// Keeps what an entry taught. Entries of one conversation may be masked at the same time.
    pub(crate) fn keep(&self, tenant: Option<&str>, conversation: &str, names: KnownNames) {
        let digest = self.digest(tenant, conversation);
        let mut known = self.known.lock();
        known.clock += 1;
        let now = known.clock;
        if known.names.len() >= MAX && !known.names.contains_key(&digest) {
            // An eighth at once, so that the search for the oldest is rare.
            let mut ages: Vec<u64> = known.names.values().map(|(used, _)| *used).collect();
            ages.sort_unstable();
            let limit = ages[ages.len() / 8];
            known.names.retain(|_, (used, _)| *used > limit);
        }
        match known.names.get_mut(&digest) {
            Some((used, before)) => {
                *used = now;
                before.merge(&names);
            }
            None => {
                known.names.insert(digest, (now, names));
            }
        }
    }
}

impl fmt::Debug for Conversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversations").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use symlog_pii::{Counts, Masker, OperatorContext};

    fn mask(conversations: &Conversations, tenant: &str, conversation: &str, text: &str) -> String {
        let names = RefCell::new(conversations.recall(Some(tenant), Some(conversation)));
        let masker = Masker::default_profile();
        let document = masker.document(OperatorContext::default()).knowing(&names);
        let masked = document.mask(text, &mut Counts::new()).into_owned();
        conversations.keep(Some(tenant), conversation, names.into_inner());
        masked
    }

    #[test]
    fn a_name_is_known_in_its_conversation_alone() {
        let conversations = Conversations::default();
        assert_eq!(
            mask(&conversations, "a", "1", "My name is Emma Kowalska."),
            "My name is [REDACTED:PERSON]."
        );
        let text = "Kowalska called.";
        assert_eq!(
            mask(&conversations, "a", "1", text),
            "[REDACTED:PERSON] called."
        );
        assert_eq!(mask(&conversations, "a", "2", text), text);
        assert_eq!(mask(&conversations, "b", "1", text), text);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let conversations = Conversations::default();
        mask(&conversations, "a", "0", "My name is Emma Kowalska.");
        for n in 1..=MAX {
            conversations.keep(None, &n.to_string(), KnownNames::default());
        }
        assert!(conversations.known.lock().names.len() <= MAX);
        assert!(conversations.recall(Some("a"), Some("0")).is_empty());
    }
}
