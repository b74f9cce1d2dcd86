//! Any sequence of calls: both backends and a plain model agree.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use symlog_sink::{FileStorage, MemoryStorage, ObjectName, Sink, SinkError, Source, Storage};

#[derive(Clone, Debug)]
enum Call {
    Append(Vec<u8>),
    Sync,
    /// Of the length there is, in percent; more than 100 must be refused.
    Truncate(u64),
    Roll(String),
    Relock,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Call::Append),
        1 => Just(Call::Sync),
        1 => (0..120_u64).prop_map(Call::Truncate),
        2 => (0..20_u32).prop_map(|number| Call::Roll(number.to_string())),
        1 => "\\PC{0,4}|[0-9a-z._/-]{0,5}".prop_map(Call::Roll),
        1 => Just(Call::Relock),
    ]
}

#[derive(Default)]
struct Model(BTreeMap<ObjectName, Vec<u8>>);

impl Model {
    fn active(&mut self) -> &mut Vec<u8> {
        self.0.entry(ObjectName::Active).or_default()
    }

    /// Whether the call is to succeed, after doing it.
    fn apply(&mut self, call: &Call, len: u64) -> bool {
        match call {
            Call::Append(bytes) => self.active().extend_from_slice(bytes),
            Call::Truncate(_) => {
                let active = self.active();
                if len > active.len() as u64 {
                    return false;
                }
                active.truncate(len as usize);
            }
            Call::Roll(name) => {
                let Ok(object) = ObjectName::sealed(name) else {
                    return false;
                };
                let last = self.0.keys().rfind(|name| **name != ObjectName::Active);
                if last.is_some_and(|last| *last >= object) {
                    return false;
                }
                let sealed = std::mem::take(self.active());
                self.0.insert(object, sealed);
            }
            Call::Sync | Call::Relock => {
                self.active();
            }
        }
        true
    }
}

fn target(call: &Call, len: u64) -> u64 {
    match call {
        Call::Truncate(percent) => (len * percent).div_ceil(100),
        _ => len,
    }
}

fn run(log: &dyn Storage, sink: &mut Option<Box<dyn Sink>>, call: &Call) -> bool {
    let held = sink.as_mut().unwrap();
    let len = target(call, held.len());
    let result = match call {
        Call::Append(bytes) => held.append(bytes),
        Call::Sync => held.sync(),
        Call::Truncate(_) => held.truncate(len),
        Call::Roll(name) => held.roll(name),
        Call::Relock => {
            drop(sink.take());
            *sink = Some(log.lock().unwrap());
            Ok(())
        }
    };
    match result {
        Ok(()) => true,
        Err(SinkError::InvalidName { .. } | SinkError::BeyondEnd { .. }) => false,
        Err(error) => panic!("{error:?}"),
    }
}

fn content(log: &dyn Storage) -> BTreeMap<ObjectName, Vec<u8>> {
    let read = |source: Box<dyn Source>| {
        let mut bytes = vec![0; source.len().unwrap() as usize];
        assert_eq!(source.read_at(0, &mut bytes).unwrap(), bytes.len());
        bytes
    };
    let objects = log.objects().unwrap();
    assert!(objects.is_sorted());
    objects
        .into_iter()
        .map(|object| (object.clone(), read(log.source(&object).unwrap())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn backends_agree_with_a_model(calls in prop::collection::vec(call(), 1..25)) {
        let root = tempfile::tempdir().unwrap();
        let files = FileStorage::new(root.path().join("a.log")).unwrap();
        let memory = MemoryStorage::new();
        let mut model = Model::default();
        let mut in_file = Some(files.lock().unwrap());
        let mut in_memory = Some(memory.lock().unwrap());
        for call in &calls {
            let len = target(call, model.active().len() as u64);
            let expected = model.apply(call, len);
            prop_assert_eq!(run(&files, &mut in_file, call), expected, "files: {:?}", call);
            prop_assert_eq!(run(&memory, &mut in_memory, call), expected, "memory: {:?}", call);
            prop_assert_eq!(&content(&files), &model.0);
            prop_assert_eq!(&content(&memory), &model.0);
        }
    }

    #[test]
    fn any_file_name_holds_a_log(name in prop::collection::vec(1..=255_u8, 1..40)) {
        prop_assume!(!name.contains(&b'/') && name != b"." && name != b"..");
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(std::ffi::OsString::from_vec(name));
        let log = FileStorage::new(&path).unwrap();
        let mut sink = log.lock().unwrap();
        sink.append(b"x").unwrap();
        sink.roll("1").unwrap();
        let sealed = ObjectName::sealed("1").unwrap();
        prop_assert_eq!(log.objects().unwrap(), [sealed, ObjectName::Active]);
        prop_assert_eq!(log.path(), path);
    }

    #[test]
    fn names_are_safe_or_refused(name in "\\PC{0,70}|[0-9][0-9A-Za-z_.-]{0,70}") {
        if ObjectName::sealed(name.as_str()).is_ok() {
            prop_assert!(!name.contains(['/', '.', '\0', '\\', ':', ' ']));
            prop_assert!(name.is_ascii() && (1..=64).contains(&name.len()));
        }
    }
}
