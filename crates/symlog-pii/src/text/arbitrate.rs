//! One verdict per piece of text.

use super::Hit;

/// Sorts `hits[first..]` and drops what overlaps something better: the higher score wins, then
/// the longer, then the earlier.
pub(crate) fn arbitrate(hits: &mut Vec<Hit>, first: usize) {
    let tail = &mut hits[first..];
    if tail.len() < 2 {
        return;
    }
    tail.sort_by(|a, b| (a.start, b.end).cmp(&(b.start, a.end)));
    let mut kept = first;
    for i in first + 1..hits.len() {
        if hits[i].start >= hits[kept].end {
            kept += 1;
            hits.swap(kept, i);
        } else if better(&hits[i], &hits[kept]) {
            hits.swap(kept, i);
        }
    }
    hits.truncate(kept + 1);
}

fn better(a: &Hit, b: &Hit) -> bool {
    (a.score, a.end - a.start) > (b.score, b.end - b.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RuleId;
    use crate::kind::PiiType;

    #[test]
    fn the_better_of_two_stays() {
        let hit =
            |start, end, score| Hit::new(start, end, PiiType::Custom, score, RuleId::new("r"));
        let mut hits = vec![
            hit(9, 10, 0.1),
            hit(20, 30, 0.5),
            hit(0, 5, 0.5),
            hit(2, 8, 0.9),
            hit(20, 31, 0.5),
        ];
        arbitrate(&mut hits, 0);
        let spans: Vec<_> = hits.iter().map(|h| (h.start, h.end)).collect();
        assert_eq!(spans, [(2, 8), (9, 10), (20, 31)]);
    }
}
