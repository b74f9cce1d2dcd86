//! One file of the catalogue: ids in order, as a tree of pages that never changes.
//!
//! A page is 681 records, four bytes of nothing and 16 bytes of a digest. A record is the first 8 bytes
//! of an id, or of the first id of a page below, and a number: of an object, or of that page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use symlog_crypto::sha256;
use symlog_sink::{Attachments, NewAttachment, ObjectName, Operation, SinkError, Source};

use super::attachment_name;

/// What of an id is kept: of one that begins with a time, that and twelve bits more, so that two that
/// begin the same are of one millisecond, and mostly of one archive. Where they are not, they cost a
/// look into another, and nothing else.
pub(super) const KEY: usize = 8;
const RECORD: usize = KEY + 4;
const DIGEST: usize = 16;
const PAGE: usize = 8192;
const RECORDS: usize = (PAGE - DIGEST) / RECORD;
/// Length of the description, salt, digest of the description, magic.
const TAIL: usize = 8 + 16 + DIGEST + 16;
const MAGIC: &[u8; 16] = b"symlog ids run 1";
/// What is read first: in most runs all that is not a page.
const LAST_BYTES: usize = 64 << 10;
/// The longest description: names of some million objects.
const MAX_DESCRIPTION: u64 = 256 << 20;
/// Pages that are read for one id. Only the beginning of an id could fit more.
const MAX_PAGES: usize = 64;

pub(super) type Key = [u8; KEY];

/// The beginning of an id, and the object that holds a line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    pub(super) key: Key,
    pub(super) object: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Description {
    /// Sealed objects, by their numbers.
    objects: Vec<String>,
    postings: u64,
    /// Pages of each level, from the lowest.
    levels: Vec<u32>,
}

/// Writes a run. Postings come in order.
#[derive(Debug)]
pub(super) struct Writer {
    out: Box<dyn NewAttachment>,
    salt: [u8; 16],
    page: Vec<u8>,
    pages: u32,
    postings: u64,
    last: Option<Posting>,
    /// The first id of every page of the level that is being written.
    firsts: Vec<Posting>,
}

impl Writer {
    pub(super) fn new(out: Box<dyn NewAttachment>, salt: [u8; 16]) -> Self {
        Self {
            out,
            salt,
            page: Vec::with_capacity(PAGE),
            pages: 0,
            postings: 0,
            last: None,
            firsts: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, posting: Posting) -> Result<(), SinkError> {
        if self.last == Some(posting) {
            return Ok(());
        }
        self.last = Some(posting);
        self.postings += 1;
        self.record(posting)
    }

    fn record(&mut self, Posting { key, object }: Posting) -> Result<(), SinkError> {
        if self.page.is_empty() {
            let object = self.pages;
            self.firsts.push(Posting { key, object });
        }
        self.page.extend_from_slice(&key);
        self.page.extend_from_slice(&object.to_be_bytes());
        if self.page.len() == RECORDS * RECORD {
            self.end_page()?;
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), SinkError> {
        if self.page.is_empty() {
            return Ok(());
        }
        // Records of nothing: no search comes behind them.
        self.page.resize(PAGE - DIGEST, 0xff);
        let digest = page_digest(&self.salt, self.pages, &self.page);
        self.page.extend_from_slice(&digest);
        self.out.append(&self.page)?;
        self.page.clear();
        self.pages += 1;
        Ok(())
    }

    /// Writes the levels above and names the file.
    pub(super) fn finish(mut self, objects: Vec<String>) -> Result<(), SinkError> {
        self.end_page()?;
        let mut levels = vec![self.pages];
        while self.firsts.len() > 1 {
            let before = self.pages;
            for first in std::mem::take(&mut self.firsts) {
                self.record(first)?;
            }
            self.end_page()?;
            levels.push(self.pages - before);
        }
        let description = Description {
            objects,
            postings: self.postings,
            levels,
        };
        let mut tail = serde_json::to_vec(&description).map_err(malformed)?;
        let digest = sha256(&[&self.salt, &tail]);
        tail.extend_from_slice(&(tail.len() as u64).to_be_bytes());
        tail.extend_from_slice(&self.salt);
        tail.extend_from_slice(&digest[..DIGEST]);
        tail.extend_from_slice(MAGIC);
        self.out.append(&tail)?;
        self.out.commit()
    }
}

fn page_digest(salt: &[u8; 16], number: u32, records: &[u8]) -> [u8; DIGEST] {
    let whole = sha256(&[salt, &number.to_be_bytes(), records]);
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&whole[..DIGEST]);
    digest
}

/// An opened run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    source: Box<dyn Source>,
    salt: [u8; 16],
    about: Description,
    /// The page that a search begins at.
    root: Vec<u8>,
}

impl Run {
    pub(super) fn open(attachments: &dyn Attachments, number: u64) -> Result<Self, SinkError> {
        let source = attachments.open(&attachment_name(number)?)?;
        let len = source.len()?;
        let mut last = vec![0; LAST_BYTES.min(usize::try_from(len).unwrap_or(LAST_BYTES))];
        read_exactly(&*source, len - last.len() as u64, &mut last)?;
        let short = || malformed("it is cut");
        let (_, tail) = last.split_last_chunk::<TAIL>().ok_or_else(short)?;
        let (described, rest) = tail.split_at(8);
        let (salt, rest) = rest.split_at(16);
        let (digest, magic) = rest.split_at(DIGEST);
        if magic != MAGIC {
            return Err(malformed("it is none of this version"));
        }
        let described = u64::from_be_bytes(described.try_into().unwrap_or_default());
        let before = described.saturating_add(TAIL as u64);
        if described > MAX_DESCRIPTION || before > len {
            return Err(short());
        }
        let start = last.len().checked_sub(before as usize);
        let text = match start {
            Some(start) => last[start..last.len() - TAIL].to_vec(),
            None => {
                let mut text = vec![0; described as usize];
                read_exactly(&*source, len - before, &mut text)?;
                text
            }
        };
        if sha256(&[salt, &text])[..DIGEST] != *digest {
            return Err(malformed("its description is damaged"));
        }
        let about: Description = serde_json::from_slice(&text).map_err(malformed)?;
        let pages: u64 = about.levels.iter().map(|pages| u64::from(*pages)).sum();
        if about.levels.is_empty() || pages * PAGE as u64 != len - before {
            return Err(malformed("its pages are not as it says"));
        }
        let mut run = Self {
            number,
            source,
            salt: salt.try_into().unwrap_or_default(),
            about,
            root: Vec::new(),
        };
        if pages > 0 {
            run.root = run.page(pages as u32 - 1)?;
        }
        Ok(run)
    }

    pub(super) fn objects(&self) -> &[String] {
        &self.about.objects
    }

    pub(super) fn postings(&self) -> u64 {
        self.about.postings
    }

    fn page(&self, number: u32) -> Result<Vec<u8>, SinkError> {
        let mut page = vec![0; PAGE];
        read_exactly(&*self.source, u64::from(number) * PAGE as u64, &mut page)?;
        let digest = page.split_off(PAGE - DIGEST);
        if page_digest(&self.salt, number, &page)[..] != digest[..] {
            return Err(malformed("a page is damaged"));
        }
        Ok(page)
    }

    /// The numbers of the objects that hold an id from `least` to `greatest`; `None` where that
    /// cannot be told with a few reads.
    pub(super) fn find(
        &self,
        least: &Key,
        greatest: &Key,
    ) -> Result<Option<BTreeSet<u32>>, SinkError> {
        let mut found = BTreeSet::new();
        if self.root.is_empty() {
            return Ok(Some(found));
        }
        let mut page = self.root.clone();
        let mut number = 0;
        for _ in 1..self.about.levels.len() {
            // What is the same as the first id of a page may begin on the page before.
            let behind = records(&page).take_while(|it| it.key < *least).count();
            let child = records(&page).nth(behind.saturating_sub(1));
            number = child.ok_or_else(|| malformed("a page is empty"))?.object;
            page = self.page(number)?;
        }
        let leaves = self.about.levels.first().copied().unwrap_or_default();
        for _ in 0..MAX_PAGES {
            for Posting { key, object } in records(&page) {
                if key > *greatest {
                    return Ok(Some(found));
                }
                if key >= *least {
                    found.insert(object);
                }
            }
            number += 1;
            if number >= leaves {
                return Ok(Some(found));
            }
            page = self.page(number)?;
        }
        Ok(None)
    }

    /// All postings in order, a few pages in memory.
    pub(super) fn scan(&self) -> Scan<'_> {
        Scan {
            run: self,
            page: Vec::new(),
            at: 0,
            next: 0,
            left: self.about.postings,
        }
    }
}

pub(super) struct Scan<'a> {
    run: &'a Run,
    page: Vec<u8>,
    at: usize,
    next: u32,
    left: u64,
}

impl Scan<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Posting>, SinkError> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.at + RECORD > self.page.len() {
            self.page = self.run.page(self.next)?;
            self.next += 1;
            self.at = 0;
        }
        let record = records(&self.page[self.at..]).next();
        self.at += RECORD;
        self.left -= 1;
        Ok(record)
    }
}

fn records(page: &[u8]) -> impl Iterator<Item = Posting> {
    page.chunks_exact(RECORD).filter_map(|record| {
        let (key, object) = record.split_first_chunk::<KEY>()?;
        let object = u32::from_be_bytes(object.try_into().ok()?);
        (object != u32::MAX).then_some(Posting { key: *key, object })
    })
}

fn read_exactly(source: &dyn Source, offset: u64, bytes: &mut [u8]) -> Result<(), SinkError> {
    match source.read_at(offset, bytes)? {
        read if read == bytes.len() => Ok(()),
        _ => Err(malformed("it is cut")),
    }
}

/// The name of a sealed object of a run, if it is one.
pub(super) fn object(name: &str) -> Option<ObjectName> {
    ObjectName::sealed(name).ok()
}

/// The catalogue can be made anew from the archives, so that whoever reads one only goes without.
pub(super) fn malformed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SinkError {
    SinkError::Io {
        operation: Operation::Read,
        path: "catalogue".into(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, why),
    }
}
