//! Where the payloads of a class in a segment lie. It is sealed, for it tells which lines belong
//! together.

use symlog_core::archive::UnitId;

use crate::error::FormatError;

/// One frame: payloads of one unit, compressed together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its number among all frames of the archive.
    pub(crate) number: u64,
    pub(crate) unit: UnitId,
    /// Offset in the file, and length there.
    pub(crate) offset: u64,
    pub(crate) sealed: u64,
    /// Length before compression.
    pub(crate) plain: u64,
    pub(crate) entries: Vec<Entry>,
}

/// The payloads of one row, back to back: sealed metadata, request, response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) row: u64,
    pub(crate) lengths: [Option<u64>; 3],
    /// The first half of the digest that binds the row's metadata.
    pub(crate) digest: [u8; 16],
}

impl Entry {
    pub(crate) fn len(&self) -> u64 {
        self.lengths.iter().flatten().sum()
    }
}

pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, frames.len() as u64);
    for frame in frames {
        let Frame {
            number,
            unit,
            offset,
            sealed,
            plain,
            entries,
        } = frame;
        out.extend_from_slice(&unit.0);
        for n in [*number, *offset, *sealed, *plain, entries.len() as u64] {
            push(&mut out, n);
        }
        let mut last = 0;
        for entry in entries {
            push(&mut out, entry.row - last);
            last = entry.row;
            for length in entry.lengths {
                push(&mut out, length.map_or(0, |length| length + 1));
            }
        }
        // Apart from the rest, which can be compressed.
        for entry in entries {
            out.extend_from_slice(&entry.digest);
        }
    }
    out
}

pub(crate) fn decode(bytes: &[u8], rows: u64) -> Result<Vec<Frame>, FormatError> {
    let mut input = Input(bytes);
    let mut frames = Vec::new();
    for _ in 0..input.count(rows)? {
        let mut frame = Frame {
            unit: UnitId(input.array()?),
            number: input.number()?,
            offset: input.number()?,
            sealed: input.number()?,
            plain: input.number()?,
            entries: Vec::new(),
        };
        let count = input.count(rows)?;
        let (mut row, mut sum) = (0u64, 0u64);
        for _ in 0..count {
            row = row.checked_add(input.number()?).ok_or(MALFORMED)?;
            if row >= rows {
                return Err(MALFORMED);
            }
            let mut lengths = [None; 3];
            for length in &mut lengths {
                *length = input.number()?.checked_sub(1);
                sum = sum.checked_add(length.unwrap_or(0)).ok_or(MALFORMED)?;
            }
            frame.entries.push(Entry {
                row,
                lengths,
                digest: [0; 16],
            });
        }
        for entry in &mut frame.entries {
            entry.digest = input.array()?;
        }
        if sum != frame.plain {
            return Err(MALFORMED);
        }
        frames.push(frame);
    }
    match input.0 {
        [] => Ok(frames),
        _ => Err(MALFORMED),
    }
}

const MALFORMED: FormatError = FormatError::Frames("their directory is malformed");

fn push(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn number(&mut self) -> Result<u64, FormatError> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(MALFORMED)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(MALFORMED);
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(MALFORMED)
    }

    /// A number of things of which there are at most as many as rows.
    fn count(&mut self, rows: u64) -> Result<u64, FormatError> {
        Some(self.number()?)
            .filter(|count| *count <= rows)
            .ok_or(MALFORMED)
    }

    fn array(&mut self) -> Result<[u8; 16], FormatError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        let entry = |row, request, digest| Entry {
            row,
            lengths: [None, request, Some(0)],
            digest: [digest; 16],
        };
        vec![
            Frame {
                number: 0,
                unit: UnitId([7; 16]),
                offset: 16,
                sealed: 300,
                plain: 130,
                entries: vec![entry(1, Some(127), 1), entry(300, Some(3), 2)],
            },
            Frame {
                number: u64::from(u32::MAX) + 5,
                plain: 0,
                entries: vec![entry(2, None, 3)],
                ..Frame::default()
            },
        ]
    }

    #[test]
    fn is_read_as_it_was_written() {
        let bytes = encode(&frames());
        assert_eq!(decode(&bytes, 301).unwrap(), frames());
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let bytes = encode(&frames());
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len], 301).is_err(), "cut at {len}");
        }
        assert!(decode(&bytes, 300).is_err(), "a row that is not there");
        assert!(decode(&[&bytes[..], &[0]].concat(), 301).is_err());
        assert!(decode(&[0xff; 64], 301).is_err());
    }
}
