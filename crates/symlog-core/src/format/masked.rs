//! `x-masked`: what was masked by type and rule, the extension of an entry line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use symlog_pii::Counts;

use super::{push_string, push_u64};

const NAME: &str = "x-masked";

/// By type, then by rule.
pub(crate) type ByRule = BTreeMap<String, BTreeMap<String, u64>>;

/// `"x-masked":{"EMAIL":{"email":1}}`, or nothing where nothing was masked.
pub(crate) fn mask_extension(counts: &Counts) -> Cow<'static, str> {
    if counts.is_empty() {
        return Cow::Borrowed("");
    }
    let mut rows: Vec<(&str, &str, u64)> = counts
        .iter()
        .map(|(kind, rule, n)| (kind.as_str(), rule.as_str(), n))
        .collect();
    rows.sort_unstable();
    let mut out = Vec::with_capacity(48 * rows.len() + 16);
    push_string(&mut out, NAME);
    let mut open = None;
    for (kind, rule, n) in rows {
        if open == Some(kind) {
            out.push(b',');
        } else {
            out.extend_from_slice(if open.is_none() { b":{" } else { b"}," });
            push_string(&mut out, kind);
            out.extend_from_slice(b":{");
            open = Some(kind);
        }
        push_string(&mut out, rule);
        out.push(b':');
        push_u64(&mut out, n);
    }
    out.extend_from_slice(b"}}");
    // Only strings and digits were pushed.
    String::from_utf8(out).map_or(Cow::Borrowed(""), Cow::Owned)
}

/// What the extensions of a line say was masked; nothing where they do not say.
pub(crate) fn read_mask_extension(extensions: &str) -> ByRule {
    if !extensions.contains(NAME) {
        return ByRule::new();
    }
    let members: Result<BTreeMap<String, serde_json::Value>, _> =
        serde_json::from_str(&format!("{{{extensions}}}"));
    members
        .ok()
        .and_then(|mut members| members.remove(NAME))
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use symlog_pii::{PiiType, RuleId};

    #[test]
    fn counts_come_back() {
        let mut counts = Counts::new();
        assert_eq!(mask_extension(&counts), "");
        counts.add(PiiType::Ssn, &RuleId::new("us-ssn"), 1);
        counts.add(PiiType::Email, &RuleId::new("email"), 2);
        counts.add(PiiType::Email, &RuleId::new("a\"b"), 3);
        let text = mask_extension(&counts);
        assert_eq!(
            text,
            r#""x-masked":{"EMAIL":{"a\"b":3,"email":2},"SSN":{"us-ssn":1}}"#
        );
        let read = read_mask_extension(&text);
        assert_eq!(read["EMAIL"]["a\"b"], 3);
        assert_eq!(read["SSN"]["us-ssn"], 1);
        assert!(read_mask_extension("\"x-other\":1").is_empty());
        assert!(read_mask_extension("\"x-masked\":[1]").is_empty());
    }
}
