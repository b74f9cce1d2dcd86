//! The names of months.

use std::sync::OnceLock;

use crate::rules::{Words, fold_hash};

/// The number of a month's name, in English, Spanish, German, French, Polish, Italian, Portuguese.
pub(super) fn month(word: &[u8]) -> Option<u8> {
    static MONTHS: OnceLock<Words<u8>> = OnceLock::new();
    let months = MONTHS.get_or_init(|| {
        let numbered = NAMES
            .iter()
            .zip(1..)
            .flat_map(|(names, n)| names.iter().map(move |name| (*name, n)));
        let cased = numbered.flat_map(|(name, n)| [(name.to_owned(), n), (name.to_uppercase(), n)]);
        Words::new(cased.map(|(name, n)| (fold_hash(name.as_bytes()), n)))
    });
    if word.len() < 3 || word.len() > 14 {
        return None;
    }
    months.get(fold_hash(word)).copied()
}

const NAMES: [&[&str]; 12] = [
    &[
        "january", "jan", "enero", "januar", "jänner", "janvier", "stycznia", "styczeń", "gennaio",
        "janeiro", "ene",
    ],
    &[
        "february",
        "feb",
        "febrero",
        "februar",
        "février",
        "lutego",
        "luty",
        "febbraio",
        "fevereiro",
        "févr",
    ],
    &[
        "march", "mar", "marzo", "märz", "mars", "marca", "marzec", "março", "mär",
    ],
    &[
        "april",
        "apr",
        "abril",
        "avril",
        "kwietnia",
        "kwiecień",
        "aprile",
        "abr",
        "avr",
    ],
    &["may", "mayo", "mai", "maja", "maj", "maggio", "maio"],
    &[
        "june", "jun", "junio", "juni", "juin", "czerwca", "czerwiec", "giugno", "junho",
    ],
    &[
        "july", "jul", "julio", "juli", "juillet", "lipca", "lipiec", "luglio", "julho", "juil",
    ],
    &[
        "august",
        "aug",
        "agosto",
        "août",
        "sierpnia",
        "sierpień",
        "ago",
    ],
    &[
        "september",
        "sep",
        "sept",
        "septiembre",
        "septembre",
        "września",
        "wrzesień",
        "settembre",
        "setembro",
        "setiembre",
    ],
    &[
        "october",
        "oct",
        "octubre",
        "oktober",
        "octobre",
        "października",
        "październik",
        "ottobre",
        "outubro",
        "okt",
    ],
    &[
        "november",
        "nov",
        "noviembre",
        "novembre",
        "listopada",
        "listopad",
        "novembro",
    ],
    &[
        "december",
        "dec",
        "diciembre",
        "dezember",
        "décembre",
        "grudnia",
        "grudzień",
        "dicembre",
        "dezembro",
        "dez",
        "dic",
        "déc",
    ],
];
