use symlog_crypto::{AeadError, CryptoError};

use super::secrets::SecretsError;

/// Why a line could not be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error("the AEAD refused to encrypt")]
    Aead(#[from] AeadError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error("the body of a control line could not be serialised")]
    Body,
}
