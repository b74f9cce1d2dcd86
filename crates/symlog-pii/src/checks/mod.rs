//! Check digits and the like, by name.

mod america;
mod asia;
mod bank;
mod coins;
mod europe;
mod europe_east;
mod luhn;
mod math;
mod tokens;

pub(crate) use bank::iban;
pub(crate) use luhn::luhn;
pub(crate) use math::Number;
pub(crate) use tokens::{is_dealt_out, is_example_uuid, looks_random};

/// A check of what a pattern matched.
pub(crate) type Check = fn(&Number<'_>) -> bool;

/// Runs `check` on the text that a pattern matched.
pub(crate) fn run(check: Check, text: &str) -> bool {
    check(&Number::new(text))
}

/// The check of that name.
pub(crate) fn by_name(name: &str) -> Option<Check> {
    CHECKS
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, check)| *check)
}

/// The names of all checks, for messages.
pub(crate) fn names() -> String {
    let names: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

const CHECKS: &[(&str, Check)] = &[
    ("luhn", |n| n.all_digits() && luhn(n.digits())),
    ("card", bank::card),
    ("iban", |n| iban(n.compact())),
    ("aba", bank::aba),
    ("us-ssn", america::ssn),
    ("us-itin", america::itin),
    ("us-npi", america::npi),
    ("us-dea", america::dea),
    ("vin", america::vin),
    ("ca-sin", america::sin),
    ("br-cpf", america::cpf),
    ("br-cnpj", america::cnpj),
    ("mx-curp", america::curp),
    ("uk-nhs", europe::nhs),
    ("uk-utr", europe::utr),
    ("uk-nino", europe::nino),
    ("ie-pps", europe::pps),
    ("de-tax-id", europe::de_tax_id),
    ("de-document", europe::de_document),
    ("de-rvnr", europe::de_rvnr),
    ("de-kvnr", europe::de_kvnr),
    ("de-vat", europe::de_vat),
    ("fr-nir", europe::nir),
    ("fr-spi", europe::spi),
    ("es-dni", europe::dni),
    ("es-nie", europe::nie),
    ("es-nuss", europe::nuss),
    ("it-cf", europe::codice_fiscale),
    ("pt-nif", europe::pt_nif),
    ("nl-bsn", europe::bsn),
    ("be-nn", europe::be_nn),
    ("at-svnr", europe::at_svnr),
    ("ch-ahv", europe::ahv),
    ("lu-nin", europe::lu_nin),
    ("se-pnr", europe_east::se_pnr),
    ("fi-hetu", europe_east::hetu),
    ("dk-cpr", europe_east::cpr),
    ("no-fnr", europe_east::fnr),
    ("pl-pesel", europe_east::pesel),
    ("pl-nip", europe_east::nip),
    ("pl-regon", europe_east::regon),
    ("pl-id-card", europe_east::dowod),
    ("cz-rc", europe_east::rodne_cislo),
    ("hu-tax", europe_east::hu_tax),
    ("hu-taj", europe_east::taj),
    ("ro-cnp", europe_east::cnp),
    ("bg-egn", europe_east::egn),
    ("gr-afm", europe_east::afm),
    ("gr-amka", europe_east::amka),
    ("ee-ik", europe_east::baltic),
    ("lv-pk", europe_east::latvia),
    ("si-emso", europe_east::emso),
    ("si-tax", europe_east::si_tax),
    ("hr-oib", europe_east::oib),
    ("tr-kimlik", asia::kimlik),
    ("il-id", asia::israel),
    ("in-aadhaar", asia::aadhaar),
    ("in-gstin", asia::gstin),
    ("cn-id", asia::china),
    ("jp-my-number", asia::my_number),
    ("kr-rrn", asia::rrn),
    ("tw-id", asia::taiwan),
    ("sg-nric", asia::nric),
    ("th-id", asia::thailand),
    ("hk-id", asia::hong_kong),
    ("au-tfn", asia::tfn),
    ("au-abn", asia::abn),
    ("au-acn", asia::acn),
    ("au-medicare", asia::medicare),
    ("za-id", asia::south_africa),
    ("btc", coins::bitcoin),
    ("bech32", coins::bech32),
    ("eth", coins::ethereum),
    ("mixed", tokens::mixed),
    ("random", tokens::random),
    ("us-mbi", america::mbi),
    ("phone-national", phone_national),
    ("phone-length", phone_length),
];

/// As many digits as telephone numbers have (E.164), after the `00` of an international call too.
fn phone_length(n: &Number<'_>) -> bool {
    let digits = n.digits();
    let least = if n.raw().starts_with("00") { 11 } else { 7 };
    (least..=15).contains(&digits.len())
}

/// The digits of a telephone number with its trunk prefix, and none of the shapes that begin so
/// and are numbers of persons: 3-2-4, 3-3-3, and what is left of them when a sign is missing.
fn phone_national(n: &Number<'_>) -> bool {
    let mut groups = [0; 4];
    let lengths = n
        .raw()
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|len| *len > 0);
    for (group, len) in groups.iter_mut().zip(lengths) {
        *group = len;
    }
    (8..=12).contains(&n.digits().len())
        && !n.digits().starts_with(b"00")
        && !matches!(
            groups,
            [3, 2, 3, 0] | [3, 2, 4, 0] | [3, 3, 3, 0] | [3, 6, 0, 0] | [5, 4, 0, 0]
        )
}

#[cfg(test)]
mod tests;
