//! The contract of attachments; not run on a storage that has none.

use super::image::read_source;
use super::{Backend, SecondWriter};
use crate::{AttachmentName, Attachments, ObjectName, SinkError, Storage};

fn name(stem: &str, extension: &str) -> AttachmentName {
    AttachmentName::new(stem, extension).unwrap()
}

fn put(attachments: &dyn Attachments, name: &AttachmentName, parts: &[&[u8]]) {
    let mut new = attachments.create(name).unwrap();
    for part in parts {
        new.append(part).unwrap();
    }
    new.commit().unwrap();
}

#[track_caller]
fn holds(attachments: &dyn Attachments, name: &AttachmentName, expected: &[u8]) {
    let source = attachments.open(name).unwrap();
    assert_eq!(source.len().unwrap(), expected.len() as u64);
    assert!(
        read_source(&*source).unwrap() == expected,
        "{name} changed its bytes"
    );
}

#[track_caller]
fn is_missing(attachments: &dyn Attachments, name: &AttachmentName) {
    for result in [
        attachments.open(name).map(drop),
        attachments.remove(name).map(drop),
    ] {
        let error = result.expect_err("an attachment that is not there");
        assert!(matches!(error, SinkError::Missing { .. }), "{error:?}");
    }
}

pub(super) fn attaches<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let other = backend.reopen(&log);
    let (Some(here), Some(there)) = (log.attachments(), other.attachments()) else {
        return false;
    };
    let (a, b) = (name("0000000001", "parquet"), name("0000000001", "frames"));
    assert_eq!(here.list().unwrap(), [], "a new log has no attachments");
    is_missing(here, &a);

    put(here, &a, &[b"first, ", b"", b"second"]);
    put(there, &b, &[]);
    let long: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    put(there, &name("index", "x-1"), &[&long[..7], &long[7..]]);
    for attachments in [here, there] {
        assert_eq!(
            attachments.list().unwrap(),
            [b.clone(), a.clone(), name("index", "x-1")]
        );
        holds(attachments, &a, b"first, second");
        holds(attachments, &b, b"");
        holds(attachments, &name("index", "x-1"), &long);
        let source = attachments.open(&a).unwrap();
        let mut buf = [0xEE; 6];
        assert_eq!(source.read_at(9, &mut buf).unwrap(), 4);
        assert_eq!(&buf, b"cond\xEE\xEE");
        assert_eq!(source.read_at(u64::MAX, &mut buf).unwrap(), 0);
    }

    // Not there before it is committed, and not after it was given up.
    let mut given_up = here.create(&name("2", "x")).unwrap();
    given_up.append(b"half").unwrap();
    is_missing(there, &name("2", "x"));
    match there.create(&name("2", "x")) {
        Err(error) => assert!(matches!(error, SinkError::Locked { .. }), "{error:?}"),
        Ok(_) => assert_eq!(
            backend.second_writer(),
            SecondWriter::TakesOver,
            "two writers of one attachment"
        ),
    }
    drop(given_up);
    is_missing(there, &name("2", "x"));
    put(there, &name("2", "x"), &[b"whole"]);
    holds(here, &name("2", "x"), b"whole");

    // Who reads the old one goes on with it.
    let old = here.open(&a).unwrap();
    put(there, &a, &[b"new"]);
    assert_eq!(read_source(&*old).unwrap(), b"first, second");
    holds(here, &a, b"new");

    there.remove(&b).unwrap();
    is_missing(here, &b);
    assert_eq!(here.list().unwrap().len(), 3);

    // They are no objects, and nothing a writer does touches them.
    assert_eq!(log.objects().unwrap(), []);
    let mut sink = log.lock().unwrap();
    sink.append(b"line").unwrap();
    sink.roll("0000000001").unwrap();
    put(there, &b, &[b"beside"]);
    let sealed = ObjectName::sealed("0000000001").unwrap();
    assert_eq!(log.objects().unwrap(), [sealed.clone(), ObjectName::Active]);
    log.remove(&sealed).unwrap();
    holds(here, &a, b"new");
    holds(here, &b, b"beside");

    if let Some(crashed) = backend.after_crash(&log) {
        let crashed = crashed.attachments().unwrap();
        assert_eq!(crashed.list().unwrap(), here.list().unwrap());
        holds(crashed, &a, b"new");
    }
    true
}
