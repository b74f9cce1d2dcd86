use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::{CryptoError, Key};

/// Cost of turning a passphrase into a key with Argon2id version 0x13 (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Argon2Params {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Argon2Params {
    /// What the label `Argon2` means in logs of the Symbiont runtime: 19 MiB, two passes, one lane.
    pub const LEGACY: Self = Self {
        memory_kib: 19_456,
        iterations: 2,
        parallelism: 1,
    };

    /// What new keys are derived with: 64 MiB, three passes, one lane. The second recommendation of RFC 9106
    /// with one lane instead of four, because the lanes would be computed one after another here.
    pub const DEFAULT: Self = Self {
        memory_kib: 65_536,
        iterations: 3,
        parallelism: 1,
    };

    const FLOOR_MEMORY_KIB: u32 = Self::LEGACY.memory_kib;
    const FLOOR_ITERATIONS: u32 = Self::LEGACY.iterations;
    const CEILING_MEMORY_KIB: u32 = 1 << 20;
    const CEILING_ITERATIONS: u32 = 16;
    const CEILING_PARALLELISM: u32 = 4;

    /// The name in an envelope's `kdf` field.
    #[must_use]
    pub fn label(&self) -> String {
        if *self == Self::LEGACY {
            return "Argon2".to_owned();
        }
        let Self {
            memory_kib,
            iterations,
            parallelism,
        } = self;
        format!("Argon2id-m{memory_kib}-t{iterations}-p{parallelism}")
    }

    /// Reads a label back. The parameters are whatever it says: call
    /// [`checked_for_reading`](Self::checked_for_reading) before they are used.
    ///
    /// # Errors
    /// [`CryptoError::UnknownKdf`] for anything that [`label`](Self::label) does not write.
    pub fn from_label(label: &str) -> Result<Self, CryptoError> {
        let parse = || {
            if label == "Argon2" {
                return Some(Self::LEGACY);
            }
            let rest = label.strip_prefix("Argon2id-m")?;
            let (memory, rest) = rest.split_once("-t")?;
            let (iterations, parallelism) = rest.split_once("-p")?;
            let params = Self {
                memory_kib: memory.parse().ok()?,
                iterations: iterations.parse().ok()?,
                parallelism: parallelism.parse().ok()?,
            };
            // One spelling each: no "+3", no leading zeros. The legacy parameters may be spelt out.
            (format!("Argon2id-{params}") == label).then_some(params)
        };
        parse().ok_or_else(|| CryptoError::UnknownKdf(label.chars().take(64).collect()))
    }

    /// Refuses what is too cheap to guess (OWASP's minimum: 19 MiB, two passes), or too expensive to read back.
    ///
    /// # Errors
    /// [`CryptoError::Argon2Params`] with the bound that is broken.
    pub fn checked_for_writing(self) -> Result<Self, CryptoError> {
        if self.memory_kib < Self::FLOOR_MEMORY_KIB || self.iterations < Self::FLOOR_ITERATIONS {
            return Err(self.refused("too weak: at least 19456 KiB and 2 passes are needed"));
        }
        self.checked_for_reading()
    }

    /// Refuses parameters by which a hostile file would take all memory or time: over 1 GiB, 16 passes, 4 lanes.
    ///
    /// # Errors
    /// [`CryptoError::Argon2Params`] with the bound that is broken.
    pub fn checked_for_reading(self) -> Result<Self, CryptoError> {
        if self.memory_kib > Self::CEILING_MEMORY_KIB
            || self.iterations > Self::CEILING_ITERATIONS
            || self.parallelism > Self::CEILING_PARALLELISM
        {
            return Err(
                self.refused("too expensive: at most 1 GiB, 16 passes and 4 lanes are accepted")
            );
        }
        if self.iterations == 0 || self.parallelism == 0 || self.memory_kib < 8 * self.parallelism {
            return Err(
                self.refused("not possible: RFC 9106 wants a pass, a lane and 8 KiB a lane")
            );
        }
        Ok(self)
    }

    fn refused(self, why: &'static str) -> CryptoError {
        let Self {
            memory_kib,
            iterations,
            parallelism,
        } = self;
        CryptoError::Argon2Params {
            memory_kib,
            iterations,
            parallelism,
            why,
        }
    }
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Argon2Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_kib,
            iterations,
            parallelism,
        } = self;
        write!(f, "m{memory_kib}-t{iterations}-p{parallelism}")
    }
}

/// Argon2id of a passphrase, 32 bytes of output. Its memory is wiped before it is given back.
///
/// # Errors
/// [`CryptoError::Argon2Params`] past the ceiling for reading, whoever calls; [`CryptoError::Argon2`] for a salt
/// below 8 bytes.
pub fn argon2id(passphrase: &[u8], salt: &[u8], params: &Argon2Params) -> Result<Key, CryptoError> {
    let params = params.checked_for_reading()?;
    let params = Params::new(
        params.memory_kib,
        params.iterations,
        params.parallelism,
        Some(Key::LEN),
    )
    .map_err(CryptoError::Argon2)?;
    // Allocated here and not by the crate, which neither wipes it nor survives a refused allocation.
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| CryptoError::Argon2(argon2::Error::OutOfMemory))?;
    memory.resize(params.block_count(), Block::new());
    let mut out = Zeroizing::new([0; Key::LEN]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, out.as_mut_slice(), memory.as_mut_slice())
        .map_err(CryptoError::Argon2)?;
    Key::try_from_slice(out.as_slice())
}
