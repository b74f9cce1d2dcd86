//! Making the archive of one sealed object.

use std::collections::HashMap;

use symlog_core::archive::{
    ArchiveError, Form, LineCodec, Payloads, Row, RowKind, TakenLine, UnitId,
};
use symlog_crypto::{default_provider, sha256};
use symlog_keys::Keyring;
use symlog_sink::{ObjectName, Source, Storage};

use crate::describe::{Description, DirectoryPlace, hex, names, stem};
use crate::directory::{self, Entry, Frame};
use crate::error::FormatError;
use crate::frames::{self, DIRECTORY, FRAME, FrameKey, Frames, Squeezer};
use crate::object::Archive;
use crate::table;

mod lines;

use self::lines::{ObjectLines, Span};

/// Bytes that are taken besides the rows: a frame in clear and compressed, the compressor's and the
/// reader's own.
const WORKING: u64 = 96 << 20;

/// What was made of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// The name of the object.
    pub object: String,
    /// The sequence numbers of its first and last line.
    pub sequences: (u64, u64),
    /// Entry lines in it.
    pub entries: u64,
    /// Bytes of the object.
    pub object_bytes: u64,
    /// Bytes of the payloads in it.
    pub payload_bytes: u64,
    /// Length and SHA-256, in hex, of the table.
    pub parquet: (u64, String),
    /// Length and SHA-256, in hex, of the frames.
    pub frames: (u64, String),
}

/// Makes the archive of a sealed object and reads it back: when this returns, both files are durable
/// and give the object's lines bit for bit. The object stays where it is. `is_ending` is asked in
/// between whether to give up.
///
/// # Errors
///
/// Where the object is damaged or holds what was never synced, since what is no part of the log is
/// kept as it is; where it would take more than `memory_limit` bytes; where the storage fails. What was made so far is of no use then, and is made anew
/// the next time.
pub fn make(
    storage: &dyn Storage,
    object: &ObjectName,
    keyring: &Keyring,
    memory_limit: u64,
    is_ending: &dyn Fn() -> bool,
) -> Result<Option<Made>, ArchiveError> {
    let name = stem(object)?;
    let attachments = storage
        .attachments()
        .ok_or_else(|| frames::damaged("this storage cannot keep an archive"))?;
    let Some(mut maker) = Maker::read(storage, object, keyring, memory_limit, is_ending)? else {
        return Ok(None);
    };
    let [table_name, frames_name] = names(name)?;
    let mut salt = [0; 16];
    default_provider().random.fill(&mut salt)?;
    let mut description = Description::new(&keyring.log_id(), name, &salt);

    let mut file = attachments.create(&frames_name)?;
    let Some((frames_len, frames_hash)) = maker.frames(&mut *file, &mut description, is_ending)?
    else {
        return Ok(None);
    };
    file.commit()?;
    description.frames = frames_len;
    let description = serde_json::to_string(&description)
        .map_err(|error| frames::format(FormatError::from(error)))?;
    let table = table::write(&maker.rows, description)
        .map_err(|error| frames::format(FormatError::from(error)))?;
    let mut file = attachments.create(&table_name)?;
    file.append(&table)?;
    file.commit()?;
    let parquet = (table.len() as u64, hex(&sha256(&[&table])));
    drop(table);

    let made = maker.made(name, parquet, (frames_len, hex(&frames_hash)));
    // Each line is compared instead, so that memory holds the rows once.
    maker.rows = Vec::new();
    let codec = LineCodec::new(keyring).for_comparing();
    let archive = Archive::open(attachments, name, codec)?;
    Ok(maker.compare(archive, is_ending)?.then_some(made))
}

/// Whether an object holds anything but control lines; one that cannot be read may.
pub(crate) fn holds_entries(source: Box<dyn Source>) -> bool {
    let mut codec = LineCodec::keyless();
    let Ok(mut lines) = ObjectLines::new(source) else {
        return true;
    };
    loop {
        match lines.next() {
            Ok(None) => return false,
            Ok(Some((_, line))) => match codec.read(line) {
                Ok((row, _)) if row.kind == RowKind::Control => {}
                _ => return true,
            },
            Err(_) => return true,
        }
    }
}

struct Maker {
    codec: LineCodec,
    lines: ObjectLines,
    rows: Vec<Row>,
    spans: Vec<Span>,
    /// Plaintexts that there was room for; the others are opened again.
    opened: Vec<Option<(Payloads, [u8; 32])>>,
    /// Rows by the key that their payloads are under, in the order in which the keys first appear.
    groups: Vec<Group>,
    payload_bytes: u64,
}

struct Group {
    segment: u64,
    class: u16,
    unit: UnitId,
    rows: Vec<u32>,
}

impl Maker {
    fn read(
        storage: &dyn Storage,
        object: &ObjectName,
        keyring: &Keyring,
        memory_limit: u64,
        is_ending: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, ArchiveError> {
        let mut maker = Self {
            codec: LineCodec::new(keyring),
            lines: ObjectLines::new(storage.source(object)?)?,
            rows: Vec::new(),
            spans: Vec::new(),
            opened: Vec::new(),
            groups: Vec::new(),
            payload_bytes: 0,
        };
        let mut known: HashMap<(u64, u16, UnitId), usize> = HashMap::new();
        let mut number = 0;
        let (mut memory, mut held) = (WORKING, 0);
        while let Some((span, line)) = maker.lines.next()? {
            number += 1;
            if number % 1024 == 0 && is_ending() {
                return Ok(None);
            }
            let at = |error| at_line(error, number);
            let opens = memory + held < memory_limit;
            let TakenLine {
                row,
                unit,
                payloads,
            } = maker.codec.take(line, opens).map_err(at)?;
            if let Some(last) = maker.rows.last()
                && row.sequence != last.sequence.wrapping_add(1)
            {
                return Err(at(refused("its sequence number does not follow")));
            }
            if let (true, Some(class), Some(unit)) = (row.is_sealed(), row.class, unit) {
                let key = (row.segment, class, unit);
                let group = *known.entry(key).or_insert_with(|| {
                    maker.groups.push(Group {
                        segment: row.segment,
                        class,
                        unit,
                        rows: Vec::new(),
                    });
                    maker.groups.len() - 1
                });
                maker.groups[group].rows.push(number as u32 - 1);
            }
            memory += row_bytes(&row);
            if memory > memory_limit {
                return Err(at(refused(
                    "it has too many lines for `memory_limit` in [archive]",
                )));
            }
            held += payloads.as_ref().map_or(0, |(it, _)| payload_bytes(it));
            maker
                .opened
                .push(payloads.filter(|_| memory + held <= memory_limit));
            maker.rows.push(row);
            maker.spans.push(span);
        }
        Ok(Some(maker))
    }

    /// The plaintexts of a row and what binds its metadata.
    fn open(&mut self, row: u32) -> Result<(Payloads, [u8; 32]), ArchiveError> {
        if let Some(opened) = self.opened[row as usize].take() {
            return Ok(opened);
        }
        let line = self.lines.at(self.spans[row as usize])?;
        let taken = self.codec.take(line, true);
        let taken = taken.map_err(|error| at_line(error, u64::from(row) + 1))?;
        taken.payloads.ok_or(ArchiveError::Gone)
    }

    /// Writes the frames; `None` where it was given up.
    fn frames(
        &mut self,
        file: &mut dyn symlog_sink::NewAttachment,
        description: &mut Description,
        is_ending: &dyn Fn() -> bool,
    ) -> Result<Option<(u64, [u8; 32])>, ArchiveError> {
        let salt = description.salt().unwrap_or_default();
        let mut out = Frames::begin(file)?;
        let mut squeezer = Squeezer::new().map_err(frames::format)?;
        let mut directories: Vec<((u64, u16), Vec<Frame>)> = Vec::new();
        let mut number = 0;
        let mut plain = Vec::with_capacity(FRAME);
        for group in std::mem::take(&mut self.groups) {
            let place = (group.segment, group.class);
            let at = directories.iter().position(|it| it.0 == place);
            let at = at.unwrap_or_else(|| {
                directories.push((place, Vec::new()));
                directories.len() - 1
            });
            let mut rows = group.rows.iter().peekable();
            while rows.peek().is_some() {
                if is_ending() {
                    return Ok(None);
                }
                plain.clear();
                let mut entries = Vec::new();
                while plain.len() < FRAME
                    && let Some(&row) = rows.next()
                {
                    match self.open(row) {
                        Ok(opened) => entries.push(entry(row, opened, &mut plain)),
                        // Erased: nothing is left but the row.
                        Err(ArchiveError::Gone) => {}
                        Err(error) => return Err(error),
                    }
                }
                if entries.is_empty() {
                    continue;
                }
                self.payload_bytes += plain.len() as u64;
                let key = FrameKey {
                    segment: group.segment,
                    class: group.class,
                    unit: group.unit,
                    salt,
                    number,
                };
                let compressed = squeezer
                    .squeeze_unit(group.unit, &plain)
                    .map_err(frames::format)?;
                let (offset, sealed) = out.add(&mut self.codec, &key, &compressed)?;
                directories[at].1.push(Frame {
                    number,
                    unit: group.unit,
                    offset,
                    sealed,
                    plain: plain.len() as u64,
                    entries,
                });
                number += 1;
            }
        }
        for ((segment, class), frames) in directories {
            let plain = directory::encode(&frames);
            let mut bytes = (plain.len() as u64).to_be_bytes().to_vec();
            bytes.extend(squeezer.squeeze(&plain).map_err(frames::format)?);
            let key = FrameKey {
                segment,
                class,
                unit: UnitId::NONE,
                salt,
                number: DIRECTORY,
            };
            let (offset, bytes) = match out.add(&mut self.codec, &key, &bytes) {
                Err(ArchiveError::Gone) => continue,
                added => added?,
            };
            description.directories.push(DirectoryPlace {
                segment,
                class,
                offset,
                bytes,
            });
        }
        Ok(Some(out.finish()))
    }

    /// Whether the archive gives every line that can be opened as it stands in the object, and of the
    /// others all that stands in clear; `false` where it was given up.
    fn compare(
        mut self,
        mut archive: Archive,
        is_ending: &dyn Fn() -> bool,
    ) -> Result<bool, ArchiveError> {
        const OTHER: ArchiveError = ArchiveError::Sealed {
            what: "what was read back",
        };
        if archive.rows().len() != self.spans.len() {
            return Err(OTHER);
        }
        let mut built = Vec::new();
        for (count, row) in archive.rows_by_frame()?.into_iter().enumerate() {
            if count % 64 == 0 && is_ending() {
                return Ok(false);
            }
            built.clear();
            let form = archive.line(row, Form::Whole, &mut built)?;
            let line = self.lines.at(self.spans[row])?;
            if built == line {
                continue;
            }
            // Of what nobody can open any more, all that stands in clear.
            let taken = self.codec.take(line, true)?;
            let is_gone = form == Form::Outline && taken.payloads.is_none();
            if !is_gone || archive.rows()[row] != taken.row {
                return Err(OTHER);
            }
        }
        Ok(true)
    }

    fn made(&self, object: &str, parquet: (u64, String), frames: (u64, String)) -> Made {
        let sequence = |row: Option<&Row>| row.map_or(0, |row| row.sequence);
        Made {
            object: object.to_owned(),
            sequences: (sequence(self.rows.first()), sequence(self.rows.last())),
            entries: self
                .rows
                .iter()
                .filter(|row| row.kind == RowKind::Entry && row.request.is_some())
                .count() as u64,
            object_bytes: self
                .spans
                .last()
                .map_or(0, |span| span.offset + span.len as u64 + 1),
            payload_bytes: self.payload_bytes,
            parquet,
            frames,
        }
    }
}

/// The place of a row's payloads, which are appended to `plain`.
fn entry(row: u32, (payloads, digest): (Payloads, [u8; 32]), plain: &mut Vec<u8>) -> Entry {
    let Payloads {
        request,
        response,
        metadata,
    } = payloads;
    let lengths = [metadata, request, response].map(|part| {
        part.map(|part| {
            plain.extend_from_slice(&part);
            part.len() as u64
        })
    });
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Entry {
        row: u64::from(row),
        lengths,
        digest: half,
    }
}

fn payload_bytes(payloads: &Payloads) -> u64 {
    let Payloads {
        request,
        response,
        metadata,
    } = payloads;
    let parts = [request, response, metadata];
    parts
        .into_iter()
        .flatten()
        .map(|part| part.len() as u64)
        .sum()
}

/// What a row takes in memory.
fn row_bytes(row: &Row) -> u64 {
    let texts = [
        &row.agent,
        &row.model,
        &row.error,
        &row.conversation,
        &row.tenant,
        &row.trace,
        &row.parent,
        &row.control,
        &row.body,
    ];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let pairs = row
        .metadata
        .iter()
        .map(|(key, value)| 48 + key.len() + value.len());
    let counts = row.masked.iter().map(|(key, _)| 32 + key.len());
    (size_of::<Row>()
        + 64
        + texts
        + row.extensions.len()
        + pairs.sum::<usize>()
        + counts.sum::<usize>()) as u64
}

fn refused(why: &'static str) -> ArchiveError {
    ArchiveError::Line { line: 0, why }
}

fn at_line(error: ArchiveError, line: u64) -> ArchiveError {
    match error {
        ArchiveError::Line { why, .. } => ArchiveError::Line { line, why },
        error => error,
    }
}
