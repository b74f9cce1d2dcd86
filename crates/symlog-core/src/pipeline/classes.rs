use crate::config::RetentionClass;
use crate::interaction::Parts;

/// The retention classes of a log: the default one, then those of the configuration in order.
#[derive(Debug)]
pub(super) struct Classes {
    names: Vec<String>,
    configured: Vec<RetentionClass>,
}

impl Classes {
    pub(super) fn new(configured: Vec<RetentionClass>) -> Self {
        let names = std::iter::once("default".to_owned())
            .chain(configured.iter().map(|class| class.class.clone()))
            .collect();
        Self { names, configured }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The first class whose selector fits; the default where none does.
    pub(super) fn class_of(&self, parts: &Parts) -> u16 {
        self.configured
            .iter()
            .position(|class| class.selector.fits(parts))
            .and_then(|at| u16::try_from(at + 1).ok())
            .unwrap_or(0)
    }
}
