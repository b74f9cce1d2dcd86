//! Making many files of a catalogue one, so that a look-up reads few.

use std::collections::HashMap;
use std::io::ErrorKind;

use symlog_sink::SinkError;

use super::run::{Posting, Run, Scan};
use super::{Catalogue, FAN};

/// Makes files of about the same size one, until there are few of each. Whoever is interrupted
/// leaves the old ones, the new one or both, and any of these is whole.
pub(super) fn all(
    catalogue: &Catalogue<'_>,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<(), SinkError> {
    loop {
        let runs = catalogue.runs()?.whole;
        let next = runs.last().map_or(1, |run| run.number + 1);
        let mut sizes: HashMap<u32, Vec<Run>> = HashMap::new();
        for run in runs {
            sizes.entry(size(run.postings())).or_default().push(run);
        }
        let Some(same) = sizes.into_values().find(|same| same.len() >= FAN) else {
            return Ok(());
        };
        match one(catalogue, next, &same, is_there) {
            // Made anew from the tables the next time.
            Err(SinkError::Io { source, .. }) if source.kind() == ErrorKind::InvalidData => {}
            merged => merged?,
        }
        for run in &same {
            catalogue.remove(run.number)?;
        }
    }
}

/// Powers of [`FAN`], all small ones the same.
fn size(postings: u64) -> u32 {
    (postings / 4096).max(1).ilog(FAN as u64)
}

fn one(
    catalogue: &Catalogue<'_>,
    number: u64,
    runs: &[Run],
    is_there: &dyn Fn(&str) -> bool,
) -> Result<(), SinkError> {
    let mut objects: Vec<String> = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut inputs = Vec::new();
    for run in runs {
        let named = run.objects().iter().map(|name| {
            is_there(name).then(|| {
                *numbers.entry(name.clone()).or_insert_with(|| {
                    objects.push(name.clone());
                    objects.len() as u32 - 1
                })
            })
        });
        let mut input = Input {
            numbers: named.collect(),
            scan: run.scan(),
            next: None,
        };
        input.advance()?;
        inputs.push(input);
    }
    let mut writer = catalogue.writer(number)?;
    while let Some(least) = inputs
        .iter_mut()
        .filter(|input| input.next.is_some())
        .min_by_key(|input| input.next)
    {
        if let Some(posting) = least.next {
            writer.push(posting)?;
        }
        least.advance()?;
    }
    writer.finish(objects)
}

struct Input<'a> {
    /// The new numbers of its objects.
    numbers: Vec<Option<u32>>,
    scan: Scan<'a>,
    next: Option<Posting>,
}

impl Input<'_> {
    fn advance(&mut self) -> Result<(), SinkError> {
        loop {
            let Some(Posting { key, object }) = self.scan.next()? else {
                self.next = None;
                return Ok(());
            };
            if let Some(object) = self.numbers.get(object as usize).copied().flatten() {
                self.next = Some(Posting { key, object });
                return Ok(());
            }
        }
    }
}
