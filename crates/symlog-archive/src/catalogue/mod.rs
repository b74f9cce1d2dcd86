//! Which archived object holds the lines of an id.
//!
//! A cache beside the log, made from the tables alone: what is missing is made anew, what is
//! damaged is thrown away, and an object that no file of it names is opened and looked at. It holds
//! nothing that the tables do not have in clear.

mod merge;
mod run;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use symlog_core::archive::IdPrefix;
use symlog_crypto::default_provider;
use symlog_sink::{AttachmentName, Attachments, ObjectName, SinkError};

use self::run::{KEY, Key, Posting, Run, Writer};

const EXTENSION: &str = "index";
const STEM: &str = "ids-";
/// Postings that are sorted in memory: 32 MiB.
const AT_ONCE: usize = 2 << 20;
/// Files of about the same size that are made one.
const FAN: usize = 8;

/// The catalogue of one log.
pub struct Catalogue<'a> {
    attachments: &'a dyn Attachments,
}

impl<'a> Catalogue<'a> {
    /// The one among `attachments`, which may be none yet.
    #[must_use]
    pub fn new(attachments: &'a dyn Attachments) -> Self {
        Self { attachments }
    }

    /// Takes out of `objects` those that hold no id that begins so, and says which of the others it
    /// knows nothing of.
    ///
    /// # Errors
    ///
    /// Where the storage cannot be listed.
    pub fn narrow(
        &self,
        id: &IdPrefix,
        objects: &mut Vec<ObjectName>,
    ) -> Result<Vec<ObjectName>, SinkError> {
        let (least, greatest) = id.bounds();
        let (least, greatest) = (key(&least), key(&greatest));
        let mut known = HashSet::new();
        let mut found = HashSet::new();
        for run in self.runs()?.whole {
            // What cannot be read is looked for in the archives.
            let Ok(Some(numbers)) = run.find(&least, &greatest) else {
                continue;
            };
            let names = numbers
                .iter()
                .filter_map(|at| run.objects().get(*at as usize));
            found.extend(names.cloned());
            known.extend(run.objects().iter().cloned());
        }
        let is_in = |names: &HashSet<String>, object: &ObjectName| match object {
            ObjectName::Sealed(name) => names.contains(name),
            ObjectName::Active => false,
        };
        objects.retain(|object| is_in(&found, object) || !is_in(&known, object));
        let unknown = objects.iter().filter(|object| !is_in(&known, object));
        Ok(unknown.cloned().collect())
    }

    /// Adds what is missing of `objects`, which are all that are archived, where that are `at_least` so
    /// many: looking into a few is cheaper than keeping a file on them. Forgets what is not
    /// among them any more where files are made one. `ids` gives the ids in an object; where it
    /// fails, the object stays unknown.
    ///
    /// # Errors
    ///
    /// Where the storage cannot be listed or written.
    pub fn update(
        &self,
        objects: &[ObjectName],
        at_least: usize,
        mut ids: impl FnMut(&ObjectName) -> Option<Vec<[u8; 16]>>,
    ) -> Result<(), SinkError> {
        let runs = self.runs()?;
        for number in runs.damaged {
            self.remove(number)?;
        }
        let known: HashSet<&str> = runs
            .whole
            .iter()
            .flat_map(|run| run.objects().iter().map(String::as_str))
            .collect();
        let mut next = runs.whole.last().map_or(1, |run| run.number + 1);
        let mut batch = Batch::default();
        let missing: Vec<(&ObjectName, &str)> = objects
            .iter()
            .filter_map(|object| match object {
                ObjectName::Sealed(name) => Some((object, name.as_str())),
                ObjectName::Active => None,
            })
            .filter(|(_, name)| !known.contains(name))
            .collect();
        let added = if missing.len() < at_least {
            &[][..]
        } else {
            &missing
        };
        for &(object, name) in added {
            let Some(ids) = ids(object) else { continue };
            batch.add(name, &ids);
            if batch.postings.len() >= AT_ONCE {
                self.write(next, std::mem::take(&mut batch))?;
                next += 1;
            }
        }
        if !batch.objects.is_empty() {
            self.write(next, batch)?;
        }
        let there: BTreeSet<&ObjectName> = objects.iter().collect();
        merge::all(self, &|name| {
            run::object(name).is_some_and(|object| there.contains(&object))
        })
    }

    /// Throws away what holds ids of an object; the other objects of the same files are added again
    /// by the next update.
    ///
    /// # Errors
    ///
    /// Where the storage cannot be listed or written.
    pub fn forget(&self, object: &ObjectName) -> Result<(), SinkError> {
        let ObjectName::Sealed(name) = object else {
            return Ok(());
        };
        for run in self.runs()?.whole {
            if run.objects().contains(name) {
                self.remove(run.number)?;
            }
        }
        Ok(())
    }

    fn write(&self, number: u64, mut batch: Batch) -> Result<(), SinkError> {
        let mut writer = self.writer(number)?;
        batch.postings.sort_unstable();
        for posting in batch.postings {
            writer.push(posting)?;
        }
        writer.finish(batch.objects)
    }

    fn writer(&self, number: u64) -> Result<Writer, SinkError> {
        let mut salt = [0; 16];
        let random = default_provider().random;
        random
            .fill(&mut salt)
            .map_err(|error| run::malformed(error.to_string()))?;
        let out = self.attachments.create(&attachment_name(number)?)?;
        Ok(Writer::new(out, salt))
    }

    fn remove(&self, number: u64) -> Result<(), SinkError> {
        match self.attachments.remove(&attachment_name(number)?) {
            Err(SinkError::Missing { .. }) => Ok(()),
            removed => removed,
        }
    }

    /// The files of the catalogue, oldest first.
    fn runs(&self) -> Result<Runs, SinkError> {
        let mut runs = Runs::default();
        let mut numbers: Vec<u64> = self
            .attachments
            .list()?
            .iter()
            .filter(|name| name.extension() == EXTENSION)
            .filter_map(|name| name.stem().strip_prefix(STEM)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        for number in numbers {
            match Run::open(self.attachments, number) {
                Ok(run) => runs.whole.push(run),
                // Made one with others since they were listed.
                Err(SinkError::Missing { .. }) => {}
                Err(_) => runs.damaged.push(number),
            }
        }
        Ok(runs)
    }
}

#[derive(Default)]
struct Runs {
    whole: Vec<Run>,
    damaged: Vec<u64>,
}

/// Postings of some objects.
#[derive(Default)]
struct Batch {
    objects: Vec<String>,
    postings: Vec<Posting>,
}

impl Batch {
    fn add(&mut self, name: &str, ids: &[[u8; 16]]) {
        let object = self.objects.len() as u32;
        self.objects.push(name.to_owned());
        let postings = ids.iter().map(|id| Posting {
            key: key(id),
            object,
        });
        self.postings.extend(postings);
    }
}

fn key(id: &[u8; 16]) -> Key {
    let mut key = [0; KEY];
    key.copy_from_slice(&id[..KEY]);
    key
}

fn attachment_name(number: u64) -> Result<AttachmentName, SinkError> {
    AttachmentName::new(&format!("{STEM}{number:010}"), EXTENSION)
}

impl fmt::Debug for Catalogue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
