//! What the labels of each set mean here.

use symlog_pii::PiiType::{self, *};

/// The sets whose labels are spans.
pub(crate) const SETS: [&str; 7] = [
    "presidio_tests",
    "presidio_synth_v2",
    "meddocan_dev",
    "meddocan_train",
    "wnut17_dev",
    "wnut17_train",
    "pl_pii_bench_given",
];

/// The secret scanners' sets.
pub(crate) const SECRET_SETS: [&str; 5] = [
    "kingfisher_examples_70",
    "noseyparker_examples",
    "gitleaks_literals",
    "betterleaks_literals",
    "detect_secrets_tests",
];

/// The types that answer a label; the first is the one it is counted under. Empty: not personal.
pub(crate) fn types(label: &str) -> &'static [PiiType] {
    match label {
        "EMAIL" | "EMAIL_ADDRESS" | "CORREO_ELECTRONICO" => &[Email],
        "PHONE" | "PHONE_NUMBER" | "NUMERO_TELEFONO" | "NUMERO_FAX" | "PH_MOBILE_NUMBER"
        | "TR_PHONE_NUMBER" => &[Phone],
        "US_SSN" => &[Ssn],
        "CREDIT_CARD" | "PAYMENT_CARD" => &[CreditCard],
        "IBAN" | "IBAN_CODE" => &[Iban],
        "ABA_ROUTING_NUMBER" => &[RoutingNumber],
        "US_BANK_NUMBER" => &[AccountNumber],
        "CRYPTO" => &[CryptoWallet],
        "IP_ADDRESS" => &[IpAddress],
        "MAC_ADDRESS" => &[MacAddress],
        "URL" | "DOMAIN_NAME" => &[Url],
        "DATE_TIME" | "FECHAS" | "DOB" => &[Date],
        "AGE" | "EDAD_SUJETO_ASISTENCIA" => &[Age],
        "PERSON" | "NOMBRE_SUJETO_ASISTENCIA" | "NOMBRE_PERSONAL_SANITARIO" => &[Person],
        "LOCATION" | "LOC" | "GPE" | "STREET_ADDRESS" | "ZIP_CODE" | "POSTAL" | "TERRITORIO"
        | "CALLE" | "PAIS" | "UK_POSTCODE" | "DE_PLZ" => &[Location, Organization],
        "ORGANIZATION" | "ORG" | "HOSPITAL" | "INSTITUCION" | "CENTRO_SALUD" => {
            &[Organization, Location]
        }
        "ID_SUJETO_ASISTENCIA" | "ID_CONTACTO_ASISTENCIAL" => &[Mrn, HealthPlanId, NationalId],
        "ID_TITULACION_PERSONAL_SANITARIO" | "ID_EMPLEO_PERSONAL_SANITARIO" => {
            &[Mrn, NationalId, HealthPlanId]
        }
        "ID_ASEGURAMIENTO" | "US_MBI" | "DE_HEALTH_INSURANCE" | "AU_MEDICARE" => {
            &[HealthPlanId, Mrn, NationalId]
        }
        "US_NPI" => &[Npi, NationalId],
        "MEDICAL_LICENSE" => &[Dea],
        "VIN" => &[Vin],
        "VEHICLE_PLATE"
        | "UK_VEHICLE_REGISTRATION"
        | "IN_VEHICLE_REGISTRATION"
        | "NG_VEHICLE_REGISTRATION"
        | "TR_LICENSE_PLATE" => &[LicensePlate],
        "PASSPORT" | "US_PASSPORT" | "UK_PASSPORT" | "ES_PASSPORT" | "DE_PASSPORT"
        | "KR_PASSPORT" | "IN_PASSPORT" | "IT_PASSPORT" => &[Passport, NationalId],
        "DRIVING_LICENSE" | "US_DRIVER_LICENSE" | "UK_DRIVING_LICENCE" | "IT_DRIVER_LICENSE"
        | "KR_DRIVER_LICENSE" => &[DriverLicense, NationalId],
        "NIP" | "PESEL" | "REGON" | "DOWOD" => &[NationalId],
        "SECRET" | "PASSWORD" => &[Secret, Password, Jwt, PrivateKey],
        "SSN" => &[Ssn],
        "DATE" => &[Date],
        "MRN" => &[Mrn, HealthPlanId, NationalId],
        "HEALTH_PLAN_ID" => &[HealthPlanId, Mrn, NationalId, Ssn],
        "NPI" => &[Npi],
        "DEA" => &[Dea],
        "DEVICE_ID" => &[DeviceId],
        "LICENSE_PLATE" => &[LicensePlate],
        "DRIVER_LICENSE" => &[DriverLicense],
        "NATIONAL_ID" => &[NationalId],
        "ROUTING_NUMBER" => &[RoutingNumber],
        "ACCOUNT_NUMBER" => &[AccountNumber],
        "CRYPTO_WALLET" => &[CryptoWallet],
        "USERNAME" => &[Username],
        "COORDINATES" => &[Coordinates],
        label
            if label.len() > 3
                && label.as_bytes()[2] == b'_'
                && label.as_bytes()[..2].iter().all(u8::is_ascii_uppercase) =>
        {
            &[NationalId, Ssn, HealthPlanId, Passport]
        }
        _ => &[],
    }
}
