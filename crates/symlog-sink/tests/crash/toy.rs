//! A toy log: records with a checksum, acknowledged in batches, with mistakes
//! to choose from.

use symlog_sink::conformance::Trace;
use symlog_sink::{ObjectName, Sink, SinkError, Source, Storage};

const RECORD: usize = 24;

/// One mistake each, as found in the field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mistake {
    None,
    /// The writer acknowledges what it has appended and not synced.
    EarlyAcknowledgement,
    /// The writer appends on to the same object after a failed sync.
    SyncTriedAgain,
    /// Recovery looks for the next good record behind a bad one.
    SkipsDamage,
    /// Recovery takes the file's length for the end of what was written.
    TrustsLength,
    /// Recovery cuts the whole last batch when its end is torn.
    CutsTooMuch,
    /// Recovery reads only the active object when there is one.
    ForgetsSealed,
}

fn record(seq: u64) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&(seq + 1).to_le_bytes());
    record[8..16].copy_from_slice(&(seq * 0x9E37_79B9).to_be_bytes());
    let sum = checksum(&record[..16]);
    record[16..].copy_from_slice(&sum.to_le_bytes());
    record
}

/// FNV-1a, from an offset that makes zeros no valid record.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn parse(record: &[u8], mistake: Mistake) -> Option<u64> {
    let sum = u64::from_le_bytes(record.get(16..RECORD)?.try_into().ok()?);
    if mistake != Mistake::TrustsLength && sum != checksum(&record[..16]) {
        return None;
    }
    let seq = u64::from_le_bytes(record[..8].try_into().ok()?);
    Some(seq.wrapping_sub(1))
}

/// Writes `batches` of records, each synced and then acknowledged by a mark,
/// and rolls after every other one. A failure ends the batch unacknowledged, and
/// the next goes to a new object.
pub(super) fn write(log: &dyn Storage, trace: &Trace, batches: &[u64], mistake: Mistake) {
    let mut sink = log.lock().unwrap();
    let mut next = 0;
    let mut objects = 0;
    for (i, &len) in batches.iter().enumerate() {
        let seqs = next..next + len;
        let acknowledge = || seqs.clone().for_each(|seq| trace.mark(seq));
        let appended = seqs.clone().try_for_each(|seq| sink.append(&record(seq)));
        if mistake == Mistake::EarlyAcknowledgement {
            acknowledge();
        }
        match appended.and_then(|()| sink.sync()) {
            Ok(()) => {
                next = seqs.end;
                if mistake != Mistake::EarlyAcknowledgement {
                    acknowledge();
                }
            }
            Err(_) if mistake == Mistake::SyncTriedAgain => {
                drop(sink);
                sink = log.lock().unwrap();
                sink.sync().unwrap();
                next = seqs.end;
                acknowledge();
            }
            // Its numbers are given again: nobody was told of them.
            Err(_) => {
                objects += 1;
                roll(&mut *sink, objects);
            }
        }
        if i % 2 == 1 {
            objects += 1;
            roll(&mut *sink, objects);
        }
    }
}

fn roll(sink: &mut dyn Sink, number: u64) {
    let name = number.to_string();
    sink.roll(&name).or_else(|_| sink.roll(&name)).unwrap();
}

/// What the log holds after a power cut, in its order, ready to be written on.
pub(super) fn recover(log: &dyn Storage, mistake: Mistake) -> Result<Vec<u64>, SinkError> {
    let mut sink = log.lock()?;
    let mut seqs = Vec::new();
    for object in log.objects()? {
        if object != ObjectName::Active && mistake == Mistake::ForgetsSealed {
            continue;
        }
        let bytes = read(&*log.source(&object)?)?;
        let mut good = 0;
        for chunk in bytes.chunks(RECORD) {
            match parse(chunk, mistake) {
                // A batch that was not acknowledged is written again into the
                // next object.
                Some(seq) => {
                    if let Ok(again) = seqs.binary_search(&seq) {
                        seqs.truncate(again);
                    }
                    seqs.push(seq);
                    good += chunk.len();
                }
                None if mistake == Mistake::SkipsDamage => {}
                None => break,
            }
        }
        if object == ObjectName::Active && good < bytes.len() && mistake != Mistake::SkipsDamage {
            if mistake == Mistake::CutsTooMuch {
                good = good.saturating_sub(2 * RECORD);
                seqs.truncate(seqs.len().saturating_sub(2));
            }
            sink.truncate(good as u64)?;
        }
    }
    Ok(seqs)
}

fn read(source: &dyn Source) -> Result<Vec<u8>, SinkError> {
    let mut bytes = vec![0; source.len()? as usize];
    let len = source.read_at(0, &mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}
