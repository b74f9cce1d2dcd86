//! Each national identifier as people and programs write it. The check digits were worked out apart from
//! this crate, by the rule that each country publishes.

use symlog_pii::{Masker, PiiType};

/// The word beside it, its type, and two plain spellings.
const VALUES: [(&str, PiiType, &str, &str); 55] = [
    ("SIN", PiiType::NationalId, "568871933", "568 871 933"),
    (
        "NHS number",
        PiiType::NationalId,
        "4704883213",
        "470 488 3213",
    ),
    (
        "NI number",
        PiiType::NationalId,
        "AB206243C",
        "AB 20 62 43 C",
    ),
    ("UTR", PiiType::NationalId, "3484714247", "34847 14247"),
    ("PPS number", PiiType::NationalId, "7198977U", "7198977 U"),
    (
        "Steuer-ID",
        PiiType::NationalId,
        "12046257890",
        "12 046 257 890",
    ),
    (
        "numéro de sécurité sociale",
        PiiType::NationalId,
        "184077555073167",
        "1 84 07 75 550 731 67",
    ),
    ("DNI", PiiType::NationalId, "15037683F", "15.037.683-F"),
    ("NIE", PiiType::NationalId, "X8430836W", "X-8430836-W"),
    (
        "codice fiscale",
        PiiType::NationalId,
        "RSSMRA85T10A562S",
        "RSSMRA 85T10 A562S",
    ),
    ("NIF", PiiType::NationalId, "289922747", "289 922 747"),
    ("BSN", PiiType::NationalId, "273495379", "2734.95.379"),
    (
        "rijksregisternummer",
        PiiType::NationalId,
        "85073003328",
        "85.07.30-033.28",
    ),
    ("PESEL", PiiType::NationalId, "44051439028", "440514 39028"),
    ("NIP", PiiType::NationalId, "5261767708", "526-176-77-08"),
    (
        "personnummer",
        PiiType::NationalId,
        "811228-4248",
        "19811228-4248",
    ),
    (
        "henkilötunnus",
        PiiType::NationalId,
        "131052-308T",
        "131052-308T",
    ),
    (
        "CPR-nummer",
        PiiType::NationalId,
        "070761-9406",
        "070761 9406",
    ),
    (
        "fødselsnummer",
        PiiType::NationalId,
        "15077635227",
        "150776 35227",
    ),
    ("SVNR", PiiType::NationalId, "4817010180", "4817 010180"),
    (
        "AHV-Nummer",
        PiiType::NationalId,
        "7568042205393",
        "756.8042.2053.93",
    ),
    (
        "rodné číslo",
        PiiType::NationalId,
        "7360287374",
        "736028/7374",
    ),
    (
        "TAJ szám",
        PiiType::HealthPlanId,
        "234221563",
        "234 221 563",
    ),
    (
        "CNP",
        PiiType::NationalId,
        "1840715223191",
        "1 840715 223191",
    ),
    ("ЕГН", PiiType::NationalId, "7503167029", "750316 7029"),
    ("ΑΦΜ", PiiType::NationalId, "126398720", "126 398 720"),
    ("AMKA", PiiType::NationalId, "15078035910", "150780 35910"),
    (
        "isikukood",
        PiiType::NationalId,
        "37605030919",
        "3 760503 0919",
    ),
    (
        "asmens kodas",
        PiiType::NationalId,
        "48402123478",
        "4 840212 3478",
    ),
    (
        "personas kods",
        PiiType::NationalId,
        "161175-17924",
        "16117517924",
    ),
    (
        "EMŠO",
        PiiType::NationalId,
        "0101006504664",
        "0101006 504664",
    ),
    (
        "Aadhaar",
        PiiType::NationalId,
        "465869264076",
        "4658 6926 4076",
    ),
    ("PAN", PiiType::NationalId, "ABCPK5841L", "ABCPK5841L"),
    (
        "GSTIN",
        PiiType::NationalId,
        "27ABCPK1234L1ZS",
        "27ABCPK1234L1ZS",
    ),
    (
        "身份证号",
        PiiType::NationalId,
        "110101198003075053",
        "110101 19800307 5053",
    ),
    (
        "My Number",
        PiiType::NationalId,
        "900639091229",
        "9006 3909 1229",
    ),
    (
        "주민등록번호",
        PiiType::NationalId,
        "800101-1972881",
        "8001011972881",
    ),
    (
        "Taiwan ID",
        PiiType::NationalId,
        "A130993957",
        "A 130993957",
    ),
    ("NRIC", PiiType::NationalId, "S5791168I", "S5791168I"),
    ("TFN", PiiType::NationalId, "349206644", "349 206 644"),
    ("ABN", PiiType::NationalId, "10707732500", "10 707 732 500"),
    (
        "Medicare",
        PiiType::HealthPlanId,
        "2894698591",
        "2894 69859 1",
    ),
    ("CPF", PiiType::NationalId, "35603703962", "356.037.039-62"),
    (
        "CNPJ",
        PiiType::NationalId,
        "65393831000116",
        "65.393.831/0001-16",
    ),
    (
        "CURP",
        PiiType::NationalId,
        "HEGG560427MVZRRL04",
        "HEGG560427MVZRRL04",
    ),
    (
        "RFC",
        PiiType::NationalId,
        "GODE561231GR8",
        "GODE-561231-GR8",
    ),
    (
        "TC Kimlik No",
        PiiType::NationalId,
        "77742584778",
        "777 425 847 78",
    ),
    (
        "South African ID",
        PiiType::NationalId,
        "8001015123086",
        "800101 5123 086",
    ),
    ("Israeli ID", PiiType::NationalId, "326800067", "32680006-7"),
    ("SSN", PiiType::Ssn, "536904399", "536-90-4399"),
    ("ITIN", PiiType::NationalId, "911701234", "911-70-1234"),
    ("NPI", PiiType::Npi, "1079684571", "1079 684 571"),
    ("DEA", PiiType::Dea, "BJ8451255", "BJ8451255"),
    (
        "routing number",
        PiiType::RoutingNumber,
        "035430564",
        "0354-3056-4",
    ),
    ("MBI", PiiType::HealthPlanId, "1EG4TE5MK73", "1EG4-TE5-MK73"),
];

/// Digits of the full width, as an input method for Chinese or Japanese writes them.
fn wide(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' => char::from_u32(c as u32 - 0x30 + 0xff10).unwrap_or(c),
            other => other,
        })
        .collect()
}

/// A character of no width after every third one, as copied text holds them.
fn broken(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            out.push('\u{200b}');
        }
        out.push(c);
    }
    out
}

/// Blanks and hyphens at which no line may end.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}").replace('-', "\u{2011}")
}

/// Each digit as an escape of JSON.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' => format!("\\u{:04x}", c as u32),
            other => other.to_string(),
        })
        .collect()
}

/// What of `value` in `text` is not covered by findings of the type.
fn missed(masker: &Masker, text: &str, value: &str, kind: PiiType) -> Option<String> {
    let start = text.find(value)?;
    let found = masker.scan(text);
    let hit = found.iter().any(|f| {
        f.kind == kind && f.score >= 0.5 && f.start <= start && f.end >= start + value.len()
    });
    (!hit).then(|| format!("{text} {found:?}"))
}

#[test]
fn identifiers_are_found_in_every_spelling() {
    let masker = Masker::default_profile();
    let mut all = Vec::new();
    for (word, kind, plain, parted) in VALUES {
        let spellings = [
            plain.to_owned(),
            parted.to_owned(),
            plain.to_lowercase(),
            wide(parted),
            broken(plain),
            unbroken(parted),
        ];
        for value in spellings {
            all.extend(missed(&masker, &format!("{word}: {value}"), &value, kind));
            all.extend(missed(
                &masker,
                &format!("the {word} is {value}, ok?"),
                &value,
                kind,
            ));
        }
        let inner = escaped(plain);
        all.extend(missed(
            &masker,
            &format!(r#"{{"note": "{word} {inner}"}}"#),
            &inner,
            kind,
        ));
        let nested = format!(r#"{{"body": "{{\"note\": \"{word} {parted}\"}}"}}"#);
        all.extend(missed(&masker, &nested, parted, kind));
    }
    assert!(all.is_empty(), "{} missed:\n{}", all.len(), all.join("\n"));
}
