use std::path::{Path, PathBuf};

use symlog_crypto::SecretBytes;

use super::{KeyError, KeyRequest};
use crate::environment::Environment;
use crate::private_file::{self, FileError};

pub(super) const DIRECTORY_VARIABLE: &str = "SYMLOG_KEY_DIR";
const MAX_LEN: u64 = 64 << 10;
/// What file systems allow in a name, with room for suffixes.
const MAX_NAME: usize = 200;

/// The file of the key, one for each name.
pub(super) fn path(request: &KeyRequest) -> Result<PathBuf, KeyError> {
    let dir = match &request.key_dir {
        Some(dir) => dir.clone(),
        None => directory(&request.environment).ok_or(KeyError::NoPlace)?,
    };
    Ok(dir.join(file_name(&request.name)))
}

fn directory(environment: &Environment) -> Option<PathBuf> {
    let variable = |name: &str| {
        let value = environment.get(name)?;
        let text = value.expose_str().ok()?;
        (!text.is_empty()).then(|| PathBuf::from(text))
    };
    variable(DIRECTORY_VARIABLE).or_else(|| {
        variable("XDG_DATA_HOME")
            .filter(|dir| dir.is_absolute())
            .or_else(|| Some(variable("HOME")?.join(".local/share")))
            .map(|dir| dir.join("symlog").join("keys"))
    })
}

/// Letters, digits, `-` and `_` as they are, all else percent-encoded; a name that would be too long is told apart
/// by its hash.
fn file_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if out.len() > MAX_NAME {
        let hash = symlog_crypto::sha256(&[name.as_bytes()]);
        out.truncate(MAX_NAME - 33);
        out.push('%');
        out.extend(hash[..16].iter().map(|byte| format!("{byte:02x}")));
    }
    out + ".key"
}

pub(super) fn read(path: &Path) -> Result<Option<SecretBytes>, FileError> {
    Ok(private_file::read(path, MAX_LEN)?
        .map(|bytes| SecretBytes::new(bytes.trim_ascii_end().to_vec())))
}

/// Creates the file; one that another process made meanwhile is an error of kind `AlreadyExists`.
pub(super) fn write(path: &Path, key: &SecretBytes) -> Result<(), FileError> {
    private_file::create_dir(private_file::parent(path))?;
    private_file::create(path, key.expose())
}

/// Replaces the key of a file that is there.
pub(super) fn replace(path: &Path, key: &SecretBytes) -> Result<(), FileError> {
    private_file::replace(path, key.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_safe_file_names() {
        for (name, expected) in [
            ("plain-key_1", "plain-key_1.key"),
            (
                "symbiont/logging/encryption_key",
                "symbiont%2Flogging%2Fencryption_key.key",
            ),
            ("../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.key"),
            ("", ".key"),
            ("ü", "%C3%BC.key"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        let (a, b) = (file_name(&"a".repeat(5000)), file_name(&"a".repeat(5001)));
        assert!(a.len() < 210 && b.len() < 210);
        assert_ne!(a, b);
    }
}
