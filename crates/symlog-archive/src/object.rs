//! One opened archive.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use symlog_core::archive::{
    ArchiveError, ArchivedObject, Form, IdPrefix, LineCodec, Payloads, Row, UnitId,
};
use symlog_sink::{Attachments, SinkError, Source};

use crate::describe::{Description, DirectoryPlace, names};
use crate::directory::{self, Frame};
use crate::error::FormatError;
use crate::frames::{self, DIRECTORY, FrameKey, Unsqueezer};
use crate::table;

/// Decompressed payloads that an archive keeps, for rows of different units in turn.
const CACHE: usize = 32 << 20;
/// The longest table that is read into memory.
const MAX_TABLE: u64 = 1 << 30;
/// What a row takes in a directory at most: four lengths and a digest.
const DIRECTORY_ROW: u64 = 4 * 10 + 16;
/// What a frame takes there at most besides.
const DIRECTORY_FRAME: u64 = 16 + 5 * 10;

pub(crate) struct Archive {
    rows: Vec<Row>,
    codec: LineCodec,
    unsqueezer: Unsqueezer,
    frames_file: Box<dyn Source>,
    salt: [u8; 16],
    /// Directories that were not needed so far.
    unread: Vec<DirectoryPlace>,
    directories: Vec<(DirectoryPlace, Vec<Frame>)>,
    /// Of each row the directory, the frame and the place in it.
    places: Vec<Option<(u32, u32, u32)>>,
    /// Frames in clear, the newest last.
    cache: Vec<(FrameNumber, Arc<Vec<u8>>)>,
}

impl Archive {
    pub(crate) fn open(
        attachments: &dyn Attachments,
        object: &str,
        mut codec: LineCodec,
    ) -> Result<Self, ArchiveError> {
        let [table_name, frames_name] = names(object)?;
        let table = read_whole(&*attachments.open(&table_name)?)?;
        let (rows, description) = table::read(table).map_err(frames::format)?;
        let description = Description::read(&description, object).map_err(frames::format)?;
        if let Some(log) = codec.log_id()
            && crate::describe::hex(&log) != description.log
        {
            return Err(frames::format(FormatError::Elsewhere {
                what: format!("log {:.40}", description.log),
            }));
        }
        let salt = description
            .salt()
            .ok_or_else(|| frames::damaged("their salt is malformed"))?;
        for row in &rows {
            codec.learn(row);
        }
        Ok(Self {
            places: vec![None; rows.len()],
            rows,
            codec,
            unsqueezer: Unsqueezer::default(),
            frames_file: attachments.open(&frames_name)?,
            salt,
            unread: description.directories,
            directories: Vec::new(),
            cache: Vec::new(),
        })
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Reads the directory of the class and segment of a row, once.
    fn place(&mut self, row: usize) -> Result<Option<(u32, u32, u32)>, ArchiveError> {
        if let Some(place) = self.places[row] {
            return Ok(Some(place));
        }
        let (segment, class) = (self.rows[row].segment, self.rows[row].class);
        let wanted = self
            .unread
            .iter()
            .position(|it| it.segment == segment && Some(it.class) == class);
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        self.read_directory(wanted)?;
        Ok(self.places[row])
    }

    fn read_directory(&mut self, at: usize) -> Result<(), ArchiveError> {
        let place = self.unread[at];
        let key = FrameKey {
            segment: place.segment,
            class: place.class,
            unit: UnitId::NONE,
            salt: self.salt,
            number: DIRECTORY,
        };
        let at_place = (place.offset, place.bytes);
        let bytes = frames::open(&mut self.codec, &*self.frames_file, &key, at_place)?;
        let rows = self.rows.len() as u64;
        let unsqueezer = &mut self.unsqueezer;
        let mut read = || {
            let (plain, compressed) = bytes
                .split_first_chunk::<8>()
                .ok_or(FormatError::Frames("their directory is too short"))?;
            let plain = u64::from_be_bytes(*plain);
            if plain > 16 + rows * (DIRECTORY_ROW + DIRECTORY_FRAME) {
                return Err(FormatError::Frames("their directory is too long"));
            }
            directory::decode(&unsqueezer.unsqueeze(compressed, plain)?, rows)
        };
        let frames = read().map_err(frames::format)?;
        let number = self.directories.len() as u32;
        for (at, frame) in (0u32..).zip(&frames) {
            for (entry, held) in (0u32..).zip(&frame.entries) {
                if let Ok(row) = usize::try_from(held.row) {
                    self.places[row] = Some((number, at, entry));
                }
            }
        }
        self.directories.push((place, frames));
        self.unread.swap_remove(at);
        Ok(())
    }

    fn frame(&mut self, directory: u32, at: u32) -> Result<Arc<Vec<u8>>, ArchiveError> {
        if let Some(known) = self.cache.iter().position(|it| it.0 == (directory, at)) {
            let known = self.cache.remove(known);
            let plain = Arc::clone(&known.1);
            self.cache.push(known);
            return Ok(plain);
        }
        let (place, frames) = &self.directories[directory as usize];
        let frame = &frames[at as usize];
        let key = FrameKey {
            segment: place.segment,
            class: place.class,
            unit: frame.unit,
            salt: self.salt,
            number: frame.number,
        };
        let at_place = (frame.offset, frame.sealed);
        let compressed = frames::open(&mut self.codec, &*self.frames_file, &key, at_place)?;
        let plain = self.unsqueezer.unsqueeze(&compressed, frame.plain);
        let plain = plain.map_err(frames::format)?;
        let plain = Arc::new(plain);
        let mut kept: usize = self.cache.iter().map(|it| it.1.len()).sum();
        while kept + plain.len() > CACHE && !self.cache.is_empty() {
            kept -= self.cache.remove(0).1.len();
        }
        self.cache.push(((directory, at), Arc::clone(&plain)));
        Ok(plain)
    }

    /// The payloads of a row, if the row is the one that they were sealed with.
    fn payloads(
        &mut self,
        row: usize,
        (directory, at, entry): (u32, u32, u32),
    ) -> Result<(UnitId, Payloads), ArchiveError> {
        let plain = self.frame(directory, at)?;
        let frame = &self.directories[directory as usize].1[at as usize];
        let before: u64 = frame.entries[..entry as usize]
            .iter()
            .map(|entry| entry.len())
            .sum();
        let (unit, entry) = (frame.unit, frame.entries[entry as usize].clone());
        let mut rest = usize::try_from(before)
            .ok()
            .and_then(|before| plain.get(before..))
            .ok_or_else(|| frames::damaged("a frame is too short"))?;
        let mut parts = [None, None, None];
        for (part, length) in parts.iter_mut().zip(entry.lengths) {
            let Some(length) = length else { continue };
            let (bytes, behind) = usize::try_from(length)
                .ok()
                .and_then(|length| rest.split_at_checked(length))
                .ok_or_else(|| frames::damaged("a frame is too short"))?;
            *part = Some(bytes.to_vec());
            rest = behind;
        }
        let [metadata, request, response] = parts;
        let digest = self
            .codec
            .metadata_digest(&self.rows[row], metadata.as_deref(), unit)?;
        if digest[..16] != entry.digest {
            return Err(ArchiveError::Sealed {
                what: "a row of the table",
            });
        }
        let payloads = Payloads {
            request,
            response,
            metadata,
        };
        Ok((unit, payloads))
    }

    pub(crate) fn line(
        &mut self,
        at: usize,
        form: Form,
        out: &mut Vec<u8>,
    ) -> Result<Form, ArchiveError> {
        if !self.rows[at].is_sealed() {
            let row = &self.rows[at];
            self.codec
                .build(row, UnitId::NONE, Payloads::default(), out)?;
            return Ok(Form::Whole);
        }
        let place = match self.codec.has_keys() {
            true => match self.place(at) {
                Err(ArchiveError::Gone) => None,
                place => place?,
            },
            false => None,
        };
        let Some(place) = place else {
            self.codec.outline(&self.rows[at], None, out)?;
            return Ok(Form::Outline);
        };
        if form == Form::Whole {
            match self.payloads(at, place) {
                Ok((unit, payloads)) => {
                    self.codec.build(&self.rows[at], unit, payloads, out)?;
                    return Ok(Form::Whole);
                }
                Err(ArchiveError::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        let unit = self.directories[place.0 as usize].1[place.1 as usize].unit;
        self.codec.outline(&self.rows[at], Some(unit), out)?;
        Ok(Form::Outline)
    }

    /// The rows in the order of their frames, those without a frame first: the order in which each
    /// frame is opened once.
    pub(crate) fn rows_by_frame(&mut self) -> Result<Vec<usize>, ArchiveError> {
        let mut order = Vec::with_capacity(self.rows.len());
        for row in 0..self.rows.len() {
            let place = match self.rows[row].is_sealed() {
                true => self.place(row)?,
                false => None,
            };
            order.push((place, row));
        }
        order.sort_unstable();
        Ok(order.into_iter().map(|(_, row)| row).collect())
    }
}

pub(crate) fn read_whole(source: &dyn Source) -> Result<Bytes, ArchiveError> {
    let len = source.len()?;
    if len > MAX_TABLE {
        return Err(frames::format(FormatError::Table("it is too long")));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let read = source.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Bytes::from(bytes))
}

/// A directory, and a frame in it.
type FrameNumber = (u32, u32);

/// An archive that several readers share.
#[derive(Clone)]
pub(crate) struct SharedArchive(pub(crate) Arc<Mutex<Archive>>);

impl SharedArchive {
    fn with<T>(&self, act: impl FnOnce(&mut Archive) -> T) -> T {
        // A panic elsewhere leaves at worst a frame that is read again.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ArchivedObject for SharedArchive {
    fn rows(&self) -> u64 {
        self.with(|archive| archive.rows.len() as u64)
    }

    fn first_sequence(&self) -> u64 {
        self.with(|archive| archive.rows.first().map_or(0, |row| row.sequence))
    }

    fn seek(&self, row: u64, id: &IdPrefix) -> u64 {
        self.with(|archive| {
            let start = usize::try_from(row).unwrap_or(usize::MAX);
            let rows = archive.rows.get(start..).unwrap_or_default();
            let is_wanted = |row: &Row| {
                row.id.is_some_and(|it| id.fits(&it)) || row.control.as_deref() == Some("segment")
            };
            let passed_over = rows.iter().position(is_wanted).unwrap_or(rows.len());
            row.saturating_add(passed_over as u64)
        })
    }

    fn line(&mut self, row: u64, form: Form, out: &mut Vec<u8>) -> Result<Form, SinkError> {
        self.with(|archive| {
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            if at >= archive.rows.len() {
                return Err(frames::damaged("a row is missing"));
            }
            archive.line(at, form, out)
        })
        .map_err(crate::open::as_sink_error)
    }
}

impl std::fmt::Debug for SharedArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedArchive").finish_non_exhaustive()
    }
}
