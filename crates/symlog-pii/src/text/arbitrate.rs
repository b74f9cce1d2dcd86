//! One verdict per piece of text.

use std::cmp::Ordering;

use super::Hit;
use crate::kind::PiiType;

/// So many hits that overlap one another are settled each against each; more of them, one by one.
const MAX_CLUSTER: usize = 24;
/// What is left of a place beside something else is a place if it is this long.
const MIN_REST: usize = 4;

/// Sorts `hits[first..]` and drops what overlaps something better: the higher score wins, then
/// the longer, then the earlier, then that of a key. Of a place or an organisation the rest stays.
pub(crate) fn arbitrate(hits: &mut Vec<Hit>, first: usize) {
    let tail = &mut hits[first..];
    if tail.len() < 2 {
        return;
    }
    tail.sort_by(|a, b| (a.start, b.end).cmp(&(b.start, a.end)));
    if !tail.windows(2).any(|pair| pair[1].start < pair[0].end) {
        return;
    }
    let sorted = hits.split_off(first);
    let mut from = 0;
    while from < sorted.len() {
        let mut reach = sorted[from].end;
        let overlapping = sorted[from + 1..]
            .iter()
            .take_while(|hit| {
                let overlaps = hit.start < reach;
                reach = reach.max(hit.end);
                overlaps
            })
            .count();
        let cluster = &sorted[from..=from + overlapping];
        if cluster.len() <= MAX_CLUSTER {
            settle(cluster, hits);
        } else {
            sweep(cluster, hits);
        }
        from += cluster.len();
    }
}

/// The best of a few hits that overlap, then the best of the others, and what is left of places.
fn settle(cluster: &[Hit], out: &mut Vec<Hit>) {
    let first = out.len();
    let mut order: Vec<&Hit> = cluster.iter().collect();
    order.sort_by(|a, b| compare(b, a));
    for hit in order {
        let mut start = hit.start;
        let divides = matches!(hit.kind, PiiType::Location | PiiType::Organization);
        let taken: Vec<(usize, usize)> = out[first..]
            .iter()
            .filter(|other| other.start < hit.end && hit.start < other.end)
            .map(|other| (other.start, other.end))
            .collect();
        if !taken.is_empty() && !divides {
            continue;
        }
        // `out[first..]` is kept in order, so these are.
        for (from, to) in taken.iter().copied().chain([(hit.end, hit.end)]) {
            if from >= start + MIN_REST || (taken.is_empty() && from > start) {
                let rest = Hit {
                    start,
                    end: from,
                    ..hit.clone()
                };
                let at = out[first..].partition_point(|other| other.start < rest.start);
                out.insert(first + at, rest);
            }
            start = start.max(to);
        }
    }
}

/// The better of each two neighbours.
fn sweep(cluster: &[Hit], out: &mut Vec<Hit>) {
    let mut kept = cluster[0].clone();
    for hit in &cluster[1..] {
        if hit.start >= kept.end {
            out.push(std::mem::replace(&mut kept, hit.clone()));
        } else if compare(hit, &kept).is_gt() {
            kept = hit.clone();
        }
    }
    out.push(kept);
}

/// Which of two hits is better. Never equal for two that differ: in which order they were found
/// depends on where the text begins, and a stream begins elsewhere.
fn compare(a: &Hit, b: &Hit) -> Ordering {
    let len = |hit: &Hit| hit.end - hit.start;
    a.score
        .total_cmp(&b.score)
        .then_with(|| len(a).cmp(&len(b)))
        .then_with(|| b.start.cmp(&a.start))
        .then_with(|| a.value.cmp(&b.value))
        .then_with(|| b.rule.cmp(&a.rule))
        .then_with(|| b.kind.cmp(&a.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RuleId;

    fn hit(kind: PiiType, start: usize, end: usize, score: f32) -> Hit {
        Hit::new(start, end, kind, score, RuleId::new("r"))
    }

    #[track_caller]
    fn check(mut hits: Vec<Hit>, expect: &[(usize, usize)]) {
        arbitrate(&mut hits, 0);
        let spans: Vec<_> = hits.iter().map(|h| (h.start, h.end)).collect();
        assert_eq!(spans, expect);
    }

    #[test]
    fn the_better_of_two_stays() {
        let hit = |start, end, score| hit(PiiType::Custom, start, end, score);
        check(
            vec![
                hit(9, 10, 0.1),
                hit(20, 30, 0.5),
                hit(0, 5, 0.5),
                hit(2, 8, 0.9),
                hit(20, 31, 0.5),
            ],
            &[(2, 8), (9, 10), (20, 31)],
        );
    }

    #[test]
    fn the_order_in_which_equals_were_found_does_not_count() {
        let by_key = Hit {
            value: true,
            ..hit(PiiType::Secret, 0, 5, 0.85)
        };
        let by_token = Hit {
            rule: RuleId::new("a"),
            ..hit(PiiType::Secret, 0, 5, 0.85)
        };
        for mut hits in [
            vec![by_key.clone(), by_token.clone()],
            vec![by_token, by_key],
        ] {
            arbitrate(&mut hits, 0);
            assert!(hits.len() == 1 && hits[0].value);
        }
    }

    #[test]
    fn what_is_left_of_a_place_stays() {
        check(
            vec![
                hit(PiiType::Location, 0, 40, 0.7),
                hit(PiiType::DeviceId, 20, 25, 0.8),
                hit(PiiType::Person, 38, 50, 0.9),
            ],
            &[(0, 20), (20, 25), (25, 38), (38, 50)],
        );
        check(
            vec![
                hit(PiiType::Location, 0, 10, 0.7),
                hit(PiiType::Phone, 1, 9, 0.8),
            ],
            &[(1, 9)],
        );
    }

    #[test]
    fn many_that_overlap_are_settled_too() {
        let hits = (0..100)
            .map(|i| hit(PiiType::Location, i, i + 5, 0.5))
            .collect();
        let mut found: Vec<Hit> = hits;
        arbitrate(&mut found, 0);
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}
