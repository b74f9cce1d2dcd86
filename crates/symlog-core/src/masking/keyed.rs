//! Operators with a key: pseudonyms, reversible tokens, shifted dates.

use std::fmt;
use std::sync::Arc;

use symlog_crypto::{Key, SecretBytes, Siv, hmac_sha256};
use symlog_keys::Keyring;
use symlog_pii::{Mask, Operator, OperatorContext, PiiType, Token};

use super::dates;
use crate::error::LoggingError;

/// The keys of the keyed operators, derived in the keyring of a log, each from a root of its own
/// purpose: whoever holds one learns nothing about the others, and nothing about the log.
#[derive(Clone)]
pub struct OperatorKeys(Arc<Keys>);

struct Keys {
    pseudonyms: Key,
    tokens: Siv,
    dates: Key,
}

/// Bytes of a pseudonym: of 2^32 values of one type two are likely to share one.
const PSEUDONYM_LEN: usize = 8;

impl OperatorKeys {
    /// The keys of the log that `keyring` belongs to.
    ///
    /// # Errors
    ///
    /// When the keyring is damaged.
    pub fn of(keyring: &Keyring) -> Result<Self, LoggingError> {
        let derive = |error| LoggingError::key("the keys of the masking operators", error);
        Ok(Self(Arc::new(Keys {
            pseudonyms: keyring.purpose_key("mask-pseudonym")?,
            tokens: Siv::derive(&keyring.purpose_key("mask-token")?).map_err(derive)?,
            dates: keyring.purpose_key("mask-date")?,
        })))
    }

    /// The value that `token` stands for, if this log made it for this tenant.
    ///
    /// Whoever calls this records that, and for whom.
    #[must_use]
    pub fn reveal(&self, token: &Token, tenant: Option<&str>) -> Option<SecretBytes> {
        if !token.reversible {
            return None;
        }
        let associated = associated(tenant, token.kind);
        self.0
            .tokens
            .open(&associated.each_ref().map(|part| &part[..]), &token.bytes)
            .ok()
    }

    pub(super) fn operator(&self, name: &str) -> Option<Arc<dyn Operator>> {
        let keys = self.clone();
        Some(match name {
            "pseudonym" => Arc::new(Pseudonym(keys)),
            "token" => Arc::new(Reversible(keys)),
            "date-shift" => Arc::new(DateShift(keys)),
            _ => return None,
        })
    }
}

impl fmt::Debug for OperatorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKeys(..)")
    }
}

/// What a replacement is bound to. No tenant is not the tenant with an empty name.
fn associated(tenant: Option<&str>, kind: PiiType) -> [Vec<u8>; 2] {
    let mut scope = vec![u8::from(tenant.is_some())];
    scope.extend_from_slice(tenant.unwrap_or_default().as_bytes());
    [scope, kind.as_str().as_bytes().to_vec()]
}

/// HMAC-SHA256 over the parts, each with its length.
fn digest(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut message = Vec::new();
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    hmac_sha256(key, &[&message])
}

/// The same value has the same pseudonym within a tenant, however it is written.
#[derive(Debug)]
struct Pseudonym(OperatorKeys);

impl Operator for Pseudonym {
    fn apply(&self, kind: PiiType, value: &str, context: &OperatorContext<'_>, out: &mut String) {
        let [tenant, name] = associated(context.tenant, kind);
        let value = canonical(kind, value);
        let digest = digest(&self.0.0.pseudonyms, &[&tenant, &name, value.as_bytes()]);
        let token = Token {
            kind,
            reversible: false,
            bytes: digest[..PSEUDONYM_LEN].to_vec(),
        };
        token.write(out);
    }
}

/// The value as it is the same in all its spellings: `4111 1111…` and `4111-1111…` are one card.
fn canonical(kind: PiiType, value: &str) -> String {
    match kind {
        PiiType::Password
        | PiiType::Secret
        | PiiType::Jwt
        | PiiType::PrivateKey
        | PiiType::CryptoWallet
        | PiiType::Url
        | PiiType::Media
        | PiiType::Custom => value.to_owned(),
        PiiType::Email
        | PiiType::Person
        | PiiType::Location
        | PiiType::Organization
        | PiiType::Username
        | PiiType::Date
        | PiiType::IpAddress
        | PiiType::Coordinates => {
            let words: Vec<String> = value.split_whitespace().map(str::to_lowercase).collect();
            words.join(" ")
        }
        _ => value
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect(),
    }
}

/// The value itself, sealed: equal within a tenant where the value is the same to the byte.
#[derive(Debug)]
struct Reversible(OperatorKeys);

impl Operator for Reversible {
    fn apply(&self, kind: PiiType, value: &str, context: &OperatorContext<'_>, out: &mut String) {
        let associated = associated(context.tenant, kind);
        let sealed = self.0.0.tokens.seal(
            &associated.each_ref().map(|part| &part[..]),
            value.as_bytes(),
        );
        match sealed {
            Ok(bytes) => Token {
                kind,
                reversible: true,
                bytes,
            }
            .write(out),
            // Sealing has no way to fail; were it otherwise, nothing must get out.
            Err(_) => Mask.apply(kind, value, context, out),
        }
    }
}

/// Dates of one subject moved by the same number of days, up to half a year either way: what lies
/// between them stays. Without a subject, and what is no whole date, gets its default mask.
#[derive(Debug)]
struct DateShift(OperatorKeys);

impl Operator for DateShift {
    fn apply(&self, kind: PiiType, value: &str, context: &OperatorContext<'_>, out: &mut String) {
        let shifted = (context.subject)
            .filter(|_| kind == PiiType::Date)
            .and_then(|subject| dates::shift(value, self.days(context.tenant, subject)));
        match shifted {
            Some(shifted) => out.push_str(&shifted),
            None => Mask.apply(kind, value, context, out),
        }
    }
}

impl DateShift {
    /// From 1 to 182 days, forwards or back.
    fn days(&self, tenant: Option<&str>, subject: &str) -> i64 {
        let [tenant, kind] = associated(tenant, PiiType::Date);
        let digest = digest(&self.0.0.dates, &[&tenant, &kind, subject.as_bytes()]);
        let [a, b, c, d, ..] = digest;
        let n = i64::from(u32::from_be_bytes([a, b, c, d]) % 364);
        if n < 182 { n - 182 } else { n - 181 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symlog_crypto::default_provider;
    use symlog_keys::LoggingKey;
    use symlog_pii::{Counts, Masker, Profile};

    fn keys(seed: u8) -> OperatorKeys {
        let text = SecretBytes::new(vec![b'a' + seed; 16]);
        let key = LoggingKey::from_text(text).unwrap();
        let keyring = Keyring::in_memory([seed; 16], &key, &default_provider()).unwrap();
        OperatorKeys::of(&keyring).unwrap()
    }

    fn apply(keys: &OperatorKeys, name: &str, kind: PiiType, value: &str, tenant: &str) -> String {
        let mut out = String::new();
        let context = OperatorContext {
            tenant: Some(tenant),
            subject: Some("patient-7"),
        };
        let operator = keys.operator(name).unwrap();
        operator.apply(kind, value, &context, &mut out);
        out
    }

    #[test]
    fn pseudonyms_are_one_for_a_value_and_a_tenant() {
        let keys = keys(1);
        let of = |kind, value, tenant| apply(&keys, "pseudonym", kind, value, tenant);
        let jane = of(PiiType::Email, "jane@example.com", "a");
        assert!(Token::parse(&jane).is_some_and(|token| !token.reversible));
        assert_eq!(jane, of(PiiType::Email, "Jane@Example.com", "a"));
        assert_ne!(jane, of(PiiType::Email, "john@example.com", "a"));
        assert_ne!(jane, of(PiiType::Email, "jane@example.com", "b"));
        assert_ne!(
            jane,
            apply(
                &self::keys(2),
                "pseudonym",
                PiiType::Email,
                "jane@example.com",
                "a"
            )
        );
        let card = of(PiiType::CreditCard, "4111 1111 1111 1111", "a");
        assert_eq!(card, of(PiiType::CreditCard, "4111-1111-1111-1111", "a"));
        let secret = of(PiiType::Secret, "a-B", "a");
        assert_ne!(secret, of(PiiType::Secret, "ab", "a"));
    }

    #[test]
    fn tokens_come_back_for_their_tenant_alone() {
        let keys = keys(1);
        let written = apply(&keys, "token", PiiType::Iban, "DE89 3704 0044", "a");
        let token = Token::parse(&written).unwrap();
        let value = keys.reveal(&token, Some("a")).unwrap();
        assert_eq!(value.expose(), b"DE89 3704 0044");
        assert!(keys.reveal(&token, Some("b")).is_none());
        assert!(keys.reveal(&token, None).is_none());
        assert!(self::keys(2).reveal(&token, Some("a")).is_none());
        let relabelled = Token {
            kind: PiiType::Email,
            ..token.clone()
        };
        assert!(keys.reveal(&relabelled, Some("a")).is_none());
        let pseudonym = Token {
            reversible: false,
            ..token
        };
        assert!(keys.reveal(&pseudonym, Some("a")).is_none());
    }

    #[test]
    fn dates_of_a_subject_keep_their_distance() {
        let keys = keys(1);
        let operator = keys.operator("date-shift").unwrap();
        let shift = |value: &str, subject: Option<&str>| {
            let context = OperatorContext {
                tenant: None,
                subject,
            };
            let mut out = String::new();
            operator.apply(PiiType::Date, value, &context, &mut out);
            out
        };
        let seen = shift("2024-05-18", Some("a"));
        assert_ne!(seen, "2024-05-18");
        assert_eq!(seen, shift("2024-05-18", Some("a")));
        assert_ne!(seen, shift("2024-05-18", Some("b")));
        let days = DateShift(keys.clone()).days(None, "a");
        assert_eq!(
            shift("2024-05-28", Some("a")),
            dates::shift("2024-05-28", days).unwrap()
        );
        assert_eq!(shift("2024-05-18", None), "[REDACTED:DATE]");
        assert_eq!(shift("some day", Some("a")), "[REDACTED:DATE]");
        for n in 0..2000 {
            let days = DateShift(keys.clone()).days(None, &n.to_string());
            assert!(days != 0 && days.abs() <= 182, "{days}");
        }
    }

    /// Whatever the type, whatever the profile: what was masked is left alone.
    #[test]
    fn masking_twice_changes_nothing() {
        let keys = keys(3);
        for name in ["pseudonym", "token"] {
            let mut builder = Masker::builder().profile(Profile::Hipaa);
            for kind in PiiType::ALL {
                builder = builder.operator(*kind, keys.operator(name).unwrap());
            }
            let masker = builder.build().unwrap();
            for kind in PiiType::ALL {
                for n in 0..6 {
                    let value = format!("value {n} of Dr. Emma Smith");
                    let written = apply(&keys, name, *kind, &value, "a");
                    for text in [
                        written.clone(),
                        format!("My password is {written}, token: {written}. Born {written}"),
                        format!("API_KEY={written} ssn {written} Patient: {written}"),
                        format!("{{\"api_key\": \"{written}\", \"phone\": \"{written}\"}}"),
                    ] {
                        let again = masker.mask(&text, &mut Counts::new());
                        assert_eq!(again, text, "{name} {kind}");
                    }
                }
            }
        }
    }
}
