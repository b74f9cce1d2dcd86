use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use symlog_crypto::SecretBytes;

/// The table `[security.secrets]`, with `${VAR}` already replaced. Field names and defaults are those of the
/// Symbiont runtime; what it has and symlog does not need is accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum SecretsConfig {
    /// HashiCorp Vault or OpenBao.
    Vault(Box<VaultConfig>),
    /// A file.
    File(Box<FileConfig>),
}

impl SecretsConfig {
    /// Whether nothing but this store may be used: `strict = true`.
    #[must_use]
    pub fn strict(&self) -> bool {
        match self {
            Self::Vault(vault) => vault.strict,
            Self::File(file) => file.strict,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Vault(_) => "vault",
            Self::File(_) => "file",
        }
    }
}

/// A secret that stands in a configuration. Copies share one buffer, which is wiped with the last.
#[derive(Clone, Deserialize)]
#[serde(from = "SecretBytes")]
pub struct ConfigSecret(Arc<SecretBytes>);

impl ConfigSecret {
    /// In clear.
    #[must_use]
    pub fn expose(&self) -> &SecretBytes {
        &self.0
    }
}

impl From<SecretBytes> for ConfigSecret {
    fn from(secret: SecretBytes) -> Self {
        Self(Arc::new(secret))
    }
}

impl fmt::Debug for ConfigSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigSecret(..)")
    }
}

/// `type = "vault"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VaultConfig {
    /// `https://vault.example.com`.
    pub url: String,
    /// How to log in.
    pub auth: VaultAuth,
    /// Vault namespace, where the server has them.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Where the KV engine is mounted: secret `N` lies at `<mount_path>/N`, in its field `value`.
    #[serde(default = "default_mount")]
    pub mount_path: String,
    /// `v2` or `v1`.
    #[serde(default)]
    pub api_version: KvVersion,
    /// How the server is recognised.
    #[serde(default)]
    pub tls: TlsConfig,
    /// Time limits.
    #[serde(default)]
    pub connection: ConnectionConfig,
    /// Retries and caching.
    #[serde(default)]
    pub common: CommonConfig,
    /// Never fall through to another source of keys.
    #[serde(default)]
    pub strict: bool,
    /// A key of the Transit engine that wraps the log's unlock slot, so that the log needs no logging key.
    #[serde(default)]
    pub transit: Option<TransitConfig>,
}

/// `[security.secrets.transit]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TransitConfig {
    /// The name of the key.
    pub key: String,
    /// Where the engine is mounted.
    #[serde(default = "default_transit_mount")]
    pub mount_path: String,
}

/// The version of the KV engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KvVersion {
    /// Without versions.
    V1,
    /// With versions.
    #[default]
    V2,
}

/// `[security.secrets.auth]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum VaultAuth {
    /// A token.
    Token {
        /// The token.
        token: ConfigSecret,
    },
    /// AppRole.
    AppRole {
        /// Role id.
        role_id: String,
        /// Secret id.
        secret_id: ConfigSecret,
        /// Where the method is mounted.
        #[serde(default = "default_approle_mount")]
        mount_path: String,
    },
    /// The service account of a Kubernetes pod.
    Kubernetes {
        /// Role.
        role: String,
        /// File with the account's token.
        #[serde(default = "default_kubernetes_token")]
        token_path: PathBuf,
        /// Where the method is mounted.
        #[serde(default = "default_kubernetes_mount")]
        mount_path: String,
    },
    /// AWS IAM: the credentials in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` sign a
    /// request by which Vault learns whose they are.
    Aws {
        /// Role.
        role: String,
        /// Where the method is mounted.
        #[serde(default = "default_aws_mount")]
        mount_path: String,
        /// The region whose STS is asked.
        #[serde(default = "default_aws_region")]
        region: String,
        /// The value of `X-Vault-AWS-IAM-Server-ID`, where the server wants one.
        #[serde(default)]
        server_id: Option<String>,
    },
    /// A JSON Web Token in a file, read anew at each login.
    Jwt {
        /// Role.
        role: String,
        /// File with the token.
        token_path: PathBuf,
        /// Where the method is mounted.
        #[serde(default = "default_jwt_mount")]
        mount_path: String,
    },
}

/// `[security.secrets.tls]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// Accept any certificate. For tests.
    pub skip_verify: bool,
    /// PEM file with the certificate authority.
    pub ca_cert: Option<PathBuf>,
    /// PEM file with a client certificate.
    pub client_cert: Option<PathBuf>,
    /// PEM file with its key.
    pub client_key: Option<PathBuf>,
}

/// `[security.secrets.connection]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// Connections kept open.
    pub max_connections: usize,
    /// Seconds to connect. An access as a whole never takes more than 15.
    pub connection_timeout_seconds: u64,
    /// Seconds for one request.
    pub request_timeout_seconds: u64,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            max_connections: 10,
            connection_timeout_seconds: 10,
            request_timeout_seconds: 30,
        }
    }
}

/// `[security.secrets.common]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CommonConfig {
    /// Seconds for one access with all its retries, at most 15.
    pub timeout_seconds: u64,
    /// Retries after an error that may pass.
    pub max_retries: u32,
    /// Keep secrets that were fetched.
    pub enable_cache: bool,
    /// For how many seconds.
    pub cache_ttl_seconds: u64,
    audit: Option<IgnoredAny>,
}

impl Default for CommonConfig {
    fn default() -> Self {
        Self {
            timeout_seconds: 15,
            max_retries: 3,
            enable_cache: true,
            cache_ttl_seconds: 300,
            audit: None,
        }
    }
}

/// `type = "file"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileConfig {
    /// The file.
    pub path: PathBuf,
    /// How it is written; by the file's extension where this is absent.
    #[serde(default)]
    pub format: Option<FileFormat>,
    /// Absent: a plain file.
    #[serde(default)]
    pub encryption: Option<EncryptionConfig>,
    /// Copies kept of earlier states.
    #[serde(default)]
    pub backup: BackupConfig,
    /// Never fall through to another source of keys.
    #[serde(default)]
    pub strict: bool,
    /// Accepted; a file is local, so only its absence from the limits is of interest.
    #[serde(default)]
    pub common: CommonConfig,
    #[serde(default, rename = "permissions")]
    _permissions: Option<IgnoredAny>,
    #[serde(default, rename = "watch_for_changes")]
    _watch: Option<IgnoredAny>,
}

impl FileConfig {
    /// A plain file at `path`.
    #[must_use]
    pub fn plain(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            format: None,
            encryption: None,
            backup: BackupConfig::default(),
            strict: false,
            common: CommonConfig::default(),
            _permissions: None,
            _watch: None,
        }
    }

    /// The same, encrypted under the key that `key` names.
    #[must_use]
    pub fn encrypted(self, key: KeyProvider) -> Self {
        Self {
            encryption: Some(EncryptionConfig {
                enabled: true,
                algorithm: default_algorithm(),
                kdf: None,
                key: FileKeyConfig::from(key),
            }),
            ..self
        }
    }
}

/// How a secrets file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FileFormat {
    /// One object, names to strings.
    Json,
    /// One mapping, names to strings.
    Yaml,
    /// Top-level keys, names to strings.
    Toml,
    /// `NAME=value` lines.
    Env,
}

/// `[security.secrets.encryption]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EncryptionConfig {
    /// `false`: a plain file.
    #[serde(default)]
    pub enabled: bool,
    /// Only `AES-256-GCM`.
    #[serde(default = "default_algorithm")]
    pub algorithm: String,
    /// Accepted; the file itself says how its key is derived.
    #[serde(default)]
    pub kdf: Option<String>,
    /// Where the key is.
    #[serde(default)]
    pub key: FileKeyConfig,
}

/// `[security.secrets.encryption.key]` as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FileKeyConfig {
    /// `os_keychain`, `env` or `file`; `env` when absent.
    pub provider: Option<String>,
    /// For `env`: the variable.
    #[serde(alias = "env", alias = "variable")]
    pub env_var: Option<String>,
    /// For `os_keychain`: the service.
    pub service: Option<String>,
    /// For `os_keychain`: the account.
    pub account: Option<String>,
    /// For `file`: the key file.
    #[serde(alias = "path")]
    pub file_path: Option<PathBuf>,
}

/// Where the key of an encrypted file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyProvider {
    /// In the OS keychain.
    Keychain {
        /// Service.
        service: String,
        /// Account.
        account: String,
    },
    /// In an environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// In a file that only its owner may read.
    File {
        /// Its path.
        path: PathBuf,
    },
}

impl From<KeyProvider> for FileKeyConfig {
    fn from(provider: KeyProvider) -> Self {
        match provider {
            KeyProvider::Keychain { service, account } => Self {
                provider: Some("os_keychain".to_owned()),
                service: Some(service),
                account: Some(account),
                ..Self::default()
            },
            KeyProvider::Environment { variable } => Self {
                provider: Some("env".to_owned()),
                env_var: Some(variable),
                ..Self::default()
            },
            KeyProvider::File { path } => Self {
                provider: Some("file".to_owned()),
                file_path: Some(path),
                ..Self::default()
            },
        }
    }
}

impl FileKeyConfig {
    /// What it says, or what is missing in it.
    ///
    /// # Errors
    /// The name of the field that is missing or not understood.
    pub fn provider(&self) -> Result<KeyProvider, &'static str> {
        match self.provider.as_deref().unwrap_or("env") {
            "os_keychain" => Ok(KeyProvider::Keychain {
                service: self
                    .service
                    .clone()
                    .ok_or("encryption.key.service is missing")?,
                account: self
                    .account
                    .clone()
                    .ok_or("encryption.key.account is missing")?,
            }),
            "env" => Ok(KeyProvider::Environment {
                variable: self
                    .env_var
                    .clone()
                    .ok_or("encryption.key.env_var is missing")?,
            }),
            "file" => Ok(KeyProvider::File {
                path: self
                    .file_path
                    .clone()
                    .ok_or("encryption.key.file_path is missing")?,
            }),
            _ => Err("encryption.key.provider is not one of os_keychain, env, file"),
        }
    }
}

/// `[security.secrets.backup]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BackupConfig {
    /// Keep copies.
    pub enabled: bool,
    /// Where; beside the file when absent.
    pub backup_dir: Option<PathBuf>,
    /// How many.
    pub max_backups: usize,
    backup_before_write: Option<IgnoredAny>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            backup_dir: None,
            max_backups: 5,
            backup_before_write: None,
        }
    }
}

fn default_mount() -> String {
    "secret".to_owned()
}

fn default_aws_mount() -> String {
    "aws".to_owned()
}

fn default_aws_region() -> String {
    "us-east-1".to_owned()
}

fn default_transit_mount() -> String {
    "transit".to_owned()
}

fn default_approle_mount() -> String {
    "approle".to_owned()
}

fn default_kubernetes_mount() -> String {
    "kubernetes".to_owned()
}

fn default_kubernetes_token() -> PathBuf {
    PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token")
}

fn default_jwt_mount() -> String {
    "jwt".to_owned()
}

fn default_algorithm() -> String {
    "AES-256-GCM".to_owned()
}
