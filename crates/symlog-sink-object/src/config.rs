use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

/// Where the store is, and how it lets us in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectConfig {
    /// `s3://BUCKET/PREFIX`, `gs://…`, `az://…` or `file:///DIRECTORY`.
    pub url: String,
    /// The server, where it is not the provider's own.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Who we are. Without it, the provider's environment variables and
    /// instance credentials are asked.
    pub access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
    /// Whether `http://` will do for `endpoint`; the log itself is sealed, the
    /// names of agents and models are not.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether the store must refuse to overwrite.
    #[serde(default = "yes")]
    pub conditional: bool,
    /// Seconds after which a request is given up.
    #[serde(default = "thirty")]
    pub timeout_seconds: u32,
}

fn yes() -> bool {
    true
}

fn thirty() -> u32 {
    30
}

#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl ObjectConfig {
    /// The store at `url`, with everything else as the environment says.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            allow_http: false,
            conditional: true,
            timeout_seconds: thirty(),
        }
    }

    /// Sets the server and the credentials to be used there.
    #[must_use]
    pub fn with_server(mut self, endpoint: &str, key_id: &str, secret_key: &str) -> Self {
        self.allow_http = endpoint.starts_with("http://");
        self.endpoint = Some(endpoint.to_owned());
        self.access_key_id = Some(key_id.to_owned());
        self.secret_access_key = Some(Secret(secret_key.to_owned()));
        self
    }

    pub(crate) fn secret_access_key(&self) -> Option<&str> {
        self.secret_access_key.as_ref().map(|secret| &*secret.0)
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|secret| &*secret.0)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.max(1).into())
    }

    pub(crate) fn parsed(&self) -> Result<Url, ConfigError> {
        let url = Url::parse(&self.url).map_err(|source| ConfigError::Url { source })?;
        if url.password().is_some() || !url.username().is_empty() {
            return Err(ConfigError::Credentials);
        }
        Ok(url)
    }
}

impl fmt::Debug for ObjectConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectConfig")
            .field("url", &self.url)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// What is wrong with an [`ObjectConfig`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It does not parse.
    #[error("`url` is no URL; write `s3://BUCKET/PREFIX`, or `file:///DIRECTORY`")]
    Url {
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A URL is shown in messages.
    #[error("`url` holds credentials; put them into `access_key_id` and `secret_access_key`")]
    Credentials,
    /// The scheme is none that this build knows.
    #[error(
        "`{scheme}://` is no store that this build knows; write s3, gs, az or file, and build with the feature of that store"
    )]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The client cannot be made of it.
    #[error("no client can be made for this store; check `url`, `endpoint`, `region` and the keys")]
    Client {
        /// What the client says.
        source: object_store::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let config = ObjectConfig::new("s3://b").with_server("http://h", "AKIA", "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
        let url = ObjectConfig::new("s3://user:hunter2@bucket/x");
        let error = url.parsed().unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}
