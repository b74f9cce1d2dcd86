//! Published and documented numbers for every check.

use super::*;

#[track_caller]
fn check(name: &str, good: &[&str], bad: &[&str]) {
    let check = by_name(name).unwrap();
    for text in good {
        assert!(run(check, text), "{name}: {text} is right");
    }
    for text in bad {
        assert!(!run(check, text), "{name}: {text} is wrong");
    }
}

#[test]
fn bank_and_coins() {
    check(
        "card",
        &["4111 1111 1111 1111", "3782-822463-10005"],
        &["4111111111111112", "0000000000000000"],
    );
    check(
        "iban",
        &["GB82 WEST 1234 5698 7654 32", "DE44500105175407324931"],
        &["DE45500105175407324931", "XX44500105175407324931"],
    );
    check(
        "aba",
        &["121000248", "0711-0130-7"],
        &["123456789", "421042111"],
    );
    check(
        "btc",
        &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        ],
        &["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "1000"],
    );
    check(
        "bech32",
        &["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"],
        &["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp"],
    );
}

#[test]
fn the_americas() {
    check(
        "us-ssn",
        &["123-45-6789"],
        &[
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "123-00-6789",
            "078-05-1120",
        ],
    );
    check("us-itin", &["911-70-1234"], &["911-89-1234", "811-70-1234"]);
    check("us-npi", &["1234567893", "1245319599"], &["1234567890"]);
    check("us-dea", &["AB1234563", "FA1111119"], &["AB1234560"]);
    check("us-mbi", &["1EG4-TE5-MK73"], &["1SG4-TE5-MK73"]);
    check(
        "vin",
        &["1HGCM82633A004352", "1M8GDM9AXKP042788"],
        &["1HGCM82633A004353"],
    );
    check("ca-sin", &["130 692 544"], &["046 454 286", "130692545"]);
    check(
        "br-cpf",
        &["012.345.678-90"],
        &["345.675.677-78", "111.111.111-11"],
    );
    check("br-cnpj", &["00.623.904/0001-73"], &["00.623.904/0001-71"]);
    check("mx-curp", &["HEGG560427MVZRRL04"], &["HEGG560427MVZRRL05"]);
}

#[test]
fn western_europe() {
    check("uk-nhs", &["401-023-2137"], &["401-023-2138"]);
    check("uk-nino", &["AB 12 34 56 C"], &["BG123612A", "FQ000000C"]);
    check("ie-pps", &["1234567FA", "1084633WW"], &["1234567A"]);
    check("de-tax-id", &["12345678903"], &["12345678901"]);
    check("de-document", &["L01X00T44", "C01X00T478D"], &["L01X00T47"]);
    check("de-rvnr", &["15070649C103"], &["15070649C100"]);
    check("de-kvnr", &["A123456780"], &["A123456787"]);
    check("de-vat", &["DE136695976"], &["DE123456789"]);
    check(
        "fr-nir",
        &["2-89-04-78342-163-49", "289042A34216390"],
        &["278056933908923"],
    );
    check("fr-spi", &["30 23 217 600 053"], &["30 23 217 600 054"]);
    check("es-dni", &["12345678Z"], &["12345678A"]);
    check("es-nie", &["X9613851N"], &["Y8063915Q"]);
    check("es-nuss", &["281234567840"], &["281234567841"]);
    check("it-cf", &["MRTMTT91D08F205J"], &["MRTMTT91D08F205V"]);
    check("pt-nif", &["581348915"], &["581348910"]);
    check("nl-bsn", &["111222333"], &["111222334"]);
    check("be-nn", &["85.07.30-033.28"], &["85.07.30-033.29"]);
    check("at-svnr", &["1237 010180"], &["1236 010180"]);
    check("ch-ahv", &["756.9217.0769.85"], &["756.9217.0769.84"]);
    check("lu-nin", &["1990093012358"], &["1990133012358"]);
}

#[test]
fn northern_and_eastern_europe() {
    check("se-pnr", &["811228-9874", "701063-2391"], &["811228-9873"]);
    check("fi-hetu", &["010594Y9032"], &["111111-111A"]);
    check("pl-pesel", &["44051401458"], &["44051401459"]);
    check("pl-nip", &["392-862-19-31"], &["3928621933"]);
    check("pl-regon", &["123456785"], &["123456786"]);
    check("cz-rc", &["320911556", "6809115566"], &["9909116450"]);
    check("hu-tax", &["8234567896"], &["8234567897"]);
    check("ro-cnp", &["1800101221144"], &["1960523456789"]);
    check("bg-egn", &["7523169263"], &["7523169264"]);
    check("gr-afm", &["094259216"], &["094259217"]);
    check("gr-amka", &["01013099997"], &["01013099998"]);
    check("ee-ik", &["38507300337", "39001010000"], &["38507300338"]);
    check("lv-pk", &["121282-11210"], &["121282-11211"]);
    check("si-emso", &["0101006500006"], &["0101006500007"]);
    check("si-tax", &["50223054"], &["50223055"]);
    check("hr-oib", &["26954371827"], &["26954371828"]);
    check("no-fnr", &["15079030039"], &["15079030030"]);
    check("dk-cpr", &["211062-5629"], &["211362-5629"]);
}

#[test]
fn the_rest_of_the_world() {
    check("tr-kimlik", &["10000000146"], &["12345678900"]);
    check("in-aadhaar", &["3123 4567 8909"], &["3123 4567 8908"]);
    check("cn-id", &["51323120001212169X"], &["513231200012121293"]);
    check("kr-rrn", &["960121-1234567"], &["001332-1234567"]);
    check("tw-id", &["A123456789"], &["A123456788"]);
    check(
        "sg-nric",
        &["S2740116C", "F2346401L", "M4332674T"],
        &["S2740116D"],
    );
    check("th-id", &["1234567890121"], &["1234567890122"]);
    check("au-tfn", &["876 543 210"], &["824 753 557"]);
    check("au-abn", &["51 824 753 556"], &["52 824 753 556"]);
    check("au-acn", &["005 499 981"], &["824 753 557"]);
    check("au-medicare", &["2123 45670 1"], &["2123 25870 1"]);
    check("za-id", &["8001015009087"], &["8001015009086"]);
    check("il-id", &["123456782"], &["123456783"]);
    check("hk-id", &["A123456(3)"], &["A123456(4)"]);
}

/// The shared vectors of another project's validators, where they are at hand.
#[test]
fn shared_vectors_agree() {
    const SAME: &[(&str, &str)] = &[
        ("austrian_ssn_checksum", "at-svnr"),
        ("belgium_national_register_checksum", "be-nn"),
        ("brazilian_cnpj_checksum", "br-cnpj"),
        ("brazilian_cpf_checksum", "br-cpf"),
        ("btc_checksum", "btc"),
        ("bulgarian_egn_checksum", "bg-egn"),
        ("chinese_id_checksum", "cn-id"),
        ("estonia_personal_code_checksum", "ee-ik"),
        ("finnish_hetu_checksum", "fi-hetu"),
        ("france_ssn_checksum", "fr-nir"),
        ("german_svnr_checksum", "de-rvnr"),
        ("greece_amka_checksum", "gr-amka"),
        ("hungarian_tin_checksum", "hu-tax"),
        ("irish_pps_checksum", "ie-pps"),
        (
            "lithuanian_personal_identification_number_checksum",
            "ee-ik",
        ),
        ("nhs_check_digit", "uk-nhs"),
        ("polish_national_id_checksum", "pl-pesel"),
        ("polish_nip_checksum", "pl-nip"),
        ("portuguese_tax_id_checksum", "pt-nif"),
        ("rodne_cislo_checksum", "cz-rc"),
        ("romanian_personal_numeric_code", "ro-cnp"),
        ("singapore_nric_checksum", "sg-nric"),
        ("slovenia_tin_checksum", "si-tax"),
        ("slovenian_pin_checksum", "si-emso"),
        ("spain_dni_checksum", "es-dni"),
        ("sweden_pin_checksum", "se-pnr"),
        ("greece_tin_checksum", "gr-afm"),
        ("france_nif_checksum", "fr-spi"),
        ("italian_national_id_checksum", "it-cf"),
        ("spanish_nuss_checksum", "es-nuss"),
        ("verhoeff_checksum", ""),
    ];
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/pii/sds_checksum_vectors.jsonl"
    );
    let Ok(file) = std::fs::read_to_string(path) else {
        println!("skipped: no shared data");
        return;
    };
    let (mut agree, mut differ) = (0, Vec::new());
    for line in file.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (name, value) = (
            row["validator"].as_str().unwrap(),
            row["value"].as_str().unwrap(),
        );
        let Some(check) = SAME
            .iter()
            .find(|(theirs, _)| *theirs == name)
            .and_then(|(_, ours)| by_name(ours))
        else {
            continue;
        };
        if run(check, value) == row["valid"].as_bool().unwrap() {
            agree += 1;
        } else {
            differ.push(format!("{name} {value:?} {}", row["valid"]));
        }
    }
    println!("{differ:#?}");
    assert!(
        agree > 250 && differ.len() * 10 < agree,
        "{agree} agree, {} differ",
        differ.len()
    );
}
