//! Sentences made from templates, for kinds of text that no given set has: clinical questions and
//! requests, forms, and headings. Names and places come from the product's own lists.

use crate::data::Row;

const FIRST: &str = include_str!("../../../crates/symlog-pii/data/first_names.txt");
const LAST: &str = include_str!("../../../crates/symlog-pii/data/last_names.txt");
const PLACES: &str = include_str!("../../../crates/symlog-pii/data/places.txt");
const COMMON: &str = include_str!("../../../crates/symlog-pii/data/ambiguous.txt");

/// Slots in braces: `P` a person, `F` and `p` a given and a family name, `G` one that is a word
/// too, `f` and `q` in small letters, `U` in capitals, `u` a family name so, `V` family name first, `I` with initials,
/// `L`, `l`, `K` a place, `S` one with its kind, `A` an address, `O` an organisation, `C` a company, `N` a
/// number, `Z` a postal code, `H` a telephone, `D` a date; and what is no name: `T` a term, `E`
/// one that is named for somebody, `M` a medicine, `W` a word of headings.
const TEMPLATES: [&str; 2] = [
    include_str!("../templates/prose.txt"),
    include_str!("../templates/none.txt"),
];
const ADDRESSES: &str = include_str!("../templates/addresses.txt");
const FACILITIES: &str = include_str!("../templates/facilities.txt");
const LANDMARKS: &str = include_str!("../templates/lakes.txt");
const TERMS: &str = include_str!("../templates/terms.txt");
const EPONYMS: &str = include_str!("../templates/eponyms.txt");
const NOUNS: &str = include_str!("../templates/nouns.txt");
const DRUGS: &str = include_str!("../templates/drugs.txt");
const COMPANIES: &str = include_str!("../templates/companies.txt");
const HEADINGS: &str = include_str!("../templates/docs.txt");

/// How often each template is filled.
const ROUNDS: usize = 70;

/// A small generator whose numbers are the same everywhere (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }
}

/// The words that slots are filled from.
struct Lists {
    first: Vec<&'static str>,
    last: Vec<&'static str>,
    places: Vec<&'static str>,
    ambiguous: Vec<&'static str>,
    addresses: Vec<&'static str>,
    facilities: Vec<&'static str>,
    landmarks: Vec<&'static str>,
    terms: Vec<&'static str>,
    eponyms: Vec<&'static str>,
    nouns: Vec<&'static str>,
    drugs: Vec<&'static str>,
    headings: Vec<&'static str>,
    heads: Vec<&'static str>,
    tails: Vec<&'static str>,
}

impl Lists {
    fn new() -> Self {
        let common: std::collections::HashSet<&str> = COMMON.lines().collect();
        let given: std::collections::HashSet<&str> = FIRST.lines().collect();
        let all = |list: &'static str| list.lines().collect::<Vec<_>>();
        let words = |list: &'static str| {
            list.lines()
                .filter(|w| w.len() > 2 && !common.contains(w))
                .collect()
        };
        Self {
            first: words(FIRST),
            last: words(LAST),
            places: words(PLACES),
            ambiguous: COMMON
                .lines()
                .filter(|w| w.len() > 3 && given.contains(w))
                .collect(),
            addresses: all(ADDRESSES),
            facilities: all(FACILITIES),
            landmarks: all(LANDMARKS),
            terms: all(TERMS),
            eponyms: all(EPONYMS),
            nouns: all(NOUNS),
            drugs: all(DRUGS),
            headings: all(HEADINGS),
            heads: COMPANIES
                .split_whitespace()
                .filter_map(|w| w.strip_suffix('-'))
                .collect(),
            tails: COMPANIES
                .split_whitespace()
                .filter_map(|w| w.strip_prefix('-'))
                .collect(),
        }
    }
}

struct Writer<'a> {
    lists: &'a Lists,
    random: Random,
    text: String,
    spans: Vec<(usize, usize, String)>,
}

/// About sixteen thousand short documents.
pub(crate) fn documents() -> Vec<Row> {
    let lists = Lists::new();
    let mut writer = Writer {
        lists: &lists,
        random: Random::new(11),
        text: String::new(),
        spans: Vec::new(),
    };
    let mut out = Vec::new();
    for _ in 0..ROUNDS {
        for template in TEMPLATES.iter().flat_map(|text| text.lines()) {
            writer.fill(&template.replace("\\n", "\n"), false);
            out.push(Row {
                text: std::mem::take(&mut writer.text),
                spans: std::mem::take(&mut writer.spans),
            });
        }
    }
    out
}

impl Writer<'_> {
    /// Writes a template; `inside` another slot, whose label all of it gets.
    fn fill(&mut self, template: &str, inside: bool) {
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            self.text.push_str(&rest[..open]);
            let slot = rest.as_bytes()[open + 1];
            rest = &rest[open + 3..];
            let label = match slot {
                _ if inside => None,
                b'P' | b'p' | b'F' | b'f' | b'q' | b'G' | b'U' | b'V' | b'I' | b'u' => {
                    Some("PERSON")
                }
                b'L' | b'l' | b'K' | b'S' | b'A' | b'Z' => Some("LOCATION"),
                b'O' | b'C' => Some("ORGANIZATION"),
                _ => None,
            };
            let start = self.text.chars().count();
            self.slot(slot);
            if let Some(label) = label {
                self.spans
                    .push((start, self.text.chars().count(), label.to_owned()));
            }
        }
        self.text.push_str(rest);
    }

    fn slot(&mut self, slot: u8) {
        let lists = self.lists;
        match slot {
            b'P' => {
                let name = self.person();
                self.text.push_str(&name);
            }
            b'U' => {
                let name = self.person().to_uppercase();
                self.text.push_str(&name);
            }
            b'V' => {
                let name = self.last_first();
                self.text.push_str(&name);
            }
            b'I' => {
                let one = self.initial();
                let other = if self.random.below(2) == 0 {
                    self.initial()
                } else {
                    String::new()
                };
                let last = self.family();
                self.text.push_str(&format!("{one}{other}{last}"));
            }
            b'F' => {
                let name = self.given();
                self.text.push_str(&name);
            }
            b'G' => {
                let name = title(self.random.pick(&lists.ambiguous));
                self.text.push_str(&name);
            }
            b'f' => self.text.push_str(self.random.pick(&lists.first)),
            b'q' => self.text.push_str(self.random.pick(&lists.last)),
            b'p' => {
                let name = self.family();
                self.text.push_str(&name);
            }
            b'L' | b'K' | b'l' => {
                let name = self.place();
                self.text.push_str(&match slot {
                    b'K' => name.to_uppercase(),
                    b'l' => name.to_lowercase(),
                    _ => name,
                });
            }
            b'S' => {
                let template = self.random.pick(&lists.landmarks);
                self.fill(template, true);
            }
            b'A' => {
                let template = self.random.pick(&lists.addresses);
                self.fill(template, true);
            }
            b'O' => {
                let from = self.text.len();
                let template = self.random.pick(&lists.facilities);
                self.fill(template, true);
                if self.random.below(12) == 0 {
                    let upper = self.text.split_off(from).to_uppercase();
                    self.text.push_str(&upper);
                }
            }
            b'C' => self.company(),
            b'u' => {
                let name = self.family().to_uppercase();
                self.text.push_str(&name);
            }
            b'E' => self.eponym(),
            b'T' => self.text.push_str(self.random.pick(&lists.terms)),
            b'M' => self.text.push_str(self.random.pick(&lists.drugs)),
            b'W' => self.text.push_str(self.random.pick(&lists.headings)),
            _ => self.digits(slot),
        }
    }

    fn digits(&mut self, slot: u8) {
        let digits = match slot {
            b'N' => {
                let most = if self.random.below(3) == 0 { 9000 } else { 90 };
                (2 + self.random.below(most)).to_string()
            }
            b'Z' => format!("{:05}", 1000 + self.random.below(98_000)),
            b'H' => {
                let (a, b, c) = (
                    200 + self.random.below(700),
                    100 + self.random.below(900),
                    self.random.below(10_000),
                );
                match self.random.below(4) {
                    0 => format!("({a}) {b}-{c:04}"),
                    1 => format!("{a}-{b}-{c:04}"),
                    2 => format!("0{} {b} {c:04}", a / 10),
                    _ => format!("+{} {a} {b} {c:04}", 1 + self.random.below(98)),
                }
            }
            _ => {
                let (m, d) = (1 + self.random.below(12), 1 + self.random.below(28));
                let y = 1930 + self.random.below(95);
                match self.random.below(3) {
                    0 => format!("{y}-{m:02}-{d:02}"),
                    1 => format!("{d}.{m:02}.{y}"),
                    _ => format!("{m}/{d}/{y}"),
                }
            }
        };
        self.text.push_str(&digits);
    }

    /// A listed word, or one in four times the head of one and the tail of another, so that the
    /// scorer learns to do without the lists.
    fn word(&mut self, list: &[&'static str]) -> String {
        let word = self.random.pick(list);
        if self.random.below(4) != 0 {
            return title(word);
        }
        let other = self.random.pick(list);
        let halves = |word: &'static str| {
            let middle = (word.len() / 2..word.len())
                .find(|at| word.is_char_boundary(*at))
                .unwrap_or(word.len());
            word.split_at(middle)
        };
        title(&format!("{}{}", halves(word).0, halves(other).1))
    }

    fn given(&mut self) -> String {
        self.word(&self.lists.first)
    }

    fn family(&mut self) -> String {
        let name = self.word(&self.lists.last);
        match self.random.below(24) {
            0 => {
                let second = self.word(&self.lists.last);
                format!("{name}-{second}")
            }
            1 => format!("O'{name}"),
            2 => format!("Mc{name}"),
            3 => format!("van der {name}"),
            4 => format!("De {name}"),
            _ => name,
        }
    }

    fn place(&mut self) -> String {
        let name = self.word(&self.lists.places);
        match self.random.below(12) {
            0 => format!("San {name}"),
            1 => format!("New {name}"),
            2 => {
                let second = self.word(&self.lists.places);
                format!("{name} {second}")
            }
            _ => name,
        }
    }

    fn initial(&mut self) -> String {
        let letter = char::from(b'A' + self.random.below(26) as u8);
        format!("{letter}. ")
    }

    fn person(&mut self) -> String {
        let mut name = self.given();
        match self.random.below(14) {
            0 | 1 => name = format!("{name} {}", self.initial().trim_end()),
            2 => name = format!("{name} {}", self.given()),
            3 => name = format!("{name}-{}", self.given()),
            _ => {}
        }
        let mut name = format!("{name} {}", self.family());
        match self.random.below(40) {
            0 => name.push_str(" Jr."),
            1 => name.push_str(" III"),
            _ => {}
        }
        name
    }

    fn last_first(&mut self) -> String {
        let mut name = format!("{}, {}", self.family(), self.given());
        if self.random.below(2) == 0 {
            name = format!("{name} {}", self.initial().trim_end_matches([' ', '.']));
        }
        if self.random.below(2) == 0 {
            name = name.to_uppercase();
        }
        name
    }

    /// A company: named for its owners, or a name made of two words as they like to be.
    fn company(&mut self) {
        const FORMS: [&str; 12] = [
            "{p}-{p}",
            "{p}, {p} and {p}",
            "{p} & {p}",
            "{p} & Sons",
            "{p} Group",
            "{p} Consulting",
            "{p} Partners",
            "{p} Technologies",
            "{p} Holdings",
            "{p} Industries",
            "{p} Inc.",
            "{L} Capital",
        ];
        const ENDS: [&str; 8] = [
            "Technologies",
            "Systems",
            "Group",
            "Labs",
            "Inc.",
            "Ltd.",
            "Media",
            "Health",
        ];
        if self.random.below(3) == 0 {
            let form = self.random.pick(&FORMS);
            return self.fill(form, true);
        }
        let lists = self.lists;
        let (head, tail) = (
            self.random.pick(&lists.heads),
            self.random.pick(&lists.tails),
        );
        let mut name = title(&format!("{head}{tail}"));
        match self.random.below(10) {
            0 => name = format!("{} {}", title(head), title(tail)),
            1 | 2 => name = format!("{name} {}", self.random.pick(&ENDS)),
            _ => {}
        }
        self.text.push_str(&name);
    }

    /// Something that is named for somebody: half of the time for anybody.
    fn eponym(&mut self) {
        let name = if self.random.below(2) == 0 {
            self.random.pick(&self.lists.eponyms).to_owned()
        } else {
            self.family()
        };
        let noun = self.random.pick(&self.lists.nouns);
        let noun = if self.random.below(4) == 0 {
            title(noun)
        } else {
            noun.to_owned()
        };
        let text = match self.random.below(6) {
            0 => format!("{name}'s {noun}"),
            1 if noun == "disease" || noun == "syndrome" => format!("{name}'s"),
            1 => format!("{name}'s {noun}"),
            2 => {
                let second = self.family();
                format!("{name}-{second} {noun}")
            }
            3 if noun == "disease" => name,
            _ => format!("{name} {noun}"),
        };
        self.text.push_str(&text);
    }
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |c| {
        c.to_uppercase().collect::<String>() + chars.as_str()
    })
}
