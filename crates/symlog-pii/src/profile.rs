//! Which types are masked.

use std::fmt;
use std::str::FromStr;

use crate::kind::{PiiType, TypeSet};
use crate::text::{self, Hit};
use PiiType as T;

/// A choice of types to mask. `scan` reports all types whatever the profile.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// Identifiers of persons, accounts and credentials, and persons where a cue makes it sure.
    #[default]
    Default,
    /// HIPAA Safe Harbor: `Gdpr` and dates but the year, ages over 89, places below the state,
    /// providers of care, web addresses, media.
    Hipaa,
    /// `Default` and persons, addresses, network and device identifiers, dates of birth.
    Gdpr,
    /// Cards, expiry, security codes, PINs and accounts.
    Pci,
    /// Passwords, secrets, tokens and private keys.
    Secrets,
    /// What the first loggers of this kind masked: e-mail, phone, social security and card
    /// numbers, and the values of sensitive keys.
    Seed,
    /// Nothing at all, not even sensitive keys.
    Off,
    /// A user's own choice.
    Custom(CustomProfile),
}

/// A user's own choice of types.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomProfile {
    /// What to call it in messages.
    pub name: String,
    /// The profile that it begins with. Types that this one masks in part, such as dates of
    /// birth alone, stay so unless they are in `types`.
    pub base: Option<Box<Profile>>,
    /// The types to mask besides those of `base`.
    pub types: TypeSet,
    /// Types of `base` that are not masked.
    pub without: TypeSet,
    /// Whether the values of sensitive keys are masked.
    pub sensitive_keys: bool,
    /// What is less sure than this is not masked. The built-in profiles take 0.5.
    pub min_score: f32,
}

impl CustomProfile {
    /// A profile of its own `types`, and of nothing else.
    #[must_use]
    pub fn new(name: impl Into<String>, types: TypeSet) -> Self {
        Self {
            name: name.into(),
            base: None,
            types,
            without: TypeSet::EMPTY,
            sensitive_keys: true,
            min_score: SURE,
        }
    }

    fn base_types(&self) -> TypeSet {
        self.base
            .as_ref()
            .map_or(TypeSet::EMPTY, |base| base.types())
    }
}

/// What is less sure than this is reported by `scan` and not masked.
const SURE: f32 = 0.5;

const SECRETS: TypeSet = TypeSet::of(&[T::Password, T::Secret, T::Jwt, T::PrivateKey]);

const PCI: TypeSet = TypeSet::of(&[
    T::CreditCard,
    T::Iban,
    T::RoutingNumber,
    T::AccountNumber,
    T::Password,
    T::Custom,
]);

const SEED: TypeSet = TypeSet::of(&[
    T::Email,
    T::Phone,
    T::Ssn,
    T::CreditCard,
    T::Password,
    T::Secret,
]);

const DEFAULT: TypeSet = SECRETS.union(TypeSet::of(&[
    T::Email,
    T::Phone,
    T::Ssn,
    T::CreditCard,
    T::Iban,
    T::RoutingNumber,
    T::AccountNumber,
    T::CryptoWallet,
    T::Mrn,
    T::HealthPlanId,
    T::Npi,
    T::Dea,
    T::Passport,
    T::DriverLicense,
    T::Vin,
    T::NationalId,
    T::Person,
    T::Custom,
]));

const GDPR: TypeSet = DEFAULT.union(TypeSet::of(&[
    T::Location,
    T::IpAddress,
    T::MacAddress,
    T::DeviceId,
    T::LicensePlate,
    T::Username,
    T::Coordinates,
    T::Date,
]));

const HIPAA: TypeSet = GDPR.union(TypeSet::of(&[T::Age, T::Organization, T::Url, T::Media]));

impl Profile {
    /// The name by which configuration files know it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Profile::Default => "default",
            Profile::Hipaa => "hipaa",
            Profile::Gdpr => "gdpr",
            Profile::Pci => "pci",
            Profile::Secrets => "secrets",
            Profile::Seed => "seed",
            Profile::Off => "off",
            Profile::Custom(custom) => &custom.name,
        }
    }

    /// The types it may mask. Some only in part: see [`Profile`].
    #[must_use]
    pub fn types(&self) -> TypeSet {
        match self {
            Profile::Default => DEFAULT,
            Profile::Hipaa => HIPAA,
            Profile::Gdpr => GDPR,
            Profile::Pci => PCI,
            Profile::Secrets => SECRETS.union(TypeSet::of(&[T::Custom])),
            Profile::Seed => SEED,
            Profile::Off => TypeSet::EMPTY,
            Profile::Custom(custom) => custom
                .base_types()
                .without(custom.without)
                .union(custom.types),
        }
    }

    /// Whether a hit of one of its types is sure enough, and of the part of the type it means.
    pub(crate) fn masks(&self, hit: &Hit, text: &str) -> bool {
        if let Profile::Custom(custom) = self {
            return hit.score >= custom.min_score
                && (custom.types.contains(hit.kind)
                    || custom
                        .base
                        .as_ref()
                        .is_none_or(|base| base.takes(hit, text)));
        }
        hit.score >= SURE && self.takes(hit, text)
    }

    /// Whether it means this part of the type.
    fn takes(&self, hit: &Hit, text: &str) -> bool {
        match (self, hit.kind) {
            (Profile::Gdpr, T::Date) => text::is_birth(&hit.rule),
            (Profile::Hipaa, T::Date) => !text::is_year(&hit.rule),
            (Profile::Hipaa, T::Age) => text::stated_age(&text[hit.start..hit.end]) > 89,
            (Profile::Custom(custom), kind) if !custom.types.contains(kind) => custom
                .base
                .as_ref()
                .is_none_or(|base| base.takes(hit, text)),
            _ => true,
        }
    }

    /// Whether the values of sensitive keys are masked.
    #[must_use]
    pub fn masks_sensitive_keys(&self) -> bool {
        match self {
            Profile::Off => false,
            Profile::Custom(custom) => custom.sensitive_keys,
            _ => true,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no built-in profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown profile {name:?}; use default, hipaa, gdpr, pci, secrets, seed or off, \
     or the path of a profile file"
)]
pub struct UnknownProfile {
    name: String,
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "default" => Profile::Default,
            "hipaa" => Profile::Hipaa,
            "gdpr" => Profile::Gdpr,
            "pci" => Profile::Pci,
            "secrets" => Profile::Secrets,
            "seed" => Profile::Seed,
            "off" => Profile::Off,
            _ => {
                return Err(UnknownProfile {
                    name: name.to_owned(),
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["default", "hipaa", "gdpr", "pci", "secrets", "seed", "off"] {
            assert_eq!(name.parse::<Profile>().unwrap().as_str(), name);
        }
        assert!("hippa".parse::<Profile>().is_err());
    }

    #[test]
    fn wider_profiles_hold_narrower_ones() {
        for kind in Profile::Default.types().iter() {
            assert!(Profile::Gdpr.types().contains(kind) && Profile::Hipaa.types().contains(kind));
        }
        assert!(!Profile::Default.types().contains(PiiType::Date));
    }
}
