//! Sentences made from templates, for kinds of text that no given set has: clinical questions and
//! requests in English. Names and places come from the product's own lists.

use crate::data::Row;

const FIRST: &str = include_str!("../../../crates/symlog-pii/data/first_names.txt");
const LAST: &str = include_str!("../../../crates/symlog-pii/data/last_names.txt");
const PLACES: &str = include_str!("../../../crates/symlog-pii/data/places.txt");
const COMMON: &str = include_str!("../../../crates/symlog-pii/data/ambiguous.txt");

/// `{P}` a person, `{L}` a place, `{A}` an address, `{O}` an organisation, `{N}` a number,
/// `{D}` a date, `{T}` a term that looks like a name and is none.
const TEMPLATES: &[&str] = &[
    "Patient {P}, {N}-year-old female, presents with chest pain and was transferred from {O} in {L}.",
    "{P} is a {N} y/o male with a history of {T} seen by Dr. {p} on {D}.",
    "Can you summarize the discharge note for {P}, MRN {N}, admitted to {O} on {D}?",
    "Please draft a referral letter for {P} to Dr. {P} at {O}, {A}.",
    "My patient {P} lives at {A} and takes metoprolol {N} mg daily.",
    "What is the recommended dose of Lisinopril for {P}, DOB {D}?",
    "Pt {P} ({D}) was evaluated by {P}, MD at {O}.",
    "Mr. {p} and Mrs. {p} came to the {O} emergency department in {L}.",
    "His wife, {P}, can be reached at {N}.",
    "Her daughter {F} drove her from {L} to {O}.",
    "The patient's son {F} {p} is the emergency contact.",
    "Attending: {P}, MD. Referring physician: {P}. Facility: {O}.",
    "Patient Name: {P} DOB: {D} Address: {A}",
    "Interpreted by {P}, radiologist, {O}, {L}.",
    "Spoke with {F} from {O} about the prior authorization for {P}.",
    "Follow up with {P} in {L} next week.",
    "Send the results to {P} at {O}.",
    "{P} was born in {L} and works for {O}.",
    "According to {P}, the biopsy at {O} was negative for {T}.",
    "Hi, I'm {F} and I live in {L}.",
    "my name is {f} and i was treated at {O}",
    "Hello {F}, thanks for your message. Best regards, {P}",
    "From: {P}\nTo: {P}\nSubject: {T}",
    "Book a flight from {L} to {L} for {P}.",
    "{P} and {P} met in {L}.",
    "I spoke to {P} yesterday about {T}.",
    "The account belongs to {P}, {A}.",
    "{P} (CEO of {O}) said the offices in {L} will close.",
    "Ship it to {P}, {A}.",
    "{L} is lovely in spring, {F} said.",
    "can you email {f} {q} about the meeting",
    "The study followed patients with {T} and {T} for {N} months.",
    "Explain the difference between {T} and {T}.",
    "A {N}-year-old man with {T} is started on Warfarin {N} mg.",
    "What are the contraindications of {T} in pregnancy?",
    "{T} score was {N}, {T} negative, BP {N}/{N}.",
    "Impression: {T}. Plan: start Metformin {N} mg BID and refer to Cardiology.",
    "Review of Systems: negative for {T}. Assessment and Plan: continue Lipitor.",
    "The patient denies {T}. Labs: Hgb {N}, WBC {N}, Na {N}.",
    "How do I manage {T} in a child under {N}?",
    "The Emergency Department saw {N} cases of {T} in January.",
    "Medicare does not cover {T}. Ask the Primary Care Provider.",
    "Use the {T} method in Python to parse JSON.",
    "Install Docker and run the {T} tests on Linux.",
    "Write a poem about {T} and the Moon.",
    "Monday and Tuesday are busy, Wednesday is free.",
    "The Foley catheter was removed and the Babinski sign was absent.",
    "CT Abdomen and Pelvis With Contrast: No acute findings.",
    "Chief Complaint: Headache. History of Present Illness: The patient reports {T}.",
    "Allergies: Penicillin, Sulfa. Medications: Aspirin, Plavix, Zoloft, Tylenol.",
    "Vital Signs: Temp {N}, Pulse {N}. Physical Exam: Alert and Oriented.",
];

const TERMS: &[&str] = &[
    "Parkinson disease",
    "Crohn's disease",
    "Hodgkin lymphoma",
    "Alzheimer's",
    "Bell's palsy",
    "Down syndrome",
    "Lyme disease",
    "Graves disease",
    "Cushing syndrome",
    "Addison's disease",
    "Huntington disease",
    "Glasgow Coma Scale",
    "Apgar",
    "Wilson disease",
    "Marfan syndrome",
    "Turner syndrome",
    "Kawasaki disease",
    "Raynaud phenomenon",
    "Sjogren syndrome",
    "Wernicke encephalopathy",
    "COVID-19",
    "Type 2 Diabetes Mellitus",
    "Hypertension",
    "COPD",
    "Atrial Fibrillation",
    "Stage III CKD",
    "GERD",
    "MRSA",
    "Romberg test",
    "Murphy sign",
    "McBurney point",
    "Doppler Ultrasound",
    "Swan-Ganz catheter",
    "Whipple procedure",
    "Hashimoto thyroiditis",
    "Ozempic",
    "Keytruda",
    "Eliquis",
    "Humira",
    "Tamiflu",
    "Barrett esophagus",
    "Guillain-Barre syndrome",
    "Mini-Mental State Exam",
    "Machine Learning",
    "Bayes theorem",
    "Newton's method",
    "Monte Carlo",
    "Fourier transform",
    "Markov chain",
    "Christmas",
    "Easter",
    "Child-Pugh",
    "Wells score",
    "Braden scale",
    "Ranson criteria",
    "HIPAA",
    "Medicaid",
    "Good Friday",
    "React",
    "Kubernetes",
];

const FACILITIES: &[&str] = &[
    "St. {p} Hospital",
    "{L} General Hospital",
    "{L} Medical Center",
    "{p} Clinic",
    "Mercy Hospital",
    "{L} Family Practice",
    "Mount {p} Medical Center",
    "{p} & {p} Associates",
    "{L} Community Health Center",
    "University of {L} Hospital",
    "{p} Rehabilitation Center",
    "{p} Pharmacy",
    "{p}, {p} and {p}",
    "{p} Inc",
    "{p} Group",
    "{p}-{p}",
    "Saint {F}'s Hospital",
    "{L} Children's Hospital",
    "{p} LLC",
    "{L} VA Medical Center",
];

const ADDRESSES: &[&str] = &[
    "{N} {p} Street, {L}",
    "{N} {L} Avenue, Apt {N}, {L}",
    "{N} {p} Rd",
    "{N} {p} Lane, {L} {N}",
    "{N} Oak Drive, {L}",
    "{N} {p} Blvd Suite {N}, {L}",
];

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
}

struct Writer {
    random: Random,
    first: Vec<&'static str>,
    last: Vec<&'static str>,
    places: Vec<&'static str>,
    text: String,
    spans: Vec<(usize, usize, String)>,
}

/// About nine thousand short documents.
pub(crate) fn documents() -> Vec<Row> {
    let common: std::collections::HashSet<&str> = COMMON.lines().collect();
    let words = |list: &'static str| {
        list.lines()
            .filter(|w| w.len() > 2 && !common.contains(w))
            .collect()
    };
    let mut writer = Writer {
        random: Random::new(11),
        first: words(FIRST),
        last: words(LAST),
        places: words(PLACES),
        text: String::new(),
        spans: Vec::new(),
    };
    let mut out = Vec::new();
    for _ in 0..180 {
        for template in TEMPLATES {
            writer.text.clear();
            writer.spans.clear();
            writer.fill(template, None);
            out.push(Row {
                text: writer.text.clone(),
                spans: std::mem::take(&mut writer.spans),
            });
        }
    }
    out
}

impl Writer {
    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.random.below(list.len())]
    }

    /// Writes a template; `inside` is the label under which all of it stands.
    fn fill(&mut self, template: &str, inside: Option<&str>) {
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            self.text.push_str(&rest[..open]);
            let slot = rest.as_bytes()[open + 1];
            rest = &rest[open + 3..];
            self.slot(slot, inside);
        }
        self.text.push_str(rest);
    }

    fn slot(&mut self, slot: u8, inside: Option<&str>) {
        let (first, last, places) = (self.first.clone(), self.last.clone(), self.places.clone());
        let start = self.text.chars().count();
        let label = match slot {
            b'P' | b'p' | b'F' | b'f' | b'q' => "PERSON",
            b'L' | b'A' => "LOCATION",
            b'O' => "ORGANIZATION",
            _ => "",
        };
        let label = inside.map_or(label, |_| "");
        match slot {
            b'P' => {
                let name = format!("{} {}", title(self.pick(&first)), title(self.pick(&last)));
                self.text.push_str(&name);
            }
            b'F' => {
                let name = title(self.pick(&first));
                self.text.push_str(&name);
            }
            b'f' => {
                let name = self.pick(&first);
                self.text.push_str(name);
            }
            b'q' => {
                let name = self.pick(&last);
                self.text.push_str(name);
            }
            b'p' => {
                let name = title(self.pick(&last));
                self.text.push_str(&name);
            }
            b'L' => {
                let name = title(self.pick(&places));
                self.text.push_str(&name);
            }
            b'A' => {
                let template = ADDRESSES[self.random.below(ADDRESSES.len())];
                self.fill(template, Some("A"));
            }
            b'O' => {
                let template = FACILITIES[self.random.below(FACILITIES.len())];
                self.fill(template, Some("O"));
            }
            b'T' => {
                let term = TERMS[self.random.below(TERMS.len())];
                self.text.push_str(term);
            }
            b'N' => {
                let most = if self.random.below(3) == 0 { 9000 } else { 90 };
                let n = 2 + self.random.below(most);
                self.text.push_str(&n.to_string());
            }
            _ => {
                let (m, d) = (1 + self.random.below(12), 1 + self.random.below(28));
                let y = 1930 + self.random.below(95);
                self.text.push_str(&format!("{m}/{d}/{y}"));
            }
        }
        if !label.is_empty() {
            self.spans
                .push((start, self.text.chars().count(), label.to_owned()));
        }
    }
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |c| {
        c.to_uppercase().collect::<String>() + chars.as_str()
    })
}
