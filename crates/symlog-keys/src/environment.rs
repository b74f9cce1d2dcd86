use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use symlog_crypto::SecretBytes;

/// Where variables are looked up: the process's environment, or a fixed set in its place, for tests and for
/// programs that keep their configuration elsewhere.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<BTreeMap<String, SecretBytes>>>);

impl Environment {
    /// That of the process, read at each lookup.
    #[must_use]
    pub fn process() -> Self {
        Self(None)
    }

    /// These variables and no others.
    pub fn fixed(variables: impl IntoIterator<Item = (String, SecretBytes)>) -> Self {
        Self(Some(Arc::new(variables.into_iter().collect())))
    }

    pub(crate) fn get(&self, name: &str) -> Option<SecretBytes> {
        match &self.0 {
            Some(fixed) => fixed.get(name).map(SecretBytes::duplicate),
            None => std::env::var_os(name).map(|value| value.into_encoded_bytes().into()),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(fixed) => f.debug_tuple("Environment").field(&fixed.keys()).finish(),
            None => f.write_str("Environment(process)"),
        }
    }
}
