//! What the tests share.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use symlog_core::logging::LoggingConfig;
use symlog_core::secrets::{MemoryStore, SecretStore};
use symlog_core::{Filter, LogReader, LoggerBuilder, ModelLogger, RequestData, ResponseData};
use symlog_crypto::SecretBytes;
use symlog_keys::LoggingKey;
use tempfile::TempDir;

/// A directory with room for a log, and the key of that log.
pub(crate) struct Workplace {
    log: PathBuf,
    key: String,
    store: Arc<dyn SecretStore>,
    _dir: Option<Arc<TempDir>>,
}

pub(crate) const KEY: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

impl Workplace {
    pub(crate) fn new() -> Self {
        Self::with_key(KEY)
    }

    pub(crate) fn with_key(key: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            log: dir.path().join("logs/model_io.encrypted.log"),
            key: key.to_owned(),
            store: store(key),
            _dir: Some(Arc::new(dir)),
        }
    }

    /// For the child of a test, whose directory is the test's.
    pub(crate) fn at(log: PathBuf) -> Self {
        Self {
            log,
            key: KEY.to_owned(),
            store: store(KEY),
            _dir: None,
        }
    }

    /// The log's parent's parent, of which everything is the test's.
    pub(crate) fn directory(&self) -> &Path {
        self.log.parent().and_then(Path::parent).unwrap()
    }

    /// The same log, seen by somebody with another key.
    pub(crate) fn with_other_key(&self, key: &str) -> Self {
        Self {
            log: self.log(),
            _dir: self._dir.clone(),
            ..Self::with_key(key)
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn SecretStore> {
        Arc::clone(&self.store)
    }

    pub(crate) fn reader(&self) -> LogReader {
        let key = SecretBytes::new(self.key.clone().into_bytes());
        LogReader::open(&self.log(), &LoggingKey::from_text(key).unwrap()).unwrap()
    }

    /// The answer of the only entry.
    #[track_caller]
    pub(crate) fn answer(&self) -> ResponseData {
        let reader = self.reader();
        let mut entries = reader.entries(Filter::new()).unwrap();
        let entry = entries.next().unwrap().unwrap();
        assert!(entries.next().is_none());
        entry.response_data.unwrap().to_response().unwrap()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.log.clone()
    }

    pub(crate) fn config(&self) -> LoggingConfig {
        LoggingConfig {
            log_file_path: self.log().display().to_string(),
            ..LoggingConfig::default()
        }
    }

    pub(crate) fn builder(&self) -> LoggerBuilder {
        self.builder_with(self.config())
    }

    pub(crate) fn builder_with(&self, config: LoggingConfig) -> LoggerBuilder {
        ModelLogger::builder(config).secret_store(Arc::clone(&self.store))
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        std::fs::read_to_string(self.log())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The lines that are no control lines.
    pub(crate) fn entries(&self) -> Vec<serde_json::Value> {
        let mut lines = self.lines();
        lines.retain(|line| line.get("control").is_none());
        lines
    }
}

fn store(key: &str) -> Arc<dyn SecretStore> {
    let store = MemoryStore::new();
    let key = SecretBytes::new(key.as_bytes().to_vec());
    block_on(store.put("symbiont/logging/encryption_key", &key)).unwrap();
    Arc::new(store)
}

/// The smallest executor: nothing of a runtime is there while it polls.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

pub(crate) fn request(prompt: &str) -> RequestData {
    RequestData {
        prompt: prompt.to_owned(),
        ..RequestData::default()
    }
}

pub(crate) fn response(content: &str) -> ResponseData {
    ResponseData {
        content: content.to_owned(),
        ..ResponseData::default()
    }
}
