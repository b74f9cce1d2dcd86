//! The client, and what its errors mean.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, Error, ObjectStore, RetryConfig};
use symlog_sink::{Operation, SinkError};
use url::Url;

use crate::config::{ConfigError, ObjectConfig};

/// A place in a store.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) client: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    /// For messages.
    pub(crate) address: PathBuf,
    pub(crate) conditional: bool,
}

impl Store {
    pub(crate) fn new(config: &ObjectConfig) -> Result<Self, ConfigError> {
        let url = config.parsed()?;
        let failed = |source| ConfigError::Client { source };
        let (client, prefix) = match url.scheme() {
            "file" => (local().map_err(failed)?, Path::from_url_path(url.path())),
            _ => {
                // Another part of the process may have been first.
                let _ = rustls::crypto::ring::default_provider().install_default();
                (cloud(&url, config)?, Path::from_url_path(url.path()))
            }
        };
        Ok(Self {
            client,
            prefix: prefix.map_err(|error| failed(error.into()))?,
            address: PathBuf::from(config.url.trim_end_matches('/')),
            conditional: config.conditional,
        })
    }

    /// The same store, one level below.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self {
            client: Arc::clone(&self.client),
            prefix: self.prefix.clone().join(name),
            address: self.address.join(name),
            conditional: self.conditional,
        }
    }

    /// Runs a request to its end.
    pub(crate) fn run<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Arc<dyn ObjectStore>) -> F,
    ) -> Result<Result<T, Error>, SinkError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        symlog_sink::wait_for(request(Arc::clone(&self.client)))
            .map_err(|source| SinkError::io(operation, &self.address, source))
    }

    pub(crate) fn failed(&self, operation: Operation, error: Error) -> SinkError {
        SinkError::io(operation, &self.address, io_error(error))
    }
}

fn local() -> Result<Arc<dyn ObjectStore>, Error> {
    Ok(Arc::new(
        LocalFileSystem::new()
            .with_fsync(true)
            .with_automatic_cleanup(true),
    ))
}

/// Retries are the shipper's, which knows when to stop; these few bridge a
/// dropped connection.
#[cfg_attr(
    not(any(feature = "aws", feature = "gcp", feature = "azure")),
    expect(dead_code, reason = "a build for directories alone has no client")
)]
fn client_options(config: &ObjectConfig) -> (ClientOptions, RetryConfig) {
    let timeout = config.timeout();
    let options = ClientOptions::new()
        .with_timeout(timeout)
        .with_connect_timeout(timeout.min(std::time::Duration::from_secs(5)))
        .with_allow_http(config.allow_http);
    let retry = RetryConfig {
        max_retries: 2,
        retry_timeout: timeout,
        ..RetryConfig::default()
    };
    (options, retry)
}

fn cloud(url: &Url, config: &ObjectConfig) -> Result<Arc<dyn ObjectStore>, ConfigError> {
    match url.scheme() {
        #[cfg(feature = "aws")]
        "s3" => aws(url, config),
        #[cfg(feature = "gcp")]
        "gs" => {
            let (options, retry) = client_options(config);
            let builder = object_store::gcp::GoogleCloudStorageBuilder::from_env()
                .with_url(url.as_str())
                .with_client_options(options)
                .with_retry(retry);
            let client = builder
                .build()
                .map_err(|source| ConfigError::Client { source })?;
            Ok(Arc::new(client))
        }
        #[cfg(feature = "azure")]
        "az" => {
            let (options, retry) = client_options(config);
            let builder = object_store::azure::MicrosoftAzureBuilder::from_env()
                .with_url(url.as_str())
                .with_client_options(options)
                .with_retry(retry);
            let client = builder
                .build()
                .map_err(|source| ConfigError::Client { source })?;
            Ok(Arc::new(client))
        }
        scheme => Err(ConfigError::Scheme {
            scheme: scheme.to_owned(),
        }),
    }
}

#[cfg(feature = "aws")]
fn aws(url: &Url, config: &ObjectConfig) -> Result<Arc<dyn ObjectStore>, ConfigError> {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};

    let (options, retry) = client_options(config);
    let mut builder = AmazonS3Builder::from_env()
        .with_url(url.as_str())
        .with_client_options(options)
        .with_retry(retry)
        .with_conditional_put(S3ConditionalPut::ETagMatch);
    for (key, value) in [
        (AmazonS3ConfigKey::Endpoint, config.endpoint.as_deref()),
        (AmazonS3ConfigKey::Region, config.region.as_deref()),
        (
            AmazonS3ConfigKey::AccessKeyId,
            config.access_key_id.as_deref(),
        ),
        (
            AmazonS3ConfigKey::SecretAccessKey,
            config.secret_access_key(),
        ),
        (AmazonS3ConfigKey::Token, config.session_token()),
    ] {
        if let Some(value) = value {
            builder = builder.with_config(key, value);
        }
    }
    let client = builder
        .build()
        .map_err(|source| ConfigError::Client { source })?;
    Ok(Arc::new(client))
}

fn io_error(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        Error::NotSupported { .. } | Error::NotImplemented { .. } => io::ErrorKind::Unsupported,
        Error::Generic { source, .. } => kind_of(&**source),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// The first system error below, which says what to look after.
fn kind_of(error: &(dyn std::error::Error + 'static)) -> io::ErrorKind {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(system) = error.downcast_ref::<io::Error>() {
            return system.kind();
        }
        if error.to_string().contains("timed out") {
            return io::ErrorKind::TimedOut;
        }
        next = error.source();
    }
    io::ErrorKind::Other
}
