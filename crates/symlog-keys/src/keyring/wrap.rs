use symlog_crypto::{Aead, AeadError, Algorithm, CryptoProvider, Key, Nonce, TAG_LEN, clear_stack};

use super::{Id, KeyringError};

/// Nonce, wrapped key, tag.
pub(super) const WRAPPED_LEN: usize = 12 + 32 + 16;
pub(super) type Wrapped = [u8; WRAPPED_LEN];

/// What a wrapped key is, authenticated with it: a row copied over another one does not unwrap there.
#[derive(Debug)]
pub(super) struct Binding(Vec<u8>);

impl Binding {
    pub(super) fn new(log: &Id, purpose: &str, parts: &[&[u8]]) -> Self {
        let mut out = b"symlog keyring v1".to_vec();
        for part in [log.as_slice(), purpose.as_bytes()]
            .iter()
            .chain(parts.iter())
        {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        Self(out)
    }
}

fn aead(provider: &CryptoProvider) -> &'static dyn Aead {
    provider.aead(Algorithm::Aes256Gcm)
}

/// AES-256-GCM with a random nonce: no wrapping key here wraps more than some thousands of keys.
pub(super) fn wrap(
    provider: &CryptoProvider,
    under: &Key,
    binding: &Binding,
    key: &Key,
) -> Result<Wrapped, KeyringError> {
    let nonce = Nonce::generate(provider.random)?;
    let mut sealed = Vec::with_capacity(Key::LEN + TAG_LEN);
    sealed.extend_from_slice(key.expose());
    let result = aead(provider).seal(under, &nonce, &binding.0, &mut sealed);
    clear_stack();
    result?;
    let mut out = [0; WRAPPED_LEN];
    let (head, tail) = out.split_at_mut(12);
    head.copy_from_slice(nonce.as_bytes());
    if tail.len() != sealed.len() {
        return Err(AeadError.into());
    }
    tail.copy_from_slice(&sealed);
    Ok(out)
}

/// The key, or an error when it was wrapped under another key or as something else.
pub(super) fn unwrap(
    provider: &CryptoProvider,
    under: &Key,
    binding: &Binding,
    wrapped: &Wrapped,
) -> Result<Key, AeadError> {
    let (nonce, sealed) = wrapped.split_at(12);
    let nonce = Nonce::try_from_slice(nonce).map_err(|_| AeadError)?;
    let mut buf = zeroize::Zeroizing::new(sealed.to_vec());
    let result = aead(provider).open(under, &nonce, &binding.0, &mut buf);
    clear_stack();
    result?;
    Key::try_from_slice(&buf).map_err(|_| AeadError)
}

/// Takes a wrapped key from under one key to under another.
pub(super) fn rewrap(
    provider: &CryptoProvider,
    from: (&Key, &Binding),
    to: (&Key, &Binding),
    wrapped: &Wrapped,
) -> Result<Wrapped, KeyringError> {
    let key = unwrap(provider, from.0, from.1, wrapped)?;
    wrap(provider, to.0, to.1, &key)
}
