//! What the labels of published models mean here.

use crate::kind::PiiType;

/// The type of a label, with or without its `B-`, `I-`, `E-` or `S-`.
pub(super) fn kind(label: &str) -> Option<PiiType> {
    let name = match label.split_once('-') {
        Some(("B" | "I" | "E" | "S" | "L" | "U", name)) => name,
        _ => label,
    };
    Some(match name.to_ascii_uppercase().as_str() {
        "GIVEN_NAME" | "GIVENNAME" | "SURNAME" | "FIRSTNAME" | "FIRST_NAME" | "LASTNAME"
        | "LAST_NAME" | "MIDDLENAME" | "NAME" | "PER" | "PERSON" | "PATIENT" | "STAFF" => {
            PiiType::Person
        }
        "EMAIL" | "EMAIL_ADDRESS" => PiiType::Email,
        "PHONE" | "PHONE_NUMBER" | "TELEPHONENUM" | "PHONENUMBER" => PiiType::Phone,
        "URL" => PiiType::Url,
        "SSN" | "SOCIALNUM" => PiiType::Ssn,
        "TAX_ID" | "TAXNUM" | "GOVERNMENT_ID" | "IDCARDNUM" => PiiType::NationalId,
        "BANK_ACCOUNT" | "ACCOUNTNUM" | "ACCOUNT_NUMBER" => PiiType::AccountNumber,
        "ROUTING_NUMBER" => PiiType::RoutingNumber,
        "CREDIT_CARD" | "CREDITCARDNUMBER" => PiiType::CreditCard,
        "PASSPORT" | "PASSPORTNUM" => PiiType::Passport,
        "DRIVERS_LICENSE" | "DRIVERLICENSENUM" => PiiType::DriverLicense,
        "BUILDING_NUMBER" | "BUILDINGNUM" | "STREET_NAME" | "STREET" | "SECONDARY_ADDRESS"
        | "CITY" | "STATE" | "ZIP_CODE" | "ZIPCODE" | "LOC" | "GPE" | "LOCATION" | "ADDRESS" => {
            PiiType::Location
        }
        "ORG" | "ORGANIZATION" | "HOSP" | "HOSPITAL" => PiiType::Organization,
        "DATE" | "DATEOFBIRTH" | "DOB" => PiiType::Date,
        "AGE" => PiiType::Age,
        "USERNAME" => PiiType::Username,
        "PASSWORD" => PiiType::Password,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_do_not_count() {
        assert_eq!(kind("B-GIVEN_NAME"), Some(PiiType::Person));
        assert_eq!(kind("I-LOC"), Some(PiiType::Location));
        assert_eq!(kind("PERSON"), Some(PiiType::Person));
        assert_eq!(kind("O"), None);
        assert_eq!(kind("B-MISC"), None);
    }
}
