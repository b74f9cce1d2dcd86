//! Maskers of fewer rules, to measure what a rule costs. Not for other uses.

use super::set::RuleSet;
use crate::error::BuildError;
use crate::fields::Fields;
use crate::masker::{Masker, Rules};
use crate::profile::Profile;

impl Masker {
    /// A masker of one in `step` of the built-in rules, and how many those are.
    ///
    /// # Errors
    ///
    /// When the rules do not compile.
    pub fn of_some_rules(profile: Profile, step: usize) -> Result<(Self, usize), BuildError> {
        let rules = RuleSet::compile_some(|n| n % step.max(1) == 0)?;
        let count = rules.iter().count();
        let masker = Self::builder()
            .profile(profile)
            .assemble(Rules::Own(Box::new(rules)), Fields::default());
        Ok((masker, count))
    }
}
