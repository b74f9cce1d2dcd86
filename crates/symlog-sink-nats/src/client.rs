//! The connection, made when it is first needed and again after a failure.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::stream::{self, DiscardPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};
use symlog_sink::{Operation, SinkError};
use tokio::sync::Mutex;

use crate::config::NatsConfig;

#[derive(Clone, Debug)]
pub(crate) struct Client {
    config: Arc<NatsConfig>,
    connection: Arc<Mutex<Option<Connection>>>,
}

/// A stream that can be published to.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) context: Context,
    pub(crate) stream: Stream,
    /// How long any single answer may take.
    pub(crate) patience: Duration,
}

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Client {
    pub(crate) fn new(config: NatsConfig) -> Self {
        Self {
            config: Arc::new(config),
            connection: Arc::default(),
        }
    }

    pub(crate) fn stream_name(&self) -> &str {
        &self.config.stream
    }

    pub(crate) fn part_len(&self) -> usize {
        self.config.part_len()
    }

    pub(crate) fn address(&self) -> PathBuf {
        self.config.address()
    }

    /// Runs a request to its end, or until the server takes too long to answer.
    pub(crate) fn run<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Connection) -> F + Send + 'static,
    ) -> Result<T, SinkError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let patience = self.config.timeout();
        self.run_long(operation, move |connection| async move {
            match tokio::time::timeout(patience, request(connection)).await {
                Ok(answer) => answer,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }

    /// The same for a request of many answers, which bounds each by itself.
    pub(crate) fn run_long<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Connection) -> F + Send + 'static,
    ) -> Result<T, SinkError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let client = self.clone();
        let answer = symlog_sink::wait_for(async move {
            let answer = async { request(client.connection().await?).await }.await;
            if answer.is_err() {
                // What a stalled server has not taken yet waits in the connection. With
                // it goes the memory, however often the shipper tries again.
                *client.connection.lock().await = None;
            }
            answer.map_err(io_error)
        });
        answer
            .and_then(|answer| answer)
            .map_err(|source| SinkError::io(operation, self.address(), source))
    }

    async fn connection(&self) -> Result<Connection, Failure> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = &*connection {
            return Ok(open.clone());
        }
        let patience = self.config.timeout();
        let open = tokio::time::timeout(patience, self.connect())
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        *connection = Some(open.clone());
        Ok(open)
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let config = &self.config;
        let patience = config.timeout();
        let servers: Vec<String> = config
            .url
            .split(',')
            .map(|url| url.trim().to_owned())
            .collect();
        // Another part of the process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut options = ConnectOptions::new()
            .name("symlog")
            .connection_timeout(patience)
            .request_timeout(Some(patience))
            .require_tls(config.tls)
            // To try for ever is the shipper's, which knows when to stop.
            .max_reconnects(servers.len());
        if let Some(file) = &config.ca_file {
            options = options.add_root_certificates(file.clone());
        }
        if let (Some(certificate), Some(key)) =
            (&config.client_certificate_file, &config.client_key_file)
        {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        if let Some(file) = &config.credentials_file {
            options = options.credentials_file(file).await?;
        }
        if let (Some(user), Some(password)) = (&config.user, config.password()) {
            options = options.user_and_password(user.clone(), password);
        }
        if let Some(token) = config.token() {
            options = options.token(token);
        }
        let context = ContextBuilder::new()
            .timeout(patience)
            .ack_timeout(patience)
            .build(options.connect(servers).await?);
        let stream = context
            .get_or_create_stream(stream::Config {
                name: config.stream.clone(),
                subjects: vec![format!("{}.>", config.stream)],
                storage: StorageType::File,
                num_replicas: config.replicas,
                // Full must not mean that the oldest entries go.
                discard: DiscardPolicy::New,
                ..stream::Config::default()
            })
            .await?;
        Ok(Connection {
            context,
            stream,
            patience,
        })
    }
}

fn io_error(failure: Failure) -> io::Error {
    let mut kind = io::ErrorKind::Other;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*failure);
    while let Some(error) = next {
        kind = kind_of(error).unwrap_or(kind);
        next = error.source();
    }
    io::Error::new(kind, failure)
}

/// What a system error says that this one stands for.
fn kind_of(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    if let Some(system) = error.downcast_ref::<io::Error>() {
        return Some(system.kind());
    }
    if let Some(connect) = error.downcast_ref::<ConnectError>() {
        return match connect.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                Some(io::ErrorKind::PermissionDenied)
            }
            ConnectErrorKind::TimedOut => Some(io::ErrorKind::TimedOut),
            ConnectErrorKind::MaxReconnects => Some(io::ErrorKind::NotConnected),
            _ => None,
        };
    }
    let publish = error.downcast_ref::<jetstream::context::PublishError>()?;
    match publish.kind() {
        PublishErrorKind::TimedOut => Some(io::ErrorKind::TimedOut),
        PublishErrorKind::BrokenPipe => Some(io::ErrorKind::NotConnected),
        PublishErrorKind::MaxPayloadExceeded => Some(io::ErrorKind::FileTooLarge),
        _ => None,
    }
}
