//! The bytes of each row: a version, then fields of fixed size in big-endian order. `decode` gives `None` for
//! anything that `encode` does not write.

use symlog_crypto::Argon2Params;

use super::Id;
use super::wrap::Wrapped;
use crate::WrappedKey;

const VERSION: u8 = 1;

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then_some(Self(rest))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::from(self.u8()?);
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn bytes(&mut self, limit: usize) -> Option<Vec<u8>> {
        let len = usize::from(self.u16()?);
        (len <= limit).then_some(())?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // Callers bound the texts; a longer one would be cut here and fail its authentication.
    let bytes = &text.as_bytes()[..text.len().min(255)];
    out.push(bytes.len() as u8);
    out.extend_from_slice(bytes);
}

/// What belongs to the keyring as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) log_id: Id,
    /// Which master key the rows are wrapped under.
    pub(super) master: u32,
    /// Counts every change but those of unit keys.
    pub(super) generation: u64,
    /// Which epoch key is in use.
    pub(super) epoch: u64,
    /// When the master key was made, in seconds since 1970.
    pub(super) created: u64,
    /// Over the fields above, under a key derived from the master key.
    pub(super) mac: [u8; 32],
}

impl Meta {
    pub(super) const KEY: &'static [u8] = b"meta";

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.authenticated();
        out.extend_from_slice(&self.mac);
        out
    }

    pub(super) fn authenticated(&self) -> Vec<u8> {
        let Self {
            log_id,
            master,
            generation,
            epoch,
            created,
            mac: _,
        } = self;
        let mut out = vec![VERSION];
        out.extend_from_slice(log_id);
        out.extend_from_slice(&master.to_be_bytes());
        out.extend_from_slice(&generation.to_be_bytes());
        out.extend_from_slice(&epoch.to_be_bytes());
        out.extend_from_slice(&created.to_be_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let row = Self {
            log_id: fields.take()?,
            master: fields.u32()?,
            generation: fields.u64()?,
            epoch: fields.u64()?,
            created: fields.u64()?,
            mac: fields.take()?,
        };
        fields.end().map(|()| row)
    }
}

/// How the key of a slot is made from a logging key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SlotKind {
    Raw,
    Passphrase(Argon2Params),
    /// The slot's raw key lies here, wrapped by a service that does not give its own key out.
    Wrapped(WrappedKey),
}

/// What services return is some hundred bytes; a hostile row is not kept in memory.
const MAX_WRAPPED: usize = 8 << 10;

/// One logging key that opens the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) kind: SlotKind,
    pub(super) salt: [u8; 32],
    /// Tells whether a key fits without decrypting anything.
    pub(super) check: [u8; 16],
    pub(super) master: u32,
    pub(super) wrapped_master: Wrapped,
    /// The slot's own key under the master key, so that whoever rotates the master key can wrap the new one for
    /// every slot without having all the logging keys.
    pub(super) wrapped_kek: Wrapped,
    pub(super) label: String,
}

impl Slot {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self {
            kind,
            salt,
            check,
            master,
            wrapped_master,
            wrapped_kek,
            label,
        } = self;
        let mut out = vec![VERSION];
        match kind {
            SlotKind::Raw => out.push(0),
            SlotKind::Passphrase(params) => {
                out.push(1);
                out.extend_from_slice(&params.memory_kib.to_be_bytes());
                out.extend_from_slice(&params.iterations.to_be_bytes());
                out.extend_from_slice(&params.parallelism.to_be_bytes());
            }
            SlotKind::Wrapped(WrappedKey { service, bytes }) => {
                out.push(2);
                put_text(&mut out, service);
                // Callers bound it; a longer one would be cut here and not unwrap.
                let bytes = &bytes[..bytes.len().min(MAX_WRAPPED)];
                out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
                out.extend_from_slice(bytes);
            }
        }
        out.extend_from_slice(salt);
        out.extend_from_slice(check);
        out.extend_from_slice(&master.to_be_bytes());
        out.extend_from_slice(wrapped_master);
        out.extend_from_slice(wrapped_kek);
        put_text(&mut out, label);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let kind = match fields.u8()? {
            0 => SlotKind::Raw,
            1 => SlotKind::Passphrase(Argon2Params {
                memory_kib: fields.u32()?,
                iterations: fields.u32()?,
                parallelism: fields.u32()?,
            }),
            2 => SlotKind::Wrapped(WrappedKey {
                service: fields.text()?,
                bytes: fields.bytes(MAX_WRAPPED)?,
            }),
            _ => return None,
        };
        let row = Self {
            kind,
            salt: fields.take()?,
            check: fields.take()?,
            master: fields.u32()?,
            wrapped_master: fields.take()?,
            wrapped_kek: fields.take()?,
            label: fields.text()?,
        };
        fields.end().map(|()| row)
    }
}

/// What a key under the master key is for. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Period = 1,
    Signing = 2,
    Root = 3,
}

/// Where in its life a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyState {
    /// Used for what is written now.
    Active = 1,
    /// Only used to read what was written.
    Retired = 2,
    /// Gone; the row says that it was there.
    Destroyed = 3,
}

/// A key wrapped under the master key; a period key under master and epoch key together, so that it is gone with
/// either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyRow {
    pub(super) kind: KeyKind,
    pub(super) state: KeyState,
    pub(super) class: u16,
    pub(super) period: String,
    pub(super) master: u32,
    /// Zero for keys that outlive the epochs.
    pub(super) epoch: u64,
    /// Seconds since 1970, for rotation by age; nothing else depends on it.
    pub(super) created: u64,
    /// Zeros when destroyed.
    pub(super) wrapped: Wrapped,
}

impl KeyRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self {
            kind,
            state,
            class,
            period,
            master,
            epoch,
            created,
            wrapped,
        } = self;
        let mut out = vec![VERSION, *kind as u8, *state as u8];
        out.extend_from_slice(&class.to_be_bytes());
        put_text(&mut out, period);
        out.extend_from_slice(&master.to_be_bytes());
        out.extend_from_slice(&epoch.to_be_bytes());
        out.extend_from_slice(&created.to_be_bytes());
        out.extend_from_slice(wrapped);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let row = Self {
            kind: match fields.u8()? {
                1 => KeyKind::Period,
                2 => KeyKind::Signing,
                3 => KeyKind::Root,
                _ => return None,
            },
            state: match fields.u8()? {
                1 => KeyState::Active,
                2 => KeyState::Retired,
                3 => KeyState::Destroyed,
                _ => return None,
            },
            class: fields.u16()?,
            period: fields.text()?,
            master: fields.u32()?,
            epoch: fields.u64()?,
            created: fields.u64()?,
            wrapped: fields.take()?,
        };
        fields.end().map(|()| row)
    }
}

/// A change that the log has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeRow {
    pub(super) kind: u8,
    /// Seconds since 1970.
    pub(super) at: u64,
    /// Over number, kind, time and body, under a key of the keyring's root.
    pub(super) mac: [u8; 32],
    pub(super) body: Vec<u8>,
}

/// A change is told in some hundred bytes, or in a list of what it was done to.
pub(super) const MAX_CHANGE: usize = 32 << 10;

impl ChangeRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self {
            kind,
            at,
            mac,
            body,
        } = self;
        let body = &body[..body.len().min(MAX_CHANGE)];
        let mut out = vec![VERSION, *kind];
        out.extend_from_slice(&at.to_be_bytes());
        out.extend_from_slice(mac);
        out.extend_from_slice(&(body.len() as u16).to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let row = Self {
            kind: fields.u8()?,
            at: fields.u64()?,
            mac: fields.take()?,
            body: fields.bytes(MAX_CHANGE)?,
        };
        fields.end().map(|()| row)
    }
}

/// The key that wraps the unit keys of one bucket, itself wrapped under the epoch key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) epoch: u64,
    /// Places taken.
    pub(super) count: u16,
    pub(super) wrapped: Wrapped,
}

impl Bucket {
    pub(super) const CAPACITY: u16 = 4096;

    pub(super) fn encode(&self) -> Vec<u8> {
        let Self {
            epoch,
            count,
            wrapped,
        } = self;
        let mut out = vec![VERSION];
        out.extend_from_slice(&epoch.to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(wrapped);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let row = Self {
            epoch: fields.u64()?,
            count: fields.u16()?,
            wrapped: fields.take()?,
        };
        (row.count <= Self::CAPACITY).then_some(())?;
        fields.end().map(|()| row)
    }
}

/// The key of one erasure unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// Still there, perhaps assigned to somebody.
    Live {
        id: Id,
        wrapped: Wrapped,
        digest: Option<[u8; 32]>,
    },
    /// Destroyed, with nothing left that says whose it was.
    Destroyed { id: Id },
}

impl Unit {
    pub(super) fn id(&self) -> &Id {
        match self {
            Self::Live { id, .. } | Self::Destroyed { id } => id,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Live {
                id,
                wrapped,
                digest,
            } => {
                out.push(1);
                out.extend_from_slice(id);
                out.extend_from_slice(wrapped);
                if let Some(digest) = digest {
                    out.extend_from_slice(digest);
                }
            }
            Self::Destroyed { id } => {
                out.push(2);
                out.extend_from_slice(id);
            }
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes)?;
        let row = match fields.u8()? {
            1 => Self::Live {
                id: fields.take()?,
                wrapped: fields.take()?,
                digest: if fields.end().is_some() {
                    None
                } else {
                    Some(fields.take()?)
                },
            },
            2 => Self::Destroyed { id: fields.take()? },
            _ => return None,
        };
        fields.end().map(|()| row)
    }
}
