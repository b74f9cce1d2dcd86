//! TLS with the provider that the rest of the binary has.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::{ConfigError, KafkaConfig};

pub(crate) fn client(config: &KafkaConfig) -> Result<Arc<ClientConfig>, ConfigError> {
    let mut roots = RootCertStore::empty();
    match &config.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|source| ConfigError::Tls { source })?;
            }
        }
        // Those that cannot be read are not trusted.
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| ConfigError::Tls { source })?
        .with_root_certificates(roots);
    let client = match (&config.client_certificate_file, &config.client_key_file) {
        (Some(certificate), Some(key)) => {
            let key_of = |path: &Path| {
                PrivateKeyDer::from_pem_file(path).map_err(|source| ConfigError::File {
                    path: path.to_owned(),
                    source,
                })
            };
            builder
                .with_client_auth_cert(certificates(certificate)?, key_of(key)?)
                .map_err(|source| ConfigError::Tls { source })?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(client))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let failed = |source| ConfigError::File {
        path: path.to_owned(),
        source,
    };
    CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)
}
