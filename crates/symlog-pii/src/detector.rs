//! The seam for detectors.

use std::fmt::Debug;

use crate::error::DetectError;
use crate::finding::Finding;

/// Where a text stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldContext<'a> {
    /// The key or JSON path under which the text stands, if any.
    pub key: Option<&'a str>,
}

impl<'a> FieldContext<'a> {
    /// The context of a text under `key`.
    #[must_use]
    pub const fn under(key: &'a str) -> Self {
        Self { key: Some(key) }
    }
}

/// Finds spans in a text. Overlaps, profiles and replacement are the masker's work.
///
/// An implementation
/// - pushes spans whose ends are char boundaries inside `text`, and takes nothing out of `out`;
/// - reports the same spans for the same text and context;
/// - takes time linear in the text, or returns [`DetectError::TooLarge`];
/// - keeps no text, and puts none into an error or a log.
///
/// One that returns an error, panics, reports a span that does not lie in the text, or takes
/// longer than the masker's limit makes the masker mask the whole field.
pub trait Detector: Debug + Send + Sync {
    /// Appends what it finds in `text` to `out`.
    ///
    /// # Errors
    ///
    /// When the text could not be looked through; the whole field is then masked.
    fn detect(
        &self,
        text: &str,
        context: &FieldContext<'_>,
        out: &mut Vec<Finding>,
    ) -> Result<(), DetectError>;
}
