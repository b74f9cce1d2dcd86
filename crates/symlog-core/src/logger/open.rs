//! From settings to an open log: masker, key, keyring, pipeline.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use symlog_crypto::{CryptoProvider, Identity, Recipient, default_provider};
use symlog_keys::{
    Access, KeyRequest, KeySource, KeyWrap, Keyring, KeyringError, LoggingKey, RecipientWrap,
    ResolvedKey, SecretStore, new_key_wrap, new_secret_store, resolve_blocking,
};
use symlog_sink::{Cursor, FileStorage, ShipMonitor, ShippedStorage, Storage};

use super::builder::LoggerBuilder;
use super::{Backend, Inner, ModelLogger, registry};
use crate::access::{open_keyring, owner};
use crate::config::{Config, KeysConfig, LogFormat, LoggingConfig};
use crate::error::LoggingError;
use crate::masking::{Maskers, OperatorKeys, build_masker};
use crate::pipeline::{FoundKey, KeySupply, Opening, Pipeline, UpkeepPlan, block_on};
use crate::retention::{Retention, RetentionChore};
use crate::symbiont::{SymbiontLog, SymbiontOpening, holds_symbiont};

pub(super) fn open(builder: LoggerBuilder) -> Result<ModelLogger, LoggingError> {
    let path = PathBuf::from(&builder.config.log_file_path);
    // What needs no keys is put together first, so that a mistake is told before anything is made.
    let masking = match &builder.masker {
        Some(masker) => Masking::Ready(masker.clone().into()),
        None if builder.masking.needs_keys()? => Masking::Keyed,
        None => Masking::Ready(maskers(&builder, None)?),
    };
    let names = match &builder.masker {
        Some(masker) => masker.clone(),
        None => build_masker(
            &builder.masking.without_operators(),
            builder.config.enable_pii_masking,
            None,
        )?,
    };
    let failure = builder.settings.failure;
    let backend = if !builder.config.enabled {
        tracing::warn!("Model logging is disabled; set `logging.enabled = true` to log");
        Backend::Disabled
    } else {
        let fingerprint = fingerprint(&builder);
        // Only a log that is known by its path can be recognised as open already.
        let is_shared = builder.storage.is_none() && builder.keyring.is_none();
        let open =
            || match builder.settings.format {
                LogFormat::Symlog => open_pipeline(builder, &path, masking)
                    .map(|log| Backend::Pipeline(Arc::new(log))),
                LogFormat::Symbiont => open_symbiont(builder, &path, masking)
                    .map(|log| Backend::Symbiont(Arc::new(log))),
            };
        if is_shared {
            registry::share(&path, fingerprint, open)?
        } else {
            open()?
        }
    };
    Ok(ModelLogger {
        inner: Arc::new(Inner {
            masker: names,
            backend,
            path,
            failure,
        }),
    })
}

/// What is known about masking before the keyring is open.
enum Masking {
    Ready(Maskers),
    /// Some operator needs keys.
    Keyed,
}

fn maskers(builder: &LoggerBuilder, keys: Option<&OperatorKeys>) -> Result<Maskers, LoggingError> {
    Maskers::build(&builder.masking, builder.config.enable_pii_masking, keys)
}

fn open_pipeline(
    mut builder: LoggerBuilder,
    path: &Path,
    masking: Masking,
) -> Result<Pipeline, LoggingError> {
    let provider = builder.provider.clone();
    let storage: Arc<dyn Storage> = match &builder.storage {
        Some(storage) => Arc::clone(storage),
        None => Arc::new(FileStorage::new(path)?),
    };
    let recipients = recipients(&builder.keys)?;
    let mut chores = std::mem::take(&mut builder.chores);
    if builder.own_chores {
        let retention = Retention::new(
            &builder.config,
            &builder.retention,
            builder.ships.iter().map(|ship| ship.name.clone()).collect(),
        );
        chores.push(Box::new(RetentionChore {
            retention,
            ships: builder.ships.clone(),
        }));
    }
    let (keyring, key_note, key_supply) = match &builder.keyring {
        Some(keyring) => (keyring.clone(), KEYRING_GIVEN.to_owned(), None),
        None => {
            let (keyring, note) = find_keyring(&builder, path, &*storage, &provider)?;
            (keyring, note, Some(key_supply(&builder, path)))
        }
    };
    let_recipients_in(&keyring, &recipients, &provider)?;
    let (storage, shipping) = shipped(&builder, path, storage, &keyring)?;
    let maskers = match masking {
        Masking::Ready(maskers) => maskers,
        Masking::Keyed => maskers(&builder, Some(&OperatorKeys::of(&keyring)?))?,
    };
    Pipeline::open(Opening {
        path: path.to_owned(),
        storage,
        archives: builder.archives,
        keyring,
        provider,
        maskers,
        clock: builder.clock,
        config: builder.config,
        settings: builder.settings,
        retention: builder.retention,
        keys: builder.keys,
        recipients,
        strict: builder.strict,
        object_bytes: builder.archive.seal_bytes,
        key_note: Some(key_note),
        key_supply,
        upkeep: UpkeepPlan {
            seal_after: (builder.own_chores && builder.archive.seal_hours > 0)
                .then(|| HOUR * builder.archive.seal_hours),
            chores,
        },
        shipping,
    })
}

const HOUR: Duration = Duration::from_secs(3600);

/// The log, shipped to wherever the builder says, under its id: a new log on the same host gets a
/// place of its own.
fn shipped(
    builder: &LoggerBuilder,
    path: &Path,
    storage: Arc<dyn Storage>,
    keyring: &Keyring,
) -> Result<(Arc<dyn Storage>, Option<ShipMonitor>), LoggingError> {
    if builder.ships.is_empty() {
        return Ok((storage, None));
    }
    let mut ships = builder.ships.clone();
    if builder.storage.is_none() {
        for ship in &mut ships {
            ship.cursor
                .get_or_insert_with(|| Cursor::path(path, &ship.name));
        }
    }
    let name = uuid::Uuid::from_bytes(keyring.log_id()).to_string();
    let shipped = ShippedStorage::new(storage, &name, ships)?;
    let monitor = shipped.monitor();
    Ok((Arc::new(shipped), Some(monitor)))
}

/// Those who may read, where this host may not.
fn recipients(keys: &KeysConfig) -> Result<Vec<Recipient>, LoggingError> {
    keys.recipients
        .iter()
        .map(|text| {
            Recipient::from_text(text).map_err(|error| {
                LoggingError::key(
                    "`recipients` in [logging.keys] are public keys as `symlog keys generate` prints them: x25519: and 44 characters",
                    error,
                )
            })
        })
        .collect()
}

/// Lets the recipients open the keyring with their private keys.
fn let_recipients_in(
    keyring: &Keyring,
    recipients: &[Recipient],
    provider: &CryptoProvider,
) -> Result<(), LoggingError> {
    if recipients.is_empty() {
        return Ok(());
    }
    let slots = keyring.inventory()?.slots;
    for recipient in recipients {
        let wrap = RecipientWrap::new(recipient.clone(), provider);
        let kind = wrap.describe();
        if slots.iter().any(|slot| slot.kind == kind) {
            continue;
        }
        let key = block_on(LoggingKey::wrapped_by(&wrap, provider.random))
            .map_err(|error| LoggingError::key("no key could be made for a recipient", error))?;
        keyring.add_slot(&key, &format!("reader {}", recipient.to_text()))?;
    }
    Ok(())
}

/// What the `key` line says where no key was looked for.
const KEYRING_GIVEN: &str = r#"{"source":"the program's own keyring","passed_over":[]}"#;

/// The keyring beside the log, made together with it, and how its key was found.
fn find_keyring(
    builder: &LoggerBuilder,
    path: &Path,
    storage: &dyn Storage,
    provider: &CryptoProvider,
) -> Result<(Keyring, String), LoggingError> {
    let keyring_path = keyring_path(path);
    let log_exists = !storage.objects()?.is_empty() && has_bytes(storage)?;
    let keyring_exists = keyring_path.symlink_metadata().is_ok();
    if log_exists && !keyring_exists {
        if holds_symbiont(storage)? {
            return Err(LoggingError::Unreadable {
                path: path.to_owned(),
                message: "is a log of `format = \"symbiont\"`; set that to go on with it, or choose another `log_file_path`".to_owned(),
            });
        }
        return Err(LoggingError::KeyManagementError {
            message: format!(
                "{} holds a log, but its keyring {} is missing; bring the keyring back from a backup, or choose another `log_file_path`",
                path.display(),
                keyring_path.display()
            ),
            source: None,
        });
    }
    let resolved = resolve_key(
        &builder.config,
        builder.store.clone(),
        builder.secrets.as_ref(),
        builder.strict,
        LogFor::Keyring {
            path: &keyring_path,
            exists: keyring_exists,
        },
        provider,
    )?;
    // The storage makes the log's directory, with the mode that it needs.
    drop(storage.lock()?);
    let keyring = open_or_create_keyring(&keyring_path, &resolved.key, provider)?;
    Ok((keyring, key_note(&resolved)))
}

/// Looks for the key of the log again, where it was found the first time.
fn key_supply(builder: &LoggerBuilder, path: &Path) -> KeySupply {
    let config = builder.config.clone();
    let (store, secrets) = (builder.store.clone(), builder.secrets.clone());
    let (strict, provider) = (builder.strict, builder.provider.clone());
    let path = keyring_path(path);
    KeySupply::new(move || {
        let found = resolve_key(
            &config,
            store.clone(),
            secrets.as_ref(),
            strict,
            LogFor::Keyring {
                path: &path,
                exists: true,
            },
            &provider,
        )?;
        Ok(FoundKey {
            note: key_note(&found),
            key: found.key,
        })
    })
}

fn open_symbiont(
    builder: LoggerBuilder,
    path: &Path,
    masking: Masking,
) -> Result<SymbiontLog, LoggingError> {
    if keyring_path(path).symlink_metadata().is_ok() {
        return Err(LoggingError::Unreadable {
            path: path.to_owned(),
            message: "has a keyring, so it is a log of `format = \"symlog\"`; set that, or choose another `log_file_path`".to_owned(),
        });
    }
    let Masking::Ready(maskers) = masking else {
        return Err(LoggingError::ConfigurationError {
            message: "the operators pseudonym, token and date-shift need a keyring, which `format = \"symbiont\"` does not have; set `format = \"symlog\"`, or other operators".to_owned(),
            source: None,
        });
    };
    if let Some(ship) = builder.ships.first() {
        return Err(LoggingError::ConfigurationError {
            message: format!(
                "[[sink]] {}: a log of `format = \"symbiont\"` has no id to be shipped under and nothing that tells a copy from a forgery; set `format = \"symlog\"`, or copy its sealed files yourself",
                ship.name
            ),
            source: None,
        });
    }
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(path)?);
    let provider = builder.provider;
    let resolved = resolve_key(
        &builder.config,
        builder.store.clone(),
        builder.secrets.as_ref(),
        builder.strict,
        LogFor::Symbiont {
            exists: has_bytes(&*storage)?,
        },
        &provider,
    )?;
    SymbiontLog::open(SymbiontOpening {
        path: path.to_owned(),
        storage,
        key: resolved.key,
        provider,
        maskers,
        clock: builder.clock,
        config: builder.config,
        settings: builder.settings,
    })
}

/// The keyring lies beside its log.
pub(crate) fn keyring_path(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".keyring");
    PathBuf::from(path)
}

fn has_bytes(storage: &dyn Storage) -> Result<bool, LoggingError> {
    for object in storage.objects()? {
        if !storage.source(&object)?.is_empty()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keyring at `path`, a new one where there is none.
pub(crate) fn open_or_create_keyring(
    path: &Path,
    key: &LoggingKey,
    provider: &CryptoProvider,
) -> Result<Keyring, LoggingError> {
    if path.symlink_metadata().is_ok() {
        return Ok(Keyring::open(path, key, Access::ReadWrite, provider)?);
    }
    let log_id = *uuid::Uuid::now_v7().as_bytes();
    match Keyring::create(path, log_id, key, provider) {
        // Another process was quicker; the lock on the log decides who writes.
        Err(KeyringError::Exists { .. }) => {
            Ok(Keyring::open(path, key, Access::ReadWrite, provider)?)
        }
        created => Ok(created?),
    }
}

/// The keyring of the log that a configuration names, for one who does not write the log.
pub(crate) fn writable_keyring(config: &Config) -> Result<Keyring, LoggingError> {
    let log = Path::new(&config.logging.log_file_path);
    let owner = owner(log);
    let resolved = resolve_key(
        &config.logging,
        None,
        config.secrets.as_ref(),
        config.strict,
        LogFor::Keyring {
            path: &keyring_path(owner.as_deref().unwrap_or(log)),
            exists: true,
        },
        &default_provider(),
    )?;
    open_keyring(log, &resolved.key, Access::ReadWrite)
}

/// What a key is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LogFor<'a> {
    /// A log with a keyring.
    Keyring { path: &'a Path, exists: bool },
    /// A log of the reference format, whose keys are made from the logging key's text.
    Symbiont { exists: bool },
}

/// Finds the key of the log, and says what was passed over on the way.
pub(crate) fn resolve_key(
    config: &LoggingConfig,
    store: Option<Arc<dyn SecretStore>>,
    secrets: Option<&symlog_keys::SecretsConfig>,
    strict: bool,
    log: LogFor<'_>,
    provider: &CryptoProvider,
) -> Result<ResolvedKey, LoggingError> {
    let mut request = KeyRequest::new(&config.encryption_key_name);
    request.env.clone_from(&config.encryption_key_env);
    request.strict = strict;
    match log {
        LogFor::Keyring { path, exists } => {
            request.log_exists = exists;
            request.keyring = Some(path.to_owned());
            if let Some(secrets) = secrets {
                request.wrap = new_key_wrap(secrets).map_err(symlog_keys::KeyError::from)?;
            }
        }
        LogFor::Symbiont { exists } => request.log_exists = exists,
    }
    request.provider = provider.clone();
    request.store = store;
    if request.store.is_none()
        && let Some(secrets) = secrets
    {
        match open_store(secrets) {
            Ok(store) => request.store = Some(store),
            Err(error) => {
                tracing::warn!("Failed to initialize secret store for logging: {error}");
                request.store_failed = Some(error);
            }
        }
    }
    let resolved = resolve_blocking(request).map_err(|error| match error {
        symlog_keys::KeyError::Store { .. } => LoggingError::key(
            "Failed to retrieve logging encryption key from SecretStore; check that the store can be reached and holds the key under `encryption_key_name`",
            error,
        ),
        error => error.into(),
    })?;
    for warning in &resolved.warnings {
        tracing::warn!("{warning}");
    }
    tracing::debug!(source = %resolved.source, "the logging key was found");
    Ok(resolved)
}

/// The private key of a reader, where there is one under the configured name.
pub(crate) fn find_identity(config: &Config) -> Result<Option<Identity>, LoggingError> {
    let mut request = KeyRequest::new(&config.keys.identity_name);
    request.env.clone_from(&config.keys.identity_env);
    request.strict = config.strict;
    // Nobody could have sealed to one that is made now.
    request.log_exists = true;
    if let Some(secrets) = &config.secrets {
        match open_store(secrets) {
            Ok(store) => request.store = Some(store),
            Err(error) => request.store_failed = Some(error),
        }
    }
    let found = match resolve_blocking(request) {
        Ok(found) => found,
        Err(symlog_keys::KeyError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Identity::from_text(found.key.text()) {
        Ok(identity) => Ok(Some(identity)),
        // The last resort of every search, which is another kind of key.
        Err(_) if found.source == KeySource::Environment("SYMBIONT_MASTER_KEY".to_owned()) => {
            Ok(None)
        }
        Err(error) => Err(LoggingError::key(
            format!("what the {} holds is no private key", found.source),
            error,
        )),
    }
}

/// Opens the configured store on a thread of its own, so that it works inside any runtime.
fn open_store(secrets: &symlog_keys::SecretsConfig) -> Result<Arc<dyn SecretStore>, String> {
    let secrets = secrets.clone();
    let opened = std::thread::Builder::new()
        .name("symlog-store".to_owned())
        .spawn(move || block_on(new_secret_store(&secrets, "symlog")))
        .map_err(|error| error.to_string())?
        .join()
        .map_err(|_| "the secret store panicked while it was opened".to_owned())?;
    match opened {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(error.to_string()),
    }
}

/// What the `key` line says: sources only, never a key.
fn key_note(resolved: &ResolvedKey) -> String {
    let passed_over: Vec<_> = resolved
        .passed_over
        .iter()
        .map(|passed| {
            serde_json::json!({
                "source": passed.source.to_string(),
                "reason": passed.reason,
            })
        })
        .collect();
    serde_json::json!({
        "source": resolved.source.to_string(),
        "passed_over": passed_over,
    })
    .to_string()
}

fn fingerprint(builder: &LoggerBuilder) -> String {
    let mut text = String::new();
    // Writing to a string has no way to fail.
    let _ = write!(
        text,
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        builder.config,
        builder.settings,
        builder.keys,
        builder.masking,
        builder.retention,
        builder.archive,
        builder.ships
    );
    text
}
