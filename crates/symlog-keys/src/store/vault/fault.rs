use rustify::errors::ClientError as HttpError;
use thiserror::Error;
use vaultrs::error::ClientError;

/// What went wrong, without anything of what was sent or received: the client's own errors carry answers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("there is no such secret")]
    Missing,
    #[error("access is denied (HTTP 403)")]
    Denied,
    #[error("the server is sealed, in standby or overloaded (HTTP {0})")]
    Unavailable(u16),
    #[error("the server refuses the request (HTTP {0})")]
    Refused(u16),
    #[error("no connection: {0}")]
    Connection(String),
    #[error("the answer is not that of a Vault server; is the address right?")]
    Protocol,
    #[error("there was no answer in time")]
    TimedOut,
    #[error("{0}")]
    Settings(&'static str),
    #[error("the secret has no field `value` that is text")]
    NoValue,
    #[error("the client failed")]
    Client,
}

impl Fault {
    /// Whether trying again can help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Connection(_))
    }

    fn of_status(code: u16) -> Self {
        match code {
            404 => Self::Missing,
            401 | 403 => Self::Denied,
            412 | 429 | 472 | 473 | 500..=599 => Self::Unavailable(code),
            _ => Self::Refused(code),
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::APIError { code, .. } => Self::of_status(code),
            ClientError::RestClientError { source } => source.into(),
            ClientError::FileNotFoundError { .. } | ClientError::FileReadError { .. } => {
                Self::Settings("tls.ca_cert")
            }
            ClientError::ParseCertificateError { .. } => Self::Settings("tls.ca_cert"),
            ClientError::RestClientBuildError { .. } => Self::Settings("tls"),
            ClientError::JsonParseError { .. } => Self::NoValue,
            _ => Self::Protocol,
        }
    }
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::ServerResponseError { code, .. } => Self::of_status(code),
            HttpError::RequestError { source, .. } | HttpError::ResponseError { source } => {
                // The innermost cause says it: refused, unknown host, bad certificate.
                Self::Connection(source.root_cause().to_string())
            }
            _ => Self::Protocol,
        }
    }
}
