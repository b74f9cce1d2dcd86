//! Where logs are shipped to and read from: the clients of remote places.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use symlog_core::{AtCeiling, Config, LogReader, SinkConfig, SinkKind};
use symlog_sink::{Remote, ShipOptions, Storage};

/// What every `[[sink]]` of a configuration stands for.
pub(crate) fn ships(config: &Config) -> Result<Vec<ShipOptions>> {
    let mut ships: Vec<ShipOptions> = Vec::new();
    for sink in &config.sinks {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if !sink.name.bytes().all(is_plain) {
            bail!(
                "[[sink]] name = {:?}: use ASCII letters, digits and `-`",
                sink.name
            );
        }
        if ships.iter().any(|ship| ship.name == sink.name) {
            bail!(
                "two [[sink]] sections are called {:?}; give each a name of its own",
                sink.name
            );
        }
        ships.push(ship(sink)?);
    }
    Ok(ships)
}

fn ship(sink: &SinkConfig) -> Result<ShipOptions> {
    let mut ship = ShipOptions::new(&sink.name, remote(sink)?);
    ship.interval = Duration::from_millis(sink.interval_ms.into());
    ship.spool_bytes = sink.spool_bytes;
    ship.drain = Duration::from_millis(sink.drain_ms.into());
    ship.at_ceiling = match sink.at_ceiling {
        AtCeiling::Block => symlog_sink::AtCeiling::Block,
        AtCeiling::Reject => symlog_sink::AtCeiling::Reject,
        AtCeiling::Exceed => symlog_sink::AtCeiling::Exceed,
    };
    Ok(ship)
}

fn remote(sink: &SinkConfig) -> Result<Arc<dyn Remote>> {
    let name = &sink.name;
    match sink.kind {
        #[cfg(feature = "sink-object")]
        SinkKind::Object => {
            let config: symlog_sink_object::ObjectConfig = own_keys(sink)?;
            let remote = symlog_sink_object::ObjectRemote::new(&config)
                .with_context(|| format!("[[sink]] {name}"))?;
            Ok(Arc::new(remote))
        }
        #[cfg(feature = "sink-nats")]
        SinkKind::Nats => Ok(Arc::new(symlog_sink_nats::NatsRemote::new(own_keys(sink)?))),
        #[cfg(feature = "sink-kafka")]
        SinkKind::Kafka => {
            let remote = symlog_sink_kafka::KafkaRemote::new(own_keys(sink)?)
                .with_context(|| format!("[[sink]] {name}"))?;
            Ok(Arc::new(remote))
        }
        #[cfg(not(all(feature = "sink-object", feature = "sink-nats", feature = "sink-kafka")))]
        kind => bail!(
            "[[sink]] {name}: this build has no client for kind = {kind:?}; build it with the feature of that sink"
        ),
    }
}

/// The keys of a sink that are its kind's own.
#[cfg(any(feature = "sink-object", feature = "sink-nats", feature = "sink-kafka"))]
fn own_keys<T: serde::de::DeserializeOwned>(sink: &SinkConfig) -> Result<T> {
    let options = sink.options.clone();
    options
        .try_into()
        .with_context(|| format!("[[sink]] {}", sink.name))
}

/// A log that lies elsewhere, and the name it goes under there.
#[derive(Debug)]
pub(crate) struct RemoteLog {
    pub(crate) name: String,
    pub(crate) address: PathBuf,
    pub(crate) storage: Arc<dyn Storage>,
}

/// What begins an address elsewhere, and the kind of sink that is there.
const SCHEMES: [(&str, SinkKind); 7] = [
    ("s3://", SinkKind::Object),
    ("gs://", SinkKind::Object),
    ("az://", SinkKind::Object),
    ("file://", SinkKind::Object),
    ("nats://", SinkKind::Nats),
    ("tls://", SinkKind::Nats),
    ("kafka://", SinkKind::Kafka),
];

/// Whether `--log` names a place elsewhere.
pub(crate) fn is_remote(log: &str) -> bool {
    SCHEMES.iter().any(|(scheme, _)| log.starts_with(scheme))
}

/// The logs at `url`: one, or all that lie below it. Credentials are those of the
/// `[[sink]]` whose address this one begins with, else those of the environment.
pub(crate) fn logs_at(config: &Config, url: &str) -> Result<Vec<RemoteLog>> {
    let url = url.trim_end_matches('/');
    let scheme = SCHEMES.iter().find(|(scheme, _)| url.starts_with(scheme));
    let (place, names) = match scheme {
        Some((scheme, kind)) if *kind != SinkKind::Object => {
            let (place, log) = in_stream(config, url, scheme, *kind)?;
            let names = match log {
                Some(log) => vec![log],
                None => list(&*place, url)?,
            };
            (place, names)
        }
        _ => in_bucket(config, url)?,
    };
    names
        .into_iter()
        .map(|name| {
            Ok(RemoteLog {
                storage: place.log(&name)?,
                address: place.address().join(&name),
                name,
            })
        })
        .collect()
}

fn list(place: &dyn Remote, url: &str) -> Result<Vec<String>> {
    place.logs().with_context(|| format!("cannot list {url}"))
}

fn in_bucket(config: &Config, url: &str) -> Result<(Arc<dyn Remote>, Vec<String>)> {
    let mut sink = config
        .sinks
        .iter()
        .filter(|sink| sink.kind == SinkKind::Object)
        .find(|sink| {
            let known = sink.options.get("url").and_then(|url| url.as_str());
            known.is_some_and(|known| url.starts_with(known.trim_end_matches('/')))
        })
        .cloned()
        .unwrap_or_default();
    let mut at = |url: &str| {
        sink.options.insert("url".to_owned(), url.into());
        remote(&sink)
    };
    let place = at(url)?;
    let names = list(&*place, url)?;
    let is_chapter =
        |name: &String| name == "first" || name.starts_with("after-") || name.starts_with("gone-");
    if !names.iter().any(is_chapter) {
        return Ok((place, names));
    }
    let (parent, name) = url
        .rsplit_once('/')
        .with_context(|| format!("{url} names no log"))?;
    Ok((at(parent)?, vec![name.to_owned()]))
}

/// The stream or topic that `SCHEME://SERVERS/NAME` names, and the log behind it.
fn in_stream(
    config: &Config,
    url: &str,
    scheme: &str,
    kind: SinkKind,
) -> Result<(Arc<dyn Remote>, Option<String>)> {
    let rest = url.strip_prefix(scheme).unwrap_or_default();
    let (servers, path) = rest.split_once('/').with_context(|| {
        format!("{url}: name the stream or topic too, as in {scheme}HOST:PORT/symlog")
    })?;
    let (name, log) = match path.split_once('/') {
        Some((name, log)) => (name, Some(log.to_owned())),
        None => (path, None),
    };
    let address = PathBuf::from(format!("{scheme}{servers}")).join(name);
    for sink in config.sinks.iter().filter(|sink| sink.kind == kind) {
        let known = remote(sink)?;
        if known.address() == address {
            return Ok((known, log));
        }
    }
    let own = match kind {
        SinkKind::Kafka => [("brokers", servers.to_owned()), ("topic", name.to_owned())],
        _ => [
            ("url", format!("{scheme}{servers}")),
            ("stream", name.to_owned()),
        ],
    };
    let mut sink = SinkConfig {
        kind,
        ..SinkConfig::default()
    };
    for (key, value) in own {
        sink.options.insert(key.to_owned(), value.into());
    }
    Ok((remote(&sink)?, log))
}

/// The configuration of a log that would lie beside its keyring, as what is recorded of it does.
fn beside(config: &Config, keyring: &Path) -> Config {
    let mut config = config.clone();
    config.logging.log_file_path = keyring.with_extension("").display().to_string();
    config
}

/// Where keyrings are looked for: as it is said, else beside the configured log.
pub(crate) fn keyrings(config: &Config, given: Option<&Path>) -> PathBuf {
    let beside = Path::new(&config.logging.log_file_path).parent();
    match given.or(beside) {
        Some(path) if !path.as_os_str().is_empty() => path.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The reader of a remote log, and the configuration by which reading it is recorded.
type Opened = Result<(LogReader, Config)>;

/// Opens remote logs with the keyrings of a directory: each keyring says which
/// log it is of.
pub(crate) fn readers(
    config: &Config,
    logs: Vec<RemoteLog>,
    keyrings: &Path,
) -> Result<Vec<(RemoteLog, Opened)>> {
    let listed = std::fs::read_dir(keyrings)
        .with_context(|| format!("cannot list the keyrings in {}", keyrings.display()))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for file in listed {
        let path = file?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "keyring")
        {
            files.push(path);
        }
    }
    files.sort();
    let mut failed = None;
    let mut known = Vec::new();
    for file in files {
        // Any storage will do to learn whose keyring it is.
        let nowhere: Arc<dyn Storage> = Arc::new(symlog_sink::MemoryStorage::new());
        match LogReader::with_keyring(config, nowhere, &file) {
            Ok(reader) => known.extend(reader.log_id().map(|id| (id, file))),
            Err(error) => {
                failed.get_or_insert_with(|| format!("{}: {error}", file.display()));
            }
        }
    }
    Ok(logs
        .into_iter()
        .map(|log| {
            // A log that went on under another name keeps its keyring.
            let id = log.name.split('_').next().unwrap_or_default();
            let reader = match known.iter().find(|(known, _)| known == id) {
                Some((_, file)) => {
                    let reader = LogReader::with_keyring(config, Arc::clone(&log.storage), file);
                    reader.map(|reader| (reader, beside(config, file))).map_err(Into::into)
                }
                None => Err(anyhow::anyhow!(
                    "there is no keyring of this log in {}{}; copy LOG.keyring and LOG.keyring.epoch there from the host that wrote it, or name its directory by --keyrings",
                    keyrings.display(),
                    failed.as_ref().map(|failed| format!(" that opens ({failed})")).unwrap_or_default()
                )),
            };
            (log, reader)
        })
        .collect())
}
