//! Lists of names and places; `NOTICE` says whose.

use std::sync::LazyLock;

use crate::rules::{Words, fold_hash};

/// A given name.
pub(super) const FIRST: u8 = 1;
/// A family name.
pub(super) const LAST: u8 = 2;
/// A word of a place's name.
pub(super) const PLACE: u8 = 4;
/// Also an ordinary word.
pub(super) const COMMON: u8 = 8;
/// A title or another cue that a person's name follows.
pub(super) const TITLE: u8 = 16;
/// A word of organisations: Inc, Hospital, GmbH.
pub(super) const COMPANY: u8 = 32;
/// A word of addresses: Street, calle, ul.
pub(super) const STREET: u8 = 64;

const LISTS: [(&str, u8); 4] = [
    (include_str!("../../data/first_names.txt"), FIRST),
    (include_str!("../../data/last_names.txt"), LAST),
    (include_str!("../../data/places.txt"), PLACE),
    (include_str!("../../data/ambiguous.txt"), COMMON),
];

const TITLES: &str = "mr mrs ms miss dr prof sir mme mlle señor señora sr sra srta don doña herr frau pan pani doctor doctora \
    nurse judge officer captain sergeant lieutenant detective agent president senator patient paciente pacjent mister madam lord lady";

const COMPANIES: &str = "inc ltd llc llp corp corporation company co gmbh ag plc sa sl bv nv group holdings partners associates \
    hospital clinic clínica medical center centre university universidad universität college school institute instituto bank \
    foundation trust church orchestra systems technologies solutions services industries bros sons spółka oo sp zoo \
    consultorio ambulatorio residencia colegio hôpital klinik klinikum krankenhaus przychodnia szpital urząd ministerstwo \
    pharmacy laboratory laboratories health healthcare hospice rehabilitation nursing";

const STREETS: &str = "street st avenue ave road rd boulevard blvd lane ln drive dr court ct place pl square sq highway hwy parkway \
    pkwy terrace way circle calle avda avenida av plaza paseo camino carretera c ul ulica aleja al os osiedle plac straße strasse \
    str weg platz gasse allee rue chemin via viale piazza corso apt apartment suite box rua";

/// What is named for somebody, or has a name of its own: "Crohn's disease", "Slack Token".
const THINGS: &str = "disease diseases syndrome palsy sign score scale criteria index phenomenon thyroiditis encephalopathy \
    lymphoma catheter drain fracture esophagus ophthalmopathy contracture stain maneuver manoeuvre reflex triad dystrophy \
    nodule theorem equilibrium equation aphasia ulcer anemia anaemia arthritis chorea tumor tumour smear forceps needle \
    procedure classification algorithm distribution transform key keys token tokens password api license licence passport id \
    number table text entities support recognizer version server cloud sdk cli error format tester model models file files \
    repository project library framework plugin package module webhook account database service system";

/// Whether the word with this hash is a thing that is named for somebody.
pub(super) fn is_thing(hash: u64) -> bool {
    static WORDS: LazyLock<Words<()>> = LazyLock::new(|| {
        Words::new(
            THINGS
                .split_whitespace()
                .map(|word| (fold_hash(word.as_bytes()), ())),
        )
    });
    WORDS.get(hash).is_some()
}

/// What the lists say of the word with this hash.
#[inline]
pub(super) fn flags(hash: u64) -> u8 {
    lists().all.get(hash).copied().unwrap_or(0)
}

/// Whether the word with this hash is a given name and no ordinary word.
#[inline]
pub(super) fn is_given(hash: u64) -> bool {
    lists().given.get(hash).is_some()
}

struct Lists {
    all: Words<u8>,
    /// Those of which all other words of a text are told apart, in a table that stays near.
    given: Words<()>,
}

fn lists() -> &'static Lists {
    static LISTS_BY_HASH: LazyLock<Lists> = LazyLock::new(|| {
        let mut all = std::collections::HashMap::new();
        let words =
            |text: &'static str, flag: u8| text.split_whitespace().map(move |word| (word, flag));
        let lists = LISTS.iter().flat_map(|(text, flag)| words(text, *flag));
        let cues = words(TITLES, TITLE)
            .chain(words(COMPANIES, COMPANY))
            .chain(words(STREETS, STREET));
        for (word, flag) in lists.chain(cues) {
            *all.entry(fold_hash(word.as_bytes())).or_insert(0) |= flag;
        }
        let given = all
            .iter()
            .filter(|(_, flags)| **flags & (FIRST | COMMON) == FIRST);
        Lists {
            given: Words::new(given.map(|(hash, _)| (*hash, ()))),
            all: Words::new(all),
        }
    });
    &LISTS_BY_HASH
}
