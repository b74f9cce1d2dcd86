//! Text that waits until it is known where it belongs.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use symlog_crypto::{CryptoProvider, Key, Nonce, default_provider};

/// Takes a text of any length and gives it back, holding little of it in memory.
///
/// What is more than a megabyte goes into a file without a name, in the directory that was given,
/// sealed under a key that only this value has: it is gone with the value, also when the process
/// is killed, and nobody can read what a disk may keep of it. A log entry needs this where the text
/// comes before what says to which conversation it belongs.
///
/// ```
/// # use std::io::{Read, Write};
/// # use symlog_core::Spool;
/// let mut spool = Spool::new(&std::env::temp_dir());
/// spool.write_all(b"a long text")?;
/// let mut text = String::new();
/// spool.into_reader()?.read_to_string(&mut text)?;
/// assert_eq!(text, "a long text");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Spool {
    directory: PathBuf,
    held: Vec<u8>,
    file: Option<Sealed>,
    len: u64,
}

/// The file, and what seals its blocks.
struct Sealed {
    file: File,
    provider: CryptoProvider,
    key: Key,
    blocks: u64,
}

/// How much is held in memory before there is a file.
const HELD: usize = 1 << 20;
/// Plaintext of one sealed block.
const BLOCK: usize = 64 << 10;
const TAG: usize = 16;

impl Spool {
    /// An empty one, which makes its file in `directory` when it needs one.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            held: Vec::new(),
            file: None,
            len: 0,
        }
    }

    /// Bytes that were written.
    pub fn byte_len(&self) -> u64 {
        self.len
    }

    /// The text, where it is short enough to be held in memory.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.file.is_none().then_some(&self.held)
    }

    /// Gives everything back that was written.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn into_reader(mut self) -> io::Result<SpoolReader> {
        if let Some(sealed) = &mut self.file {
            sealed.push(&self.held)?;
            sealed.file.rewind()?;
            self.held = Vec::new();
        }
        Ok(SpoolReader {
            block: io::Cursor::new(self.held),
            next: 0,
            file: self.file,
        })
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        self.len += bytes.len() as u64;
        if self.held.len() > HELD && self.file.is_none() {
            self.file = Some(Sealed::new(&self.directory)?);
        }
        if let Some(sealed) = &mut self.file {
            let whole = self.held.len() / BLOCK * BLOCK;
            for block in self.held[..whole].chunks(BLOCK) {
                sealed.push(block)?;
            }
            self.held.drain(..whole);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sealed {
    fn new(directory: &Path) -> io::Result<Self> {
        let provider = default_provider();
        let mut key = zeroize::Zeroizing::new([0; 32]);
        provider.random.fill(&mut *key).map_err(io::Error::other)?;
        Ok(Self {
            file: tempfile::tempfile_in(directory)?,
            key: Key::from_bytes(*key),
            provider,
            blocks: 0,
        })
    }

    fn push(&mut self, block: &[u8]) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(block.len() + TAG);
        buffer.extend_from_slice(block);
        let nonce = nonce(self.blocks)?;
        self.blocks += 1;
        self.provider
            .aes_256_gcm
            .seal(&self.key, &nonce, b"symlog spool", &mut buffer)
            .map_err(io::Error::other)?;
        self.file.write_all(&buffer)
    }
}

/// A key of its own for every spool, so that the number of the block is nonce enough.
fn nonce(block: u64) -> io::Result<Nonce> {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&block.to_be_bytes());
    Nonce::try_from_slice(&bytes).map_err(io::Error::other)
}

/// What a [`Spool`] was given; made by [`Spool::into_reader`].
pub struct SpoolReader {
    block: io::Cursor<Vec<u8>>,
    next: u64,
    file: Option<Sealed>,
}

impl Read for SpoolReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(out)?;
            let Some(sealed) = &mut self.file else {
                return Ok(read);
            };
            if read > 0 || out.is_empty() || self.next == sealed.blocks {
                return Ok(read);
            }
            let mut buffer = Vec::with_capacity(BLOCK + TAG);
            (&sealed.file)
                .take((BLOCK + TAG) as u64)
                .read_to_end(&mut buffer)?;
            sealed
                .provider
                .aes_256_gcm
                .open(
                    &sealed.key,
                    &nonce(self.next)?,
                    b"symlog spool",
                    &mut buffer,
                )
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, Changed))?;
            self.next += 1;
            self.block = io::Cursor::new(buffer);
        }
    }
}

/// The spool's file is not what was written to it.
#[derive(Debug, thiserror::Error)]
#[error("the file in which the text waited was changed by somebody; record it again")]
struct Changed;

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SpoolReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolReader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(bytes: &[u8], step: usize) -> Spool {
        let mut spool = Spool::new(&std::env::temp_dir());
        for piece in bytes.chunks(step) {
            spool.write_all(piece).unwrap();
        }
        spool
    }

    #[test]
    fn everything_comes_back_from_memory_and_from_a_file() {
        for len in [0, 1, HELD, HELD + 1, 2 * HELD + BLOCK, 2 * HELD + 12_345] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let spool = spooled(&bytes, 10_007);
            assert_eq!(spool.as_bytes().is_some(), len <= HELD);
            assert_eq!(spool.byte_len(), len as u64);
            let mut read = Vec::new();
            spool.into_reader().unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes, "{len}");
        }
    }

    #[test]
    fn what_lies_on_the_disk_says_nothing() {
        let spool = spooled(&b"jane@example.com ".repeat(200_000), 4096);
        let reader = spool.into_reader().unwrap();
        let sealed = reader.file.unwrap();
        let mut bytes = Vec::new();
        (&sealed.file).read_to_end(&mut bytes).unwrap();
        assert!(bytes.len() > 3_000_000);
        assert!(memchr::memmem::find(&bytes, b"jane@example").is_none());
    }

    #[test]
    fn a_changed_file_is_an_error() {
        let spool = spooled(&[7; 3 * HELD], 4096);
        let mut reader = spool.into_reader().unwrap();
        let file = &reader.file.as_ref().unwrap().file;
        let mut writer = file.try_clone().unwrap();
        writer.seek(io::SeekFrom::Start(100_000)).unwrap();
        writer.write_all(b"x").unwrap();
        writer.rewind().unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
