//! The peer of masking: one regular expression after another, as loggers of
//! this kind do it, over the seventeen shapes that the goals name.

use anyhow::Result;
use regex::Regex;

/// Shape and replacement; specific ones first, so that they claim their match.
const SHAPES: [(&str, &str); 17] = [
    (r"\bsk-[\w-]{20,}", "[REDACTED:OPENAI]"),
    (r"\bxox[abepr]-[A-Za-z0-9-]{10,}", "[REDACTED:SLACK]"),
    (r"\bgh[oprsu]_[A-Za-z0-9]{36,}", "[REDACTED:GITHUB]"),
    (r"\bAKIA[A-Z0-9]{16}\b", "[REDACTED:AWS]"),
    (r"\bAIza[\w-]{35}", "[REDACTED:GOOGLE]"),
    (r"\bsk_(?:test|live)_[A-Za-z0-9]{20,}", "[REDACTED:STRIPE]"),
    (r"(?i)\bbearer\s+[\w.-]{16,}", "Bearer ***"),
    (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
        "[REDACTED:PRIVATE_KEY]",
    ),
    (r"\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]{6,}", "[REDACTED:JWT]"),
    (r"(?i)\bapi[_ -]?key\s*[:=]\s*[\w/+-]{12,}", "API_KEY=***"),
    (r"(?i)\btoken\s*[:=]\s*[\w/+-]{12,}", "TOKEN=***"),
    (r"(?i)\bsecret\s*[:=]\s*[\w/+-]{12,}", "SECRET=***"),
    (r"(?i)\bpassword\s*[:=]\s*\S{6,}", "PASSWORD=***"),
    (r"\b\d{3}-\d{2}-\d{4}\b", "***-**-****"),
    (r"\b(?:\d{4}[ -]?){3}\d{4}\b", "****-****-****-****"),
    (r"\b[\w.%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b", "***@***.***"),
    (r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", "***-***-****"),
];

/// The shapes, compiled once.
#[derive(Debug)]
pub struct RegexMasker {
    shapes: Vec<(Regex, &'static str)>,
}

impl RegexMasker {
    /// Compiles them.
    ///
    /// # Errors
    ///
    /// When a shape is no regular expression.
    pub fn new() -> Result<Self> {
        let compile = |(shape, mask): (&str, &'static str)| Ok((Regex::new(shape)?, mask));
        let shapes = SHAPES.into_iter().map(compile).collect::<Result<_>>()?;
        Ok(Self { shapes })
    }

    /// The text after all of them.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (shape, mask) in &self.shapes {
            if let std::borrow::Cow::Owned(changed) = shape.replace_all(&masked, *mask) {
                masked = changed;
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_what_the_seed_names() {
        let masker = RegexMasker::new().unwrap();
        let check = |text: &str, masked: &str| assert_eq!(masker.mask(text), masked);
        check("123-45-6789", "***-**-****");
        check("4532-1234-5678-9012", "****-****-****-****");
        check("user@example.com", "***@***.***");
        check("555-123-4567", "***-***-****");
        check("what is the weather like?", "what is the weather like?");
    }
}
