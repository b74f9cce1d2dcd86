//! The seed's shapes: no words around a number count, so that few bits of a block are enough.

use super::classes::{Signs, signs};
use super::{Hit, Past, Search, assign, first_of_runs, fold, for_each, long_numbers, net};

/// Chunks that are classified at once.
const BATCH: usize = 16;

impl Search<'_> {
    /// Judges all numbers, addresses and values of keys. Where it is `WARY` it gives up at the
    /// first character that only looks like another one, and answers `false`.
    pub(super) fn bare<const WARY: bool>(&self, past: &mut Past, out: &mut Vec<Hit>) -> bool {
        let (chunks, rest) = self.text.as_bytes().as_chunks::<64>();
        let mut last = [[0; 64]];
        last[0][..rest.len()].copy_from_slice(rest);
        // The block that is held until it is known what follows it, and those after it.
        let mut window = [Signs::default(); BATCH + 1];
        let mut held = 0;
        let mut before = Signs::default();
        let mut base = 0;
        // Where the text fills its chunks the last one is empty. Nothing follows it.
        let batches = chunks.chunks(BATCH).chain([&last[..], &[]]);
        for batch in batches {
            signs(batch, &mut window[held..]);
            let known = if batch.is_empty() {
                window[1] = Signs::default();
                2
            } else {
                held + batch.len()
            };
            for pair in window[..known].windows(2) {
                let [here, after] = pair else { continue };
                if !self.bare_block::<WARY>([&before, here, after], base, past, out) {
                    return false;
                }
                before = *here;
                base += 64;
            }
            window[0] = window[known - 1];
            held = 1;
        }
        true
    }

    #[inline]
    fn bare_block<const WARY: bool>(
        &self,
        [before, here, after]: [&Signs; 3],
        base: usize,
        past: &mut Past,
        out: &mut Vec<Hit>,
    ) -> bool {
        let signs = first_of_runs(before.assign, here.assign);
        let mut numbers = 0;
        if here.digit != 0 {
            let starts = first_of_runs(before.digit, here.digit);
            let digits = u128::from(here.digit) | u128::from(after.digit) << 64;
            numbers = long_numbers(starts, digits);
        }
        if WARY && here.disguise != 0 && fold::is_disguised(self.text, here.disguise, base) {
            return false;
        }
        if signs | numbers | here.at != 0 {
            for_each(signs, |bit| self.bare_sign(base + bit, past, out));
            for_each(numbers, |bit| self.bare_number(base + bit, past, out));
            for_each(here.at, |bit| {
                self.at_sign(base + bit, past, out);
                net::judge_credentials(self, base + bit, out);
            });
        }
        true
    }

    /// The `=` or `:` at `at`.
    #[inline]
    fn bare_sign(&self, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        if let Some(key) = assign::key_at(self.text.as_bytes(), at)
            && at >= past.assign
            && !self.text.as_bytes()[at..].starts_with(b"://")
        {
            past.assign = assign::judge_key(self.text, at, key, self.plan.want, out);
        }
    }

    /// The number whose first digit is at `at`.
    fn bare_number(&self, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        if at < past.digits || !self.plan.free.may_match(self.text.as_bytes(), at) {
            return;
        }
        let (start, end) = self.word_at(at);
        past.digits = end;
        // A longer word is data.
        if at - start < 128 && self.plan.numbers && start >= past.numbers {
            past.numbers = self.number((start, end), None, past, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use crate::rules::RuleSet;
    use crate::text::{Plan, arbitrate};
    use proptest::prelude::*;

    /// What is found by the few bits, and by all classes of each block.
    fn both_ways(text: &str) -> [Option<Vec<(usize, usize)>>; 2] {
        let rules = RuleSet::built_in();
        let plan = Plan::seed(rules, Profile::Seed.types());
        assert!(plan.bare());
        let search = Search {
            text,
            key: "",
            rules,
            plan: &plan,
            depth: 0,
        };
        let spans = |plain: bool, mut hits: Vec<Hit>| {
            arbitrate(&mut hits, 0);
            plain.then(|| hits.iter().map(|hit| (hit.start, hit.end)).collect())
        };
        let (mut few, mut all) = (Vec::new(), Vec::new());
        [
            spans(search.bare::<true>(&mut Past::default(), &mut few), few),
            spans(search.blocks::<true>(&mut Past::default(), &mut all), all),
        ]
    }

    /// Parts of texts in which something is found, or nearly.
    const PARTS: [&str; 40] = [
        "password",
        "API_KEY",
        "token",
        "userPin",
        "key1",
        "café",
        "x",
        " ",
        " ",
        "\n",
        "=",
        ": ",
        "\": \"",
        "\\\"",
        "':",
        "abcd1234",
        "s3cr3t!",
        "https://",
        "user:pw1@",
        "example.com",
        "jane@example.org",
        "@",
        "//",
        "123-45-6789",
        "555-123-4567",
        "(415) 555-0132",
        "+49 30 901820",
        "4111 1111 1111 1111",
        "4532-1234-5678-9012",
        "2024-05-18",
        "12:30",
        "0x7f",
        "1.2.3",
        "deadbeef0123456789",
        "\u{a0}",
        "\u{ff14}",
        "%40",
        "é",
        "-",
        "................",
    ];

    proptest! {
        #[test]
        fn few_bits_tell_what_all_classes_tell(parts in proptest::collection::vec(0..PARTS.len(), 0..24), pad in 0..70usize) {
            let text: String = std::iter::repeat_n(" ", pad).chain(parts.iter().map(|n| PARTS[*n])).collect();
            let [few, all] = both_ways(&text);
            prop_assert_eq!(few, all, "{:?}", text);
        }
    }

    #[test]
    fn each_shape_is_found_wherever_blocks_end() {
        for shape in [
            "123-45-6789",
            "4532-1234-5678-9012",
            "555-123-4567",
            "user@example.com",
            "API_KEY=abcd1234",
            "https://user:secret@host/",
        ] {
            for pad in 0..200 {
                let text = format!("{}\n{shape}\n", " ".repeat(pad));
                let [few, all] = both_ways(&text);
                assert_eq!(few, all, "{text:?}");
                assert_eq!(few.map(|spans| spans.len()), Some(1), "{text:?}");
            }
        }
    }
}
