//! The logger that this one replaces, step by step: each call compiles its
//! regular expressions, derives a key from the passphrase for each of the two
//! payloads, and syncs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use symlog_crypto::{
    Algorithm, Argon2Params, CryptoProvider, Envelope, Key, Nonce, argon2id, default_provider,
};

use crate::{Entry, RegexMasker};

const PASSPHRASE: &[u8] = b"test_key_123";

/// What each of its calls does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// All of it.
    AsItIs,
    /// Without Argon2, compiling and syncing: the best that its design could do.
    Optimised,
}

/// One log file of it.
#[derive(Debug)]
pub struct SeedLogger {
    file: File,
    steps: Steps,
    provider: CryptoProvider,
    regexes: RegexMasker,
    key: Key,
}

#[derive(Serialize)]
struct Line {
    agent_id: &'static str,
    interaction_type: &'static str,
    latency_ms: u64,
    model_identifier: &'static str,
    request_data: Envelope,
    response_data: Envelope,
}

impl SeedLogger {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn open(path: &Path, steps: Steps) -> Result<Self> {
        Ok(Self {
            file: OpenOptions::new().create(true).append(true).open(path)?,
            steps,
            provider: default_provider(),
            regexes: RegexMasker::new()?,
            key: Key::from_bytes([1; 32]),
        })
    }

    /// Logs one entry.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn log(&mut self, entry: &Entry) -> Result<()> {
        let line = Line {
            agent_id: "agent_123",
            interaction_type: "Completion",
            latency_ms: 150,
            model_identifier: "gpt-4",
            request_data: self.envelope(&entry.prompt)?,
            response_data: self.envelope(&entry.response)?,
        };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        if self.steps == Steps::AsItIs {
            self.file.sync_all()?;
        }
        Ok(())
    }

    fn envelope(&self, text: &str) -> Result<Envelope> {
        let masked = match self.steps {
            Steps::AsItIs => RegexMasker::new()?.mask(text),
            Steps::Optimised => self.regexes.mask(text),
        };
        let mut salt = [0; 32];
        self.provider.random.fill(&mut salt)?;
        let derived;
        let key = match self.steps {
            Steps::AsItIs => {
                derived = argon2id(PASSPHRASE, &salt, &Argon2Params::DEFAULT)?;
                &derived
            }
            Steps::Optimised => &self.key,
        };
        let nonce = Nonce::generate(self.provider.random)?;
        let mut ciphertext = serde_json::to_vec(&masked)?;
        self.provider
            .aead(Algorithm::Aes256Gcm)
            .seal(key, &nonce, b"", &mut ciphertext)
            .map_err(|_| anyhow::anyhow!("sealing failed"))?;
        Ok(Envelope {
            ciphertext,
            nonce,
            salt: salt.to_vec(),
            algorithm: Algorithm::Aes256Gcm,
            kdf: "Argon2".to_owned(),
        })
    }
}
