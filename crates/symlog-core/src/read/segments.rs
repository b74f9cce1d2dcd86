//! The segments that a reader has come across, and their secrets.

use std::collections::HashMap;
use std::sync::Arc;

use symlog_crypto::{CryptoProvider, Key};
use symlog_keys::{Keyring, KeyringError};

use crate::format::{Body, ControlKind, EntryLine, SegmentBody, decode_base64, fixed};
use crate::integrity::CompactRange;
use crate::seal::{Field, Place, SecretsError, SegmentSecrets, UnitRef, open_field};

/// The segments of a log by number. Secrets are unwrapped when they are first needed.
#[derive(Debug)]
pub(crate) struct SegmentTable<'a> {
    keyring: &'a Keyring,
    provider: &'a CryptoProvider,
    bodies: HashMap<u64, SegmentBody>,
    secrets: HashMap<u64, Arc<SegmentSecrets>>,
}

impl<'a> SegmentTable<'a> {
    pub(crate) fn new(keyring: &'a Keyring, provider: &'a CryptoProvider) -> Self {
        Self {
            keyring,
            provider,
            bodies: HashMap::new(),
            secrets: HashMap::new(),
        }
    }

    pub(crate) fn insert(&mut self, segment: u64, body: SegmentBody) {
        self.bodies.insert(segment, body);
    }

    /// What a segment's first line says.
    pub(crate) fn body(&self, segment: u64) -> Option<&SegmentBody> {
        self.bodies.get(&segment)
    }

    /// Segments whose secrets were unwrapped.
    pub(crate) fn opened(&self) -> u64 {
        self.secrets.len() as u64
    }

    pub(crate) fn keyring(&self) -> &'a Keyring {
        self.keyring
    }

    pub(crate) fn provider(&self) -> &'a CryptoProvider {
        self.provider
    }

    pub(crate) fn secrets(&mut self, segment: u64) -> Result<Arc<SegmentSecrets>, SecretsError> {
        if let Some(secrets) = self.secrets.get(&segment) {
            return Ok(Arc::clone(secrets));
        }
        let body = self
            .bodies
            .get(&segment)
            .ok_or(SecretsError::NoHeader { segment })?;
        let secrets = Arc::new(SegmentSecrets::open(
            self.keyring,
            self.provider,
            segment,
            body,
        )?);
        self.secrets.insert(segment, Arc::clone(&secrets));
        Ok(secrets)
    }

    /// Which unit key an entry is sealed under.
    pub(crate) fn unit_of(
        &mut self,
        line: &EntryLine<'_>,
        metadata_digest: &[u8; 32],
    ) -> Result<UnitRef, SecretsError> {
        let secrets = self.secrets(line.segment)?;
        let damaged = || SecretsError::Damaged {
            segment: line.segment,
            class: line.class,
        };
        let place = Place {
            log: self.keyring.log_id(),
            segment: line.segment,
            sequence: line.sequence,
            field: Field::Unit,
            chunk: 0,
            last: false,
            salt: line.salt().ok_or_else(damaged)?,
        };
        let mut bytes = line.unit.to_vec();
        open_field(
            self.provider.aes_256_gcm,
            secrets.class(line.class)?.without_unit(),
            &place,
            &line.id,
            metadata_digest,
            None,
            &mut bytes,
        )
        .map_err(|_| damaged())?;
        bytes.try_into().map(UnitRef).map_err(|_| damaged())
    }

    /// The key of a unit; `None` for entries that belong to none.
    pub(crate) fn unit_key(&self, unit: UnitRef) -> Result<Option<Key>, KeyringError> {
        if unit == UnitRef::NONE {
            return Ok(None);
        }
        self.keyring.unit_key(&unit.0).map(Some)
    }
}

/// What the first line of a segment says, if it is one.
pub(crate) fn segment_body(body: &Body) -> Option<SegmentBody> {
    match body {
        Body::Control(line) if line.kind() == Some(ControlKind::Segment) => {
            serde_json::from_str(&line.body).ok()
        }
        _ => None,
    }
}

/// The tree that a segment's first line says comes before it, if it agrees with itself.
pub(crate) fn header_range(body: &SegmentBody) -> Option<CompactRange> {
    let roots = body
        .previous
        .range
        .iter()
        .map(|root| fixed::<32>(root))
        .collect::<Option<Vec<_>>>()?;
    let range = CompactRange::from_parts(body.previous.size, roots)?;
    let root = decode_base64(&body.previous.root)?;
    (root == range.root()).then_some(range)
}
