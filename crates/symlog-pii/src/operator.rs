//! What is written in the place of a finding.

use std::fmt::Debug;

use crate::kind::PiiType;

/// For whom a value is masked. Keyed operators derive their keys from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OperatorContext<'a> {
    /// The tenant of the entry.
    pub tenant: Option<&'a str>,
    /// The person whom the entry is about.
    pub subject: Option<&'a str>,
}

/// Writes what stands in the log instead of a value.
///
/// An implementation appends to `out` only, never the value itself or enough of it to guess it,
/// and gives text that masks to itself, so that masking twice changes nothing. One that keeps the
/// look of a value, such as a shifted date, cannot promise the latter and says so.
///
/// Keyed ones write a [`Token`](crate::Token), which is known again.
pub trait Operator: Debug + Send + Sync {
    /// Appends the replacement of `value` to `out`.
    fn apply(&self, kind: PiiType, value: &str, context: &OperatorContext<'_>, out: &mut String);
}

/// The default masks: `***-**-****` and its like, `[REDACTED:TYPE]` for the other types.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mask;

impl Operator for Mask {
    fn apply(&self, kind: PiiType, _: &str, _: &OperatorContext<'_>, out: &mut String) {
        match kind {
            PiiType::Email => out.push_str("***@***.***"),
            PiiType::Phone => out.push_str("***-***-****"),
            PiiType::Ssn => out.push_str("***-**-****"),
            PiiType::CreditCard => out.push_str("****-****-****-****"),
            _ => {
                out.push_str("[REDACTED:");
                out.push_str(kind.as_str());
                out.push(']');
            }
        }
    }
}

/// Leaves nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remove;

impl Operator for Remove {
    fn apply(&self, _: PiiType, _: &str, _: &OperatorContext<'_>, _: &mut String) {}
}

/// `<TYPE>`, the form that annotated corpora use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Label;

impl Operator for Label {
    fn apply(&self, kind: PiiType, _: &str, _: &OperatorContext<'_>, out: &mut String) {
        out.push('<');
        out.push_str(kind.as_str());
        out.push('>');
    }
}

/// Stars, and the last characters in clear: `************9012`.
#[derive(Debug, Clone, Copy)]
pub struct Partial {
    /// How many characters stay, if the value has at least twice as many.
    pub keep: usize,
}

impl Default for Partial {
    fn default() -> Self {
        Self { keep: 4 }
    }
}

impl Operator for Partial {
    fn apply(&self, _: PiiType, value: &str, _: &OperatorContext<'_>, out: &mut String) {
        let shown = value.chars().filter(|c| c.is_alphanumeric()).count();
        let keep = if shown >= self.keep * 2 { self.keep } else { 0 };
        let mut hide = shown - keep;
        for c in value.chars() {
            if !c.is_alphanumeric() {
                out.push(c);
            } else if hide > 0 {
                hide -= 1;
                out.push('*');
            } else {
                out.push(c);
            }
        }
    }
}

/// Keeps what statistics need: the year of a date, three digits of a ZIP code, ten years of age,
/// the domain of an e-mail address, the network of an IP address. Other types get their [`Mask`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Generalise;

impl Operator for Generalise {
    fn apply(&self, kind: PiiType, value: &str, context: &OperatorContext<'_>, out: &mut String) {
        let kept = match kind {
            PiiType::Date => digit_run(value, 4).map(|year| format!("[DATE:{year}]")),
            PiiType::Location => digit_run(value, 5)
                .filter(|zip| !SPARSE_ZIP3.contains(&&zip[..3]))
                .map(|zip| format!("[ZIP:{}**]", &zip[..3])),
            PiiType::Age => value
                .split(|c: char| !c.is_ascii_digit())
                .find_map(|n| n.parse::<u32>().ok())
                .map(|age| {
                    if age > 89 {
                        "[AGE:90+]".to_owned()
                    } else {
                        format!("[AGE:{}0s]", age / 10)
                    }
                }),
            PiiType::IpAddress => value
                .rsplit_once('.')
                .and_then(|(rest, _)| rest.rsplit_once('.'))
                .map(|(network, _)| format!("[IP:{network}.*.*]")),
            _ => None,
        };
        match kept {
            Some(kept) => out.push_str(&kept),
            None => Mask.apply(kind, value, context, out),
        }
    }
}

/// ZIP prefixes with 20,000 inhabitants or fewer, which Safe Harbor does not let stand
/// (45 CFR 164.514(b)(2)(i)(B), census of 2000).
const SPARSE_ZIP3: [&str; 17] = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878",
    "879", "884", "890", "893",
];

fn digit_run(value: &str, len: usize) -> Option<&str> {
    value
        .split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() == len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operator: &dyn Operator, kind: PiiType, value: &str, expect: &str) {
        let mut out = String::new();
        operator.apply(kind, value, &OperatorContext::default(), &mut out);
        assert_eq!(out, expect);
    }

    #[test]
    fn operators_write_what_they_promise() {
        check(&Mask, PiiType::Ssn, "123-45-6789", "***-**-****");
        check(&Mask, PiiType::Iban, "x", "[REDACTED:IBAN]");
        check(&Remove, PiiType::Iban, "x", "");
        check(&Label, PiiType::Iban, "x", "<IBAN>");
        check(
            &Partial::default(),
            PiiType::CreditCard,
            "4532-1234-5678-9012",
            "****-****-****-9012",
        );
        check(&Partial::default(), PiiType::Password, "hunter2", "*******");
        check(&Generalise, PiiType::Date, "1961-04-09", "[DATE:1961]");
        check(
            &Generalise,
            PiiType::Location,
            "Reno, NV 89501",
            "[ZIP:895**]",
        );
        check(
            &Generalise,
            PiiType::Location,
            "NH 03601",
            "[REDACTED:LOCATION]",
        );
        check(&Generalise, PiiType::Age, "93 years", "[AGE:90+]");
        check(&Generalise, PiiType::Age, "47-year-old", "[AGE:40s]");
        check(&Generalise, PiiType::IpAddress, "10.1.2.3", "[IP:10.1.*.*]");
    }
}
