//! What the keys above a JSON value say about it.

use crate::fields::Place;
use crate::keys;

/// Names of the log-probability that stands beside a model's own token.
pub(super) const LOGPROB: [&str; 2] = ["logprob", "logProbability"];

/// The verdict of all keys on the way down to a value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    /// Some key above is sensitive: every string and number below is masked.
    pub(crate) sensitive: bool,
    /// Some key above says that these are the model's own tokens.
    logprobs: bool,
    /// The keys of this object are the names of a JSON Schema.
    names: bool,
    /// Where it is for the rules of fields. Whoever goes down sees to it.
    pub(crate) place: Place,
}

impl Scope {
    /// The scope of a value under `key`. `object` says whether it is an object, `beside_logprob`
    /// whether the object that holds it, or it itself, has a log-probability in it.
    pub(crate) fn under(
        self,
        key: &str,
        object: bool,
        beside_logprob: impl FnOnce() -> bool,
    ) -> Self {
        let logprobs = self.logprobs || keys::is_logprobs(key);
        let excused = logprobs || (self.names && object);
        let sensitive =
            self.sensitive || (!excused && keys::is_sensitive(key) && !beside_logprob());
        let names = object
            && !self.names
            && matches!(
                key,
                "properties" | "patternProperties" | "$defs" | "definitions"
            );
        Self {
            sensitive,
            logprobs,
            names,
            place: self.place,
        }
    }

    /// The scope of an element of a list.
    pub(crate) fn element(self) -> Self {
        Self {
            names: false,
            ..self
        }
    }
}
