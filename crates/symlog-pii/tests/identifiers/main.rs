//! Every identifier that the product promises is found in a sentence that speaks of it.

mod spellings;

use symlog_pii::{Counts, Masker, PiiType, Profile};

/// What was not found: the sentence, and what was found in it.
fn missed(kind: PiiType, sentence: &str, value: &str) -> Option<String> {
    let text = sentence.replace("{}", value);
    let start = text.find(value)?;
    let found = Masker::default_profile().scan(&text);
    let hit = found.iter().any(|f| {
        f.kind == kind && f.score >= 0.5 && f.start <= start && f.end >= start + value.len()
    });
    (!hit).then(|| format!("{text} {found:?}"))
}

#[track_caller]
fn check(cases: &[(PiiType, &str, &str)]) {
    let all: Vec<String> = cases
        .iter()
        .filter_map(|(kind, sentence, value)| missed(*kind, sentence, value))
        .collect();
    assert!(all.is_empty(), "{} missed:\n{}", all.len(), all.join("\n"));
}

#[test]
fn american_identifiers() {
    use PiiType::*;
    check(&[
        (Ssn, "Her SSN is {}.", "536-90-4399"),
        (
            Ssn,
            "My social security number is {} if you need it.",
            "536904399",
        ),
        (Ssn, "SSN: {} (spouse)", "536 90 4399"),
        (NationalId, "The ITIN on the form was {}.", "911-70-1234"),
        (Passport, "US passport number {} expires soon.", "533401234"),
        (Passport, "He travels on passport {}.", "A12803456"),
        (
            HealthPlanId,
            "The Medicare beneficiary has MBI {}.",
            "1EG4-TE5-MK73",
        ),
        (Npi, "Ordered by NPI {} yesterday.", "1234567893"),
        (Npi, "The NPI is {}.", "2234567891"),
        (Dea, "Prescriber DEA number {} on the script.", "AB1234563"),
        (
            RoutingNumber,
            "Wire to routing number {} please.",
            "121000248",
        ),
        (NationalId, "Her Canadian SIN is {}.", "130 692 544"),
        (NationalId, "O meu CPF é {}.", "012.345.678-90"),
        (NationalId, "CNPJ da empresa: {}", "00.623.904/0001-73"),
        (NationalId, "Mi CURP es {}.", "HEGG560427MVZRRL04"),
        (NationalId, "RFC del cliente {}.", "GODE561231GR8"),
    ]);
}

#[test]
fn licences_of_all_states() {
    // One number in the form of each state (AAMVA; the states' own samples where they print one).
    let numbers = [
        ("Alabama", "1234567"),
        ("Alaska", "7123456"),
        ("Arizona", "D12345678"),
        ("Arkansas", "912345678"),
        ("California", "I1234562"),
        ("Colorado", "94-123-0456"),
        ("Connecticut", "123456789"),
        ("Delaware", "1234567"),
        ("District of Columbia", "1234567"),
        ("Florida", "S514-172-80-844-0"),
        ("Georgia", "051234567"),
        ("Hawaii", "H12345678"),
        ("Idaho", "AB123456C"),
        ("Illinois", "D400-7836-0001"),
        ("Indiana", "0299-11-6078"),
        ("Iowa", "123AB4567"),
        ("Kansas", "K00-09-7443"),
        ("Kentucky", "S12-345-678"),
        ("Louisiana", "007000100"),
        ("Maine", "1234567"),
        ("Maryland", "S-514-778-616-977"),
        ("Massachusetts", "S99988801"),
        ("Michigan", "P 800 000 224 322"),
        ("Minnesota", "F123456789012"),
        ("Mississippi", "123-45-6789"),
        ("Missouri", "A123456789"),
        ("Montana", "1234567890123"),
        ("Nebraska", "A12345678"),
        ("Nevada", "1234567890"),
        ("New Hampshire", "12ABC34567"),
        ("New Jersey", "A1234 56789 01234"),
        ("New Mexico", "123456789"),
        ("New York", "123 456 789"),
        ("North Carolina", "123456789012"),
        ("North Dakota", "ABC-12-3456"),
        ("Ohio", "AB123456"),
        ("Oklahoma", "A123456789"),
        ("Oregon", "1234567"),
        ("Pennsylvania", "99 999 999"),
        ("Rhode Island", "1234567"),
        ("South Carolina", "123456789"),
        ("South Dakota", "12345678"),
        ("Tennessee", "123456789"),
        ("Texas", "12345678"),
        ("Utah", "123456789"),
        ("Vermont", "12345678"),
        ("Virginia", "T64235789"),
        ("Washington", "WDLABCD456DG"),
        ("West Virginia", "F123456"),
        ("Wisconsin", "S123-4567-8901-23"),
        ("Wyoming", "123456-789"),
    ];
    let all: Vec<String> = numbers
        .iter()
        .filter_map(|(state, number)| {
            let sentence = format!("The {state} driver's license number is {{}}.");
            missed(PiiType::DriverLicense, &sentence, number)
        })
        .collect();
    assert!(all.is_empty(), "{} missed:\n{}", all.len(), all.join("\n"));
}

#[test]
fn european_identifiers() {
    use PiiType::*;
    check(&[
        (
            NationalId,
            "Her national insurance number is {}.",
            "AB 12 34 56 C",
        ),
        (NationalId, "NHS number: {}", "943 476 5919"),
        (NationalId, "HMRC sent my UTR {} by post.", "1123456789"),
        (Passport, "UK passport {} was renewed.", "707797979"),
        (DriverLicense, "driving licence {}", "MORGA657054SM9IJ"),
        (Location, "She lives at postcode {}.", "EC1A 1BB"),
        (NationalId, "PPS number {} in Dublin.", "1234567FA"),
        (NationalId, "Meine Steuer-ID lautet {}.", "12345678903"),
        (NationalId, "Personalausweis {} liegt vor.", "L01X00T44"),
        (Passport, "Reisepass {} ist gültig.", "C01234565"),
        (HealthPlanId, "Versichertennummer {} der AOK.", "A123456780"),
        (NationalId, "Sozialversicherungsnummer {}.", "15070649C103"),
        (
            NationalId,
            "Numéro de sécurité sociale : {}.",
            "2 89 04 78342 163 49",
        ),
        (NationalId, "Mi DNI es {}.", "12345678Z"),
        (NationalId, "NIE {} del extranjero.", "X9613851N"),
        (
            NationalId,
            "Il mio codice fiscale è {}.",
            "MRTMTT91D08F205J",
        ),
        (NationalId, "O meu NIF é {}.", "581 348 915"),
        (NationalId, "Mijn BSN is {}.", "111222333"),
        (NationalId, "Rijksregisternummer {}.", "85.07.30-033.28"),
        (NationalId, "Mój PESEL to {}.", "44051401458"),
        (NationalId, "NIP {} firmy.", "392-862-19-31"),
        (NationalId, "Mitt personnummer är {}.", "811228-9874"),
        (NationalId, "Henkilötunnus {}.", "010594Y9032"),
        (NationalId, "Mit CPR nummer er {}.", "211062-5629"),
        (NationalId, "Mitt fødselsnummer er {}.", "15079030039"),
        (NationalId, "SVNR {} der Patientin.", "1237 010180"),
        (NationalId, "AHV-Nummer {}.", "756.9217.0769.85"),
        (NationalId, "Rodné číslo {} (CZ).", "681118/5568"),
        (NationalId, "Slovak birth number {}.", "640903/9263"),
        (NationalId, "Adóazonosító {}.", "8234567896"),
        (HealthPlanId, "TAJ szám: {}", "111 111 110"),
        (NationalId, "CNP {} din buletin.", "1800101221144"),
        (NationalId, "ЕГН {} на пациента.", "7523169263"),
        (NationalId, "ΑΜΚΑ {}.", "01013099997"),
        (NationalId, "ΑΦΜ {}.", "094259216"),
        (NationalId, "Isikukood {} (EE).", "38507300337"),
        (NationalId, "Asmens kodas {} (LT).", "38507300337"),
        (NationalId, "Personas kods {} (LV).", "121282-11210"),
        (NationalId, "EMŠO {} (SI).", "0101006500006"),
        (NationalId, "TC kimlik no {}.", "10000000146"),
    ]);
}

#[test]
fn identifiers_of_asia_africa_and_oceania() {
    use PiiType::*;
    check(&[
        (NationalId, "My Aadhaar is {}.", "3123 4567 8909"),
        (NationalId, "PAN {} for income tax.", "ABBPM4567S"),
        (NationalId, "GSTIN {} of the vendor.", "27ABCDE1234F1Z5"),
        (NationalId, "身份证 {}", "51323120001212169X"),
        (NationalId, "My Number {}.", "123456789018"),
        (NationalId, "RRN {} (Korea).", "960121-1234567"),
        (NationalId, "Taiwan ID {}.", "A123456789"),
        (NationalId, "My NRIC is {}.", "S2740116C"),
        (NationalId, "The TFN is {}.", "876 543 210"),
        (NationalId, "ABN {} on the invoice.", "51 824 753 556"),
        (HealthPlanId, "Australian Medicare {}.", "2123 45670 1"),
        (NationalId, "South African ID number {}.", "8001015009087"),
        (NationalId, "Teudat zehut {}.", "123456782"),
    ]);
}

#[test]
fn an_ordinary_question_is_kept_by_default_and_masked_for_hipaa() {
    let text = "What is the weather in San Francisco on 18 May";
    let mask = |profile| {
        let masker = Masker::builder().profile(profile).build().unwrap();
        masker.mask(text, &mut Counts::new()).into_owned()
    };
    assert_eq!(mask(Profile::Default), text);
    let masked = mask(Profile::Hipaa);
    assert!(
        !masked.contains("San Francisco") && !masked.contains("18 May"),
        "{masked}"
    );
}

#[test]
fn years_and_ages_and_stretches_of_time() {
    let masker = Masker::default_profile();
    let found: Vec<_> = masker
        .scan("He is 47, born in 1971, and moved here last year.")
        .into_iter()
        .map(|f| (f.kind, f.rule.as_str().to_owned()))
        .collect();
    assert_eq!(
        found,
        [
            (PiiType::Age, "age".to_owned()),
            (PiiType::Date, "year".to_owned())
        ]
    );
    let hipaa = Masker::builder().profile(Profile::Hipaa).build().unwrap();
    assert_eq!(
        hipaa.mask("Born in 1971, seen in 2019.", &mut Counts::new()),
        "Born in 1971, seen in 2019."
    );
}

#[test]
fn a_name_that_is_a_word_is_one_after_a_sure_cue() {
    use PiiType::*;
    check(&[
        (Person, "my name is {}", "Dan"),
        (Person, "They call me Mr. {}", "May"),
        (Person, "Dr. {} will see you now.", "Grace"),
    ]);
}
