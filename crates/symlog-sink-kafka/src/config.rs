use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rskafka::client::{Credentials, SaslConfig};
use serde::Deserialize;

/// Where the brokers are, and the topic.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// `HOST:9092`; several with commas between them.
    pub brokers: String,
    /// The topic.
    #[serde(default = "symlog")]
    pub topic: String,
    /// Its partitions, where the topic is made. It must stay what it was: a log
    /// is looked for in the partition that its name and this number give.
    #[serde(default = "one")]
    pub partitions: u16,
    /// On how many brokers each record is kept, where the topic is made.
    #[serde(default = "one")]
    pub replicas: u16,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: bool,
    /// Certificates, in PEM, to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// The certificate, in PEM, that shows who we are.
    pub client_certificate_file: Option<PathBuf>,
    /// Its key, in PEM.
    pub client_key_file: Option<PathBuf>,
    /// Who we are, where the brokers ask for a password.
    pub user: Option<String>,
    password: Option<Secret>,
    /// How the password is shown to the brokers.
    #[serde(default)]
    pub mechanism: Mechanism,
    /// Bytes of the log in a record. Its header of 320 bytes comes on top; with it,
    /// the record must stay below the brokers' `message.max.bytes`.
    #[serde(default = "part_bytes")]
    pub part_bytes: u32,
    /// Seconds after which a request is given up.
    #[serde(default = "thirty")]
    pub timeout_seconds: u32,
}

/// How a password is shown to the brokers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// As it is, which is refused without TLS.
    #[default]
    Plain,
    /// SCRAM-SHA-256: only a proof of it.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// SCRAM-SHA-512: only a proof of it.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

fn symlog() -> String {
    "symlog".to_owned()
}

fn one() -> u16 {
    1
}

/// Below the limit of 1 MiB that brokers have unless they are told otherwise.
fn part_bytes() -> u32 {
    512 << 10
}

fn thirty() -> u32 {
    30
}

#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl KafkaConfig {
    /// The topic `symlog`, of one partition.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic: symlog(),
            partitions: one(),
            replicas: one(),
            tls: false,
            ca_file: None,
            client_certificate_file: None,
            client_key_file: None,
            user: None,
            password: None,
            mechanism: Mechanism::default(),
            part_bytes: part_bytes(),
            timeout_seconds: thirty(),
        }
    }

    /// The same with a user and a password.
    #[must_use]
    pub fn with_user(mut self, mechanism: Mechanism, user: &str, password: &str) -> Self {
        self.mechanism = mechanism;
        self.user = Some(user.to_owned());
        self.password = Some(Secret(password.to_owned()));
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.sasl().is_some() && self.mechanism == Mechanism::Plain && !self.tls {
            return Err(ConfigError::PasswordInClear);
        }
        if self.client_certificate_file.is_some() != self.client_key_file.is_some() {
            return Err(ConfigError::HalfAnIdentity);
        }
        Ok(())
    }

    pub(crate) fn sasl(&self) -> Option<SaslConfig> {
        let password = self.password.as_ref()?;
        let credentials = Credentials::new(self.user.clone()?, password.0.clone());
        Some(match self.mechanism {
            Mechanism::Plain => SaslConfig::Plain(credentials),
            Mechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
            Mechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
        })
    }

    pub(crate) fn part_len(&self) -> usize {
        usize::try_from(self.part_bytes.max(1)).unwrap_or(usize::MAX)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.max(1).into())
    }

    pub(crate) fn address(&self) -> PathBuf {
        PathBuf::from(format!("kafka://{}", self.brokers)).join(&self.topic)
    }
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("address", &self.address())
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a [`KafkaConfig`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Everyone on the way could read the password.
    #[error(
        "the password would be sent in clear; set `tls = true`, or `mechanism = \"scram-sha-512\"` where the brokers know it"
    )]
    PasswordInClear,
    /// A certificate without its key shows nothing, nor does a key alone.
    #[error("give both `client_certificate_file` and `client_key_file`, or neither")]
    HalfAnIdentity,
    /// A file of certificates or of a key.
    #[error("{} cannot be read; give a file in PEM that this user may read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rustls::pki_types::pem::Error,
    },
    /// The certificates do not fit.
    #[error("TLS cannot be set up with these certificates; check `ca_file` and the client's own")]
    Tls {
        /// What is wrong with them.
        source: rustls::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_neither_shown_nor_sent_in_clear() {
        let mut config = KafkaConfig::new("host:9092").with_user(Mechanism::Plain, "me", "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(matches!(config.check(), Err(ConfigError::PasswordInClear)));
        config.tls = true;
        config.check().unwrap();
        config.tls = false;
        config.mechanism = Mechanism::ScramSha512;
        config.check().unwrap();
        config.client_key_file = Some("key.pem".into());
        assert!(matches!(config.check(), Err(ConfigError::HalfAnIdentity)));
    }
}
