//! Keys that name what kind of personal value lies under them.

use std::sync::LazyLock;

use super::{Words, last_segment};
use crate::kind::PiiType;
use crate::rules::{Words as WordMap, fold_hash};

/// The words with which such a key ends.
static HEADS: LazyLock<WordMap<()>> = LazyLock::new(|| {
    let words = "name names firstname lastname fullname surname givenname familyname middlename maidenname \
        patientname vorname nachname apellido apellidos prenom prénom nazwisko imie imię username userid login handle nickname \
        screenname id city town street zip zipcode postcode county ciudad ville stadt ort miasto ulica straße strasse calle \
        address line code dob birthdate birthday geburtsdatum birth date lat latitude lng lon long longitude";
    WordMap::new(
        words
            .split_whitespace()
            .map(|w| (fold_hash(w.as_bytes()), ())),
    )
});

/// What the value under `key` is, by its name: a name of a person, a part of an address, a user
/// name, a date of birth, or half a coordinate.
pub(crate) fn kind_named(key: &str) -> Option<PiiType> {
    let words = Words::of(last_segment(key).as_bytes())?;
    let last = words.count.checked_sub(1)?;
    // Most keys end with none of them.
    HEADS.get(fold_hash(words.get(last)))?;
    let lower = |i: usize| String::from_utf8_lossy(words.get(i)).to_lowercase();
    let head = lower(last);
    let before = last.checked_sub(1).map(lower).unwrap_or_default();
    let before = before.as_str();
    match head.as_str() {
        "name" | "names" => person(before),
        "firstname" | "lastname" | "fullname" | "surname" | "givenname" | "familyname"
        | "middlename" | "maidenname" | "patientname" | "vorname" | "nachname" | "apellido"
        | "apellidos" | "prenom" | "prénom" | "nazwisko" | "imie" | "imię" => {
            Some(PiiType::Person)
        }
        "username" | "userid" | "login" | "handle" | "nickname" | "screenname" => {
            Some(PiiType::Username)
        }
        "id" if before == "user" || before == "login" => Some(PiiType::Username),
        "city" | "town" | "street" | "zip" | "zipcode" | "postcode" | "county" | "ciudad"
        | "ville" | "stadt" | "ort" | "miasto" | "ulica" | "straße" | "strasse" | "calle" => {
            Some(PiiType::Location)
        }
        "address" | "line" if place(before) => Some(PiiType::Location),
        "address" if last == 0 => Some(PiiType::Location),
        "code" if matches!(before, "zip" | "postal" | "post") => Some(PiiType::Location),
        "dob" | "birthdate" | "birthday" | "geburtsdatum" => Some(PiiType::Date),
        "birth" if before == "of" => Some(PiiType::Date),
        "date" if before == "birth" => Some(PiiType::Date),
        "lat" | "latitude" | "lng" | "lon" | "long" | "longitude" => Some(PiiType::Coordinates),
        _ => None,
    }
}

fn person(before: &str) -> Option<PiiType> {
    match before {
        "first" | "last" | "full" | "given" | "family" | "middle" | "maiden" | "patient"
        | "customer" | "client" | "employee" | "doctor" | "physician" | "contact" | "holder"
        | "cardholder" | "guardian" | "member" | "subscriber" | "applicant" | "passenger"
        | "guest" | "student" | "recipient" | "sender" | "insured" | "spouse" => {
            Some(PiiType::Person)
        }
        "user" | "screen" | "login" => Some(PiiType::Username),
        _ => None,
    }
}

fn place(before: &str) -> bool {
    matches!(
        before,
        "home"
            | "street"
            | "billing"
            | "shipping"
            | "mailing"
            | "postal"
            | "patient"
            | "address"
            | "delivery"
            | "residential"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_what_lies_under_them() {
        for (key, kind) in [
            ("first_name", Some(PiiType::Person)),
            ("patient.lastName", Some(PiiType::Person)),
            ("userName", Some(PiiType::Username)),
            ("shipping-address", Some(PiiType::Location)),
            ("postalCode", Some(PiiType::Location)),
            ("date_of_birth", Some(PiiType::Date)),
            ("lat", Some(PiiType::Coordinates)),
            ("file_name", None),
            ("ip_address", None),
            ("name", None),
            ("status_code", None),
        ] {
            assert_eq!(kind_named(key), kind, "{key}");
        }
    }
}
