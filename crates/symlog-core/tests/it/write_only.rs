//! A log that is written with a public key: the host that wrote it cannot read it, the owner of the private
//! key can.

use std::path::Path;
use std::sync::Arc;

use symlog_core::{
    Config, EntryId, Filter, Interaction, KeysConfig, LogReader, LoggingError, ReadError,
};
use symlog_crypto::{Identity, SecretBytes, default_provider};
use symlog_keys::{Access, IdentityWrap, KeyWrap, Keyring, LoggingKey};

use crate::recorded::{answered, asked};
use crate::support::{KEY, Workplace, block_on, request, response};

struct Pair {
    identity: Identity,
    keys: KeysConfig,
}

fn pair() -> Pair {
    let identity = Identity::generate(default_provider().random).unwrap();
    let keys = KeysConfig {
        recipients: vec![identity.recipient().unwrap().to_text()],
        ..KeysConfig::default()
    };
    Pair { identity, keys }
}

fn copy(identity: &Identity) -> Identity {
    Identity::from_text(&identity.to_text()).unwrap()
}

fn keyring_of(log: &Path) -> std::path::PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".keyring");
    path.into()
}

/// What the owner of a private key reads, with nothing but it and the log's files.
fn read_with(log: &Path, identity: &Identity) -> Vec<Result<symlog_core::Entry, ReadError>> {
    let provider = default_provider();
    let wrap = IdentityWrap::new(identity, &provider).unwrap();
    let slots = Keyring::wrapped_keys(&keyring_of(log)).unwrap();
    let slot = slots
        .iter()
        .find(|slot| slot.service == wrap.describe())
        .unwrap();
    let key = block_on(LoggingKey::unwrapped_by(&wrap, slot)).unwrap();
    let keyring = Keyring::open(&keyring_of(log), &key, Access::ReadOnly, &provider)
        .unwrap()
        .with_identity(copy(identity));
    let storage = Arc::new(symlog_sink::FileStorage::new(log).unwrap());
    let reader = LogReader::over(storage, keyring);
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:?}");
    reader.entries(Filter::new()).unwrap().collect()
}

#[test]
fn the_writer_cannot_read_what_the_owner_of_the_private_key_reads() {
    let place = Workplace::new();
    let Pair { identity, keys } = pair();
    for start in [0, 10] {
        let logger = place.builder().keys(keys.clone()).build().unwrap();
        for number in start..start + 10 {
            logger.submit(answered(number)).unwrap().wait().unwrap();
        }
        logger.close_blocking().unwrap();
    }
    // Everything that the host has: the files, and its own logging key.
    let entries: Vec<_> = place.reader().entries(Filter::new()).unwrap().collect();
    assert_eq!(entries.len(), 20);
    for entry in entries {
        let error = entry.unwrap_err();
        assert!(matches!(error, ReadError::Key { .. }), "{error}");
        let shown = format!("{:#}", anyhow_like(&error));
        assert!(shown.contains("private key"), "{shown}");
    }
    let read = read_with(&place.log(), &identity);
    assert_eq!(read.len(), 20);
    for (number, entry) in read.into_iter().enumerate() {
        let entry = entry.unwrap();
        let request = entry.request_data.unwrap().to_request().unwrap();
        assert_eq!(request.prompt, format!("question {number}"));
    }
}

fn anyhow_like(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        out.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    out
}

#[test]
fn erasure_and_expiry_hold_also_for_the_owner_of_the_private_key() {
    let place = Workplace::new();
    let Pair { identity, keys } = pair();
    let logger = place.builder().keys(keys).build().unwrap();
    for number in 0..6 {
        logger.submit(answered(number)).unwrap().wait().unwrap();
    }
    logger.close_blocking().unwrap();
    let own = LoggingKey::from_text(SecretBytes::from(KEY.to_owned())).unwrap();
    let path = keyring_of(&place.log());
    let keyring = Keyring::open(&path, &own, Access::ReadWrite, &default_provider()).unwrap();
    let digest = keyring.unit_digest(symlog_keys::UnitKind::Conversation, None, "c-1");
    let ids = keyring.unit_ids(&digest).unwrap();
    assert_eq!(ids.len(), 1, "the keyring knows the unit without the log");
    keyring.destroy_units(&ids).unwrap();
    let provider = default_provider();
    let wrap = IdentityWrap::new(&identity, &provider).unwrap();
    let slots = Keyring::wrapped_keys(&path).unwrap();
    let key = block_on(LoggingKey::unwrapped_by(&wrap, &slots[0])).unwrap();
    let read = || {
        let keyring = Keyring::open(&path, &key, Access::ReadOnly, &provider)
            .unwrap()
            .with_identity(copy(&identity));
        let storage = Arc::new(symlog_sink::FileStorage::new(place.log()).unwrap());
        let reader = LogReader::over(storage, keyring);
        let entries: Vec<_> = reader.entries(Filter::new()).unwrap().collect();
        let readable = entries.iter().filter(|entry| entry.is_ok()).count();
        (entries.len(), readable)
    };
    assert_eq!(read(), (6, 4), "one of three conversations is erased");
    let periods: Vec<_> = keyring
        .inventory()
        .unwrap()
        .periods
        .iter()
        .map(|key| key.id)
        .collect();
    keyring.destroy_periods(&periods).unwrap();
    assert_eq!(read(), (0, 0), "the month has expired");
}

#[test]
fn another_private_key_opens_nothing() {
    let place = Workplace::new();
    let Pair { keys, .. } = pair();
    let logger = place.builder().keys(keys).build().unwrap();
    logger.submit(answered(0)).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let provider = default_provider();
    let stranger = Identity::generate(provider.random).unwrap();
    let wrap = IdentityWrap::new(&stranger, &provider).unwrap();
    let slots = Keyring::wrapped_keys(&keyring_of(&place.log())).unwrap();
    assert!(block_on(LoggingKey::unwrapped_by(&wrap, &slots[0])).is_err());
    // Not with the host's key either.
    let own = LoggingKey::from_text(SecretBytes::from(KEY.to_owned())).unwrap();
    let keyring = Keyring::open(&keyring_of(&place.log()), &own, Access::ReadOnly, &provider)
        .unwrap()
        .with_identity(stranger);
    let storage = Arc::new(symlog_sink::FileStorage::new(place.log()).unwrap());
    let reader = LogReader::over(storage, keyring);
    assert!(
        reader
            .entries(Filter::new())
            .unwrap()
            .all(|entry| entry.is_err())
    );
}

/// The writer that went down cannot read what it wrote before, and goes on all the same.
#[test]
fn responses_of_this_process_find_their_requests_and_a_crash_stops_nothing() {
    let place = Workplace::new();
    let Pair { identity, keys } = pair();
    let logger = place.builder().keys(keys.clone()).build().unwrap();
    let id = block_on(logger.log_request(
        "agent",
        symlog_core::ModelInteractionType::Completion,
        "model",
        request("the question"),
        [("n".to_owned(), "0".to_owned())].into(),
    ))
    .unwrap();
    block_on(logger.log_response(
        &id,
        response("the answer"),
        std::time::Duration::from_millis(5),
        None,
        None,
    ))
    .unwrap();
    let open = EntryId::generate();
    logger.submit(asked(1).id(open)).unwrap().wait().unwrap();
    logger.flush_blocking().unwrap();
    // As a crash leaves it.
    let copy_of = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(place.log().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy_of.path().join(file.file_name())).unwrap();
    }
    logger.close_blocking().unwrap();
    let again = Workplace::at(copy_of.path().join(place.log().file_name().unwrap()));
    let logger = again.builder().keys(keys).build().unwrap();
    logger.submit(answered(4)).unwrap().wait().unwrap();
    // To whom the open request belongs is sealed, so that the caller has to say it.
    let answer = || Interaction::response_to(open).response(response("late"));
    let refused = logger.submit(answer()).unwrap().wait().unwrap_err();
    assert!(
        matches!(refused, LoggingError::SealedRequest { .. }),
        "{refused}"
    );
    let named = answer().conversation("c-1");
    logger.submit(named).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let read = read_with(&again.log(), &identity);
    assert_eq!(read.len(), 3);
    let mut read = read.into_iter();
    let first = read.next().unwrap().unwrap();
    let answer = first.response_data.unwrap().to_response().unwrap();
    assert_eq!(answer.content, "the answer");
    let late = read.next().unwrap().unwrap();
    let answer = late.response_data.unwrap().to_response().unwrap();
    assert_eq!(answer.content, "late");
}

#[test]
fn what_is_no_public_key_is_refused_with_what_to_write() {
    let place = Workplace::new();
    let error = place
        .builder()
        .keys(KeysConfig {
            recipients: vec!["age1qqqq".to_owned()],
            ..KeysConfig::default()
        })
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("symlog keys generate"),
        "{error}"
    );
}

#[test]
fn the_configuration_names_both_sides() {
    let text = "[logging.keys]\nrecipients = [\"x25519:A\"]\nidentity_name = \"n\"\nidentity_env = \"\"\naudit = \"log\"\nrotate_after_days = 90\nrotate_after_bytes = 1_000";
    let config = Config::from_toml(text, "test").unwrap();
    assert_eq!(config.keys.recipients, ["x25519:A"]);
    assert_eq!(config.keys.identity_env, None);
    assert_eq!(config.keys.rotate_after_days, 90);
    let error = Config::from_toml("[logging.keys]\nrotate_after_day = 9", "test").unwrap_err();
    assert!(error.to_string().contains("rotate_after_days"), "{error}");
}
