//! The types of personal data, health data and secrets that are told apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What a finding is. The names are those of masks, counts and `scan`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum PiiType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl PiiType {
            /// Every type, in declaration order.
            pub const ALL: &'static [PiiType] = &[$(PiiType::$variant),*];

            /// The name under which the type is reported, such as `CREDIT_CARD`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(PiiType::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// An e-mail address.
    Email = "EMAIL",
    /// A telephone or fax number.
    Phone = "PHONE",
    /// A United States social security number.
    Ssn = "SSN",
    /// A payment card number.
    CreditCard = "CREDIT_CARD",
    /// An international bank account number.
    Iban = "IBAN",
    /// An ABA routing number or another bank code.
    RoutingNumber = "ROUTING_NUMBER",
    /// A bank account number that is no IBAN.
    AccountNumber = "ACCOUNT_NUMBER",
    /// An address or a key of a crypto currency.
    CryptoWallet = "CRYPTO_WALLET",
    /// An IPv4 or IPv6 address.
    IpAddress = "IP_ADDRESS",
    /// A hardware address.
    MacAddress = "MAC_ADDRESS",
    /// A web address.
    Url = "URL",
    /// A date, or a bare year.
    Date = "DATE",
    /// A stated age.
    Age = "AGE",
    /// A person's name.
    Person = "PERSON",
    /// A place, an address or a part of one.
    Location = "LOCATION",
    /// A company, an institution, a hospital.
    Organization = "ORGANIZATION",
    /// A medical record number.
    Mrn = "MRN",
    /// A health plan, insurance member or beneficiary number.
    HealthPlanId = "HEALTH_PLAN_ID",
    /// A United States National Provider Identifier.
    Npi = "NPI",
    /// A United States DEA registration number.
    Dea = "DEA",
    /// A passport number.
    Passport = "PASSPORT",
    /// A driving licence number.
    DriverLicense = "DRIVER_LICENSE",
    /// A vehicle identification number.
    Vin = "VIN",
    /// A vehicle registration.
    LicensePlate = "LICENSE_PLATE",
    /// A serial number or another identifier of a device.
    DeviceId = "DEVICE_ID",
    /// A national, tax or insurance number of a person; the rule says which.
    NationalId = "NATIONAL_ID",
    /// A user name or handle.
    Username = "USERNAME",
    /// A password or PIN.
    Password = "PASSWORD",
    /// An API key, token or another credential; the rule says whose.
    Secret = "SECRET",
    /// A JSON Web Token.
    Jwt = "JWT",
    /// Private key material.
    PrivateKey = "PRIVATE_KEY",
    /// A pair of geographic coordinates.
    Coordinates = "COORDINATES",
    /// A UUID.
    Uuid = "UUID",
    /// Embedded image, audio or video data.
    Media = "MEDIA",
    /// What a user's own rule or detector found.
    Custom = "CUSTOM",
}

/// A name that is none of [`PiiType`]'s.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown type {name:?}; the types are EMAIL, PHONE, SSN, CREDIT_CARD, … (see PiiType::ALL)"
)]
pub struct UnknownPiiType {
    name: String,
}

impl FromStr for PiiType {
    type Err = UnknownPiiType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownPiiType {
                name: name.to_owned(),
            })
    }
}

impl fmt::Display for PiiType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of types, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TypeSet(u64);

impl TypeSet {
    /// No type.
    pub const EMPTY: Self = Self(0);
    /// Every type.
    pub const ALL: Self = Self((1 << PiiType::ALL.len()) - 1);

    /// The set of the given types.
    #[must_use]
    pub const fn of(kinds: &[PiiType]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < kinds.len() {
            bits |= 1 << kinds[i] as u64;
            i += 1;
        }
        Self(bits)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less those of the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: PiiType) -> bool {
        self.0 & (1 << kind as u64) != 0
    }

    /// Whether any of `other` is in the set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The types of the set, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = PiiType> {
        PiiType::ALL
            .iter()
            .copied()
            .filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<PiiType> for TypeSet {
    fn from_iter<I: IntoIterator<Item = PiiType>>(kinds: I) -> Self {
        kinds
            .into_iter()
            .fold(Self::EMPTY, |set, kind| set.union(Self::of(&[kind])))
    }
}

impl fmt::Debug for TypeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for kind in PiiType::ALL {
            assert_eq!(kind.as_str().parse::<PiiType>().unwrap(), *kind);
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
        assert!("EMAILS".parse::<PiiType>().is_err());
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: TypeSet = [PiiType::Email, PiiType::Custom].into_iter().collect();
        assert!(set.contains(PiiType::Custom) && !set.contains(PiiType::Phone));
        assert_eq!(set.iter().count(), 2);
        assert_eq!(TypeSet::ALL.iter().count(), PiiType::ALL.len());
    }
}
