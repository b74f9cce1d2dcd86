//! What the tests share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use symlog_core::logging::LoggingConfig;
use symlog_core::secrets::{MemoryStore, SecretStore};
use symlog_core::{LogReader, LoggerBuilder, ModelLogger, RequestData, ResponseData};
use symlog_crypto::SecretBytes;
use symlog_keys::LoggingKey;
use tempfile::TempDir;

/// A directory with room for a log, and the key of that log.
pub(crate) struct Workplace {
    /// Kept for as long as the log is needed; `None` where somebody else keeps it.
    _kept: Option<Arc<TempDir>>,
    dir: PathBuf,
    key: String,
    store: Arc<dyn SecretStore>,
}

pub(crate) const KEY: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

impl Workplace {
    pub(crate) fn new() -> Self {
        Self::with_key(KEY)
    }

    pub(crate) fn with_key(key: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir: dir.path().to_owned(),
            _kept: Some(Arc::new(dir)),
            ..Self::at_with_key(Path::new(""), key)
        }
    }

    /// A place that another process made.
    pub(crate) fn at(dir: &Path) -> Self {
        Self::at_with_key(dir, KEY)
    }

    fn at_with_key(dir: &Path, key: &str) -> Self {
        let store = MemoryStore::new();
        put(&store, key);
        Self {
            _kept: None,
            dir: dir.to_owned(),
            key: key.to_owned(),
            store: Arc::new(store),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.dir
    }

    /// The same log, seen by somebody with another key.
    pub(crate) fn with_other_key(&self, key: &str) -> Self {
        Self {
            _kept: self._kept.clone(),
            ..Self::at_with_key(&self.dir, key)
        }
    }

    pub(crate) fn reader(&self) -> LogReader {
        let key = SecretBytes::new(self.key.clone().into_bytes());
        LogReader::open(&self.log(), &LoggingKey::from_text(key).unwrap()).unwrap()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("logs/model_io.encrypted.log")
    }

    pub(crate) fn config(&self) -> LoggingConfig {
        LoggingConfig {
            log_file_path: self.log().display().to_string(),
            ..LoggingConfig::default()
        }
    }

    pub(crate) fn builder(&self) -> LoggerBuilder {
        ModelLogger::builder(self.config()).secret_store(Arc::clone(&self.store))
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        std::fs::read_to_string(self.log())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// On a thread of its own, because some tests run inside a runtime already.
fn put(store: &MemoryStore, key: &str) {
    let key = SecretBytes::new(key.as_bytes().to_vec());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(store.put("symbiont/logging/encryption_key", &key))
                .unwrap();
        });
    });
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
