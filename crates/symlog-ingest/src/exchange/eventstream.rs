//! `application/vnd.amazon.eventstream`: the frames in which Bedrock streams.
//!
//! A frame is: total length, header length and the CRC-32 of these eight bytes; headers; payload;
//! the CRC-32 of everything before it. All numbers are big-endian.

use std::borrow::Cow;

use flate2::Crc;
use serde_json::{Map, Value};

use crate::fields;

const PRELUDE: usize = 12;
const TRAILER: usize = 4;
/// The service sends at most 16 MiB in one frame.
const MAX_FRAME: usize = 16 << 20;

/// The frames in `body`, which may be in base64 because a recorder had to put them into JSON.
pub(super) fn recognise(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    if prelude(body).is_some() {
        return Some(Cow::Borrowed(body));
    }
    let body = body.trim_ascii();
    // Sixteen characters are twelve bytes: one prelude.
    let head = base64_simd::STANDARD.decode_to_vec(body.get(..16)?).ok()?;
    prelude(&head)?;
    let whole = body.len() / 4 * 4;
    base64_simd::STANDARD
        .decode_to_vec(&body[..whole])
        .ok()
        .map(Cow::Owned)
}

/// Gives out the payload of every intact frame as `{EVENT-TYPE: PAYLOAD}`, and counts the others.
pub(super) fn read(mut bytes: &[u8], event: &mut dyn FnMut(Value)) -> u64 {
    let mut unreadable = 0;
    while !bytes.is_empty() {
        let Some((total, headers)) = prelude(bytes).filter(|(total, _)| *total <= bytes.len())
        else {
            // Without a length there is no next frame to find.
            return unreadable + 1;
        };
        let (frame, rest) = bytes.split_at(total);
        bytes = rest;
        match payload(frame, headers) {
            Some(value) => event(value),
            None => unreadable += 1,
        }
    }
    unreadable
}

fn prelude(bytes: &[u8]) -> Option<(usize, usize)> {
    let total = number(bytes, 0)?;
    let headers = number(bytes, 4)?;
    let crc = u32::try_from(number(bytes, 8)?).ok()?;
    let fits = (PRELUDE + TRAILER..=MAX_FRAME).contains(&total)
        && headers <= total - PRELUDE - TRAILER
        && crc32(&bytes[..8]) == crc;
    fits.then_some((total, headers))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn payload(frame: &[u8], headers: usize) -> Option<Value> {
    let body = frame.len() - TRAILER;
    if number(frame, body)? != usize::try_from(crc32(&frame[..body])).ok()? {
        return None;
    }
    let (headers, payload) = frame[PRELUDE..body].split_at(headers);
    let text = std::str::from_utf8(payload).ok()?;
    let value = if text.is_empty() {
        Value::Null
    } else {
        fields::tree(text)?
    };
    let kind = header(headers, ":event-type").or_else(|| header(headers, ":exception-type"));
    // Streams of single models wrap the model's own event once more.
    if kind.as_deref() == Some("chunk") {
        let inner = value.get("bytes")?.as_str()?;
        let inner = base64_simd::STANDARD.decode_to_vec(inner).ok()?;
        return fields::tree(std::str::from_utf8(&inner).ok()?);
    }
    let mut event = Map::new();
    event.insert(kind.unwrap_or_default(), value);
    Some(Value::Object(event))
}

/// The value of a header of type string.
fn header(mut bytes: &[u8], wanted: &str) -> Option<String> {
    const STRING: u8 = 7;
    while let Some((&length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        let (&kind, rest) = rest.split_first()?;
        let size = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            6 | STRING => {
                let prefix = rest.first_chunk::<2>()?;
                2 + usize::from(u16::from_be_bytes(*prefix))
            }
            9 => 16,
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(size)?;
        if kind == STRING && name == wanted.as_bytes() {
            return String::from_utf8(value[2..].to_vec()).ok();
        }
        bytes = rest;
    }
    None
}
