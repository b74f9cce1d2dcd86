use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// Where the server is, and how it lets us in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// `nats://HOST:4222`, or `tls://HOST:4222`; several servers of one cluster with
    /// commas between them.
    pub url: String,
    /// The stream, whose name also begins all subjects.
    #[serde(default = "symlog")]
    pub stream: String,
    /// On how many servers each message is kept, where the stream is made.
    #[serde(default = "one")]
    pub replicas: usize,
    /// A `.creds` file.
    pub credentials_file: Option<PathBuf>,
    /// Who we are, where there is no such file.
    pub user: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
    /// Whether a server that does not encrypt is refused, whatever `url` says.
    #[serde(default)]
    pub tls: bool,
    /// Certificates, in PEM, to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// The certificate, in PEM, that shows who we are.
    pub client_certificate_file: Option<PathBuf>,
    /// Its key, in PEM.
    pub client_key_file: Option<PathBuf>,
    /// Bytes of the log in a message. Its header of 320 bytes comes on top; with it,
    /// the message must stay below the server's `max_payload`.
    #[serde(default = "part_bytes")]
    pub part_bytes: u32,
    /// Seconds after which a request is given up.
    #[serde(default = "ten")]
    pub timeout_seconds: u32,
}

fn symlog() -> String {
    "symlog".to_owned()
}

fn one() -> usize {
    1
}

/// Below the limit of 1 MiB that servers have unless they are told otherwise.
fn part_bytes() -> u32 {
    512 << 10
}

fn ten() -> u32 {
    10
}

#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl NatsConfig {
    /// The stream `symlog` of the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            stream: symlog(),
            replicas: one(),
            credentials_file: None,
            user: None,
            password: None,
            token: None,
            tls: false,
            ca_file: None,
            client_certificate_file: None,
            client_key_file: None,
            part_bytes: part_bytes(),
            timeout_seconds: ten(),
        }
    }

    /// The same with a user and a password.
    #[must_use]
    pub fn with_user(mut self, user: &str, password: &str) -> Self {
        self.user = Some(user.to_owned());
        self.password = Some(Secret(password.to_owned()));
        self
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(Secret(token.to_owned()));
        self
    }

    pub(crate) fn part_len(&self) -> usize {
        usize::try_from(self.part_bytes.max(1)).unwrap_or(usize::MAX)
    }

    pub(crate) fn password(&self) -> Option<String> {
        self.password.as_ref().map(|secret| secret.0.clone())
    }

    pub(crate) fn token(&self) -> Option<String> {
        self.token.as_ref().map(|secret| secret.0.clone())
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.max(1).into())
    }

    /// For messages: what stands before an `@` may be a password.
    pub(crate) fn address(&self) -> PathBuf {
        let servers: Vec<_> = self
            .url
            .split(',')
            .map(str::trim)
            .map(|url| match url.rsplit_once('@') {
                Some((before, host)) => {
                    let scheme = before
                        .split_once("://")
                        .map_or("nats", |(scheme, _)| scheme);
                    format!("{scheme}://{host}")
                }
                None => url.to_owned(),
            })
            .collect();
        PathBuf::from(servers.join(",")).join(&self.stream)
    }
}

impl fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsConfig")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let config = NatsConfig::new("nats://me:hunter2@@host:4222, tls://other:4222");
        assert!(!format!("{config:?}").contains("hunter2"));
        let address = config.address();
        assert_eq!(
            address,
            PathBuf::from("nats://host:4222,tls://other:4222/symlog")
        );
    }
}
