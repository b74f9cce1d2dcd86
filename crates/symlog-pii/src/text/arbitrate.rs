//! One verdict per piece of text.

use super::Hit;
use crate::kind::PiiType;

/// So many hits that overlap one another are settled each against each; more of them, one by one.
const MAX_CLUSTER: usize = 24;
/// What is left of a place beside something else is a place if it is this long.
const MIN_REST: usize = 4;

/// Sorts `hits[first..]` and drops what overlaps something better: the higher score wins, then
/// the longer, then the earlier. Of a place or an organisation the rest stays.
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
    order.sort_by(|a, b| {
        rank(b)
            .partial_cmp(&rank(a))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
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
        } else if rank(hit) > rank(&kept) {
            kept = hit.clone();
        }
    }
    out.push(kept);
}

fn rank(hit: &Hit) -> (f32, usize) {
    (hit.score, hit.end - hit.start)
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
