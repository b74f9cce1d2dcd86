//! Erasure and expiry: tombstones and the lines that allow them.

use symlog_crypto::SigningKey;

use super::Crafted;
use crate::format::{Tombstone, base64, parse_line};
use crate::verify::Check;

impl Crafted {
    /// Puts a tombstone in the place of a line.
    fn bury(&mut self, at: usize, allowed_by: u64) {
        let line = parse_line(&self.lines[at]).unwrap();
        let tombstone = Tombstone {
            segment: line.segment(),
            sequence: line.sequence(),
            allowed_by,
        };
        self.lines[at].clear();
        tombstone.write(&line.leaf, &mut self.lines[at]);
    }

    /// The sequence number of the next line that is appended.
    fn next(&self) -> u64 {
        self.lines.len() as u64
    }

    /// Appends the signed line that allows tombstones in the place of `sequences`.
    fn permit(&mut self, kind: &str, sequences: &str) {
        let body = self.signed(&format!(
            "{{\"sequences\":{sequences},\"reason\":\"request\"}}"
        ));
        self.push_control(kind, false, body);
    }

    fn signed(&self, unsigned: &str) -> String {
        let key = self.keyring().signing_key().unwrap();
        sign(&key, &self.log(), self.next(), unsigned)
    }

    /// Buries all entries but the second and all chunks, and allows it with `kind`.
    fn erased(kind: &str) -> Self {
        let mut crafted = Self::new();
        let at = crafted.sealed_lines();
        let kept = at[1];
        let allowed_by = crafted.next();
        let ranges: Vec<(usize, usize)> = at
            .iter()
            .filter(|&&at| at != kept)
            .map(|&at| (at, at))
            .collect();
        for &(at, _) in &ranges {
            crafted.bury(at, allowed_by);
        }
        crafted.permit(kind, &serde_json::to_string(&ranges).unwrap());
        crafted
    }

    fn wrong(&self) -> Vec<String> {
        let report = self.verify();
        assert_eq!(report.order == Check::Failed, !report.problems.is_empty());
        report
            .problems
            .into_iter()
            .map(|problem| problem.what)
            .collect()
    }
}

#[test]
fn what_is_erased_or_expired_is_passed_over_and_the_tree_stays() {
    let before = Crafted::new();
    for kind in ["erased", "expired"] {
        let after = Crafted::erased(kind);
        assert_eq!(after.prompts(), ["second"]);
        let report = after.verify();
        assert!(report.is_ok(), "{report:?}");
        assert_eq!((report.entries, report.size), (1, after.lines.len() as u64));
        assert!(report.notes.iter().any(|note| note.contains("tombstones")));
    }
    // The same lines with tombstones in their places give the same tree.
    let mut buried = Crafted {
        dir: before.dir,
        lines: before.lines.clone(),
    };
    let root = buried.verify().root;
    let at = buried.sealed_lines()[0];
    buried.bury(at, buried.next());
    assert_eq!(buried.verify().root, root);
}

#[test]
fn following_passes_over_them_too() {
    let crafted = Crafted::erased("erased");
    let reader = crafted.reader();
    let mut follow = reader.follow(100, crate::read::Filter::new()).unwrap();
    assert!(follow.poll_next().unwrap().is_some());
    assert!(follow.poll_next().unwrap().is_none());
}

#[test]
fn the_log_goes_on_behind_them() {
    let mut crafted = Crafted::erased("erased");
    crafted.goes_on().unwrap();
    let bytes = std::fs::read(crafted.path()).unwrap();
    let lines = bytes.split(|&byte| byte == b'\n').filter(|l| !l.is_empty());
    crafted.lines = lines.map(<[u8]>::to_vec).collect();
    let report = crafted.verify();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.segments, 2);
}

#[test]
fn what_a_tombstone_promises_to_be_behind_it_cannot_be_torn_off_unnoticed() {
    let mut crafted = Crafted::erased("erased");
    crafted.lines.pop();
    assert!(crafted.wrong()[0].contains("no `erased` or `expired` line"));
    // Bad bytes before the line that allows it were acknowledged: damage, which is not cut.
    let mut crafted = Crafted::erased("erased");
    let at = crafted.lines.len() - 2;
    crafted.lines.truncate(at);
    crafted.lines.push(b"{\"v\":1,torn".to_vec());
    crafted.goes_on().unwrap();
    let sealed = std::fs::read_dir(crafted.path().parent().unwrap())
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().ends_with(".0000000000")
        });
    assert_eq!(sealed.count(), 1);
}

#[test]
fn a_tombstone_that_nothing_allows_is_a_problem() {
    // Not named.
    let mut crafted = Crafted::new();
    let at = crafted.sealed_lines()[0];
    crafted.bury(at, crafted.next());
    crafted.permit("erased", &format!("[[0,{}],[{},90]]", at - 1, at + 1));
    assert!(crafted.wrong()[0].contains("does not allow it"));

    // Allowed by a line before it, or by itself.
    for allowed_by in [0, at as u64] {
        let mut crafted = Crafted::new();
        crafted.bury(at, allowed_by);
        assert!(crafted.wrong()[0].contains("no later line"));
    }

    // Allowed by a line of another kind.
    let mut crafted = Crafted::new();
    crafted.bury(at, crafted.next());
    crafted.permit("heartbeat", "[[0,99]]");
    assert!(crafted.wrong()[0].contains("no `erased` or `expired` line"));

    // With another leaf than it had: the leaf is not on any line, only in the tree.
    let mut crafted = Crafted::erased("erased");
    let root = crafted.verify().root;
    let text = String::from_utf8(crafted.lines[at].clone()).unwrap();
    let (head, _) = text.split_once("\"leaf\":\"").unwrap();
    crafted.lines[at] = format!("{head}\"leaf\":\"{}\"}}", base64(&[7; 32])).into_bytes();
    assert_ne!(crafted.verify().root, root);
}

#[test]
fn a_permit_counts_only_as_it_was_signed() {
    let unsigned = "{\"sequences\":[[0,99]]}".to_owned();
    let check = |what: &str, change: &dyn Fn(&Crafted, String) -> String| {
        let mut crafted = Crafted::new();
        let at = crafted.sealed_lines()[0];
        crafted.bury(at, crafted.next());
        let body = crafted.signed(&unsigned);
        let body = change(&crafted, body);
        crafted.push_control("erased", false, body);
        let wrong = crafted.wrong();
        let (buried, others): (Vec<_>, Vec<_>) = wrong
            .iter()
            .partition(|wrong| wrong.contains("a tombstone"));
        assert_eq!(buried.len(), 1, "{what}: {wrong:?}");
        let lies = what != "no ranges";
        assert_eq!(others.len(), usize::from(lies), "{what}: {wrong:?}");
    };
    check("other ranges", &|_, body| body.replace("99", "98"));
    check("no signature", &|_, _| unsigned.clone());
    check("no ranges", &|crafted, _| {
        crafted.signed("{\"reason\":\"x\"}")
    });
    check("an empty body", &|_, _| "{}".to_owned());
    check("short signature", &|_, _| {
        "{\"sequences\":[[0,99]],\"signature\":\"AAAA\"}".to_owned()
    });
    check("signature not last", &|_, body| {
        body.replace("}", ",\"more\":1}")
    });
    check("signed for another line", &|crafted, _| {
        let key = crafted.keyring().signing_key().unwrap();
        sign(&key, &crafted.log(), crafted.next() + 1, &unsigned)
    });
    check("signed for another log", &|crafted, _| {
        let key = crafted.keyring().signing_key().unwrap();
        sign(&key, &[7; 16], crafted.next(), &unsigned)
    });
    check("signed with another key", &|crafted, _| {
        let key = Crafted::written().keyring().signing_key().unwrap();
        sign(&key, &crafted.log(), crafted.next(), &unsigned)
    });
}

/// The body with its signature as its last member.
fn sign(key: &SigningKey, log: &[u8; 16], sequence: u64, unsigned: &str) -> String {
    let mut message = b"symlog/v1/permit".to_vec();
    message.extend_from_slice(log);
    message.extend_from_slice(&sequence.to_be_bytes());
    message.extend_from_slice(unsigned.as_bytes());
    let open = unsigned.strip_suffix('}').unwrap();
    format!("{open},\"signature\":\"{}\"}}", base64(&key.sign(&message)))
}
