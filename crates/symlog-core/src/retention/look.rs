//! Looking at what the objects of a log are, archived or not.

use std::collections::BTreeSet;

use symlog_sink::ObjectName;

use super::plan::{ObjectPlan, all_is_over, class_is_over, end_of_period};
use super::{DAY, LoggingError};
use crate::archive::ArchivedSummary;
use crate::format::SegmentBody;
use crate::maintenance::Maintenance;
use crate::read::{Objects, object_label};

/// The objects of a log, in order.
pub(super) struct Seen(pub(super) Vec<Look>);

pub(super) enum Look {
    /// The first lines of the segments of an object that lies as it was written.
    Object(Vec<SegmentBody>),
    Archive(Archive),
    /// An archive that is too young for anything in it to be over.
    Later,
}

pub(super) struct Archive {
    summary: ArchivedSummary,
    bodies: Vec<(u64, SegmentBody)>,
}

impl Seen {
    /// Archives are looked at from the oldest on; with `shortest`, the days that anything is kept at
    /// least, only as long as something could be over.
    pub(super) fn look(
        log: &Maintenance,
        objects: &Objects,
        shortest: Option<u32>,
    ) -> Result<Self, LoggingError> {
        let now = log.clock().now();
        let mut is_young = false;
        let mut seen = Vec::new();
        for at in 0..objects.len() {
            let archives = log.archives().filter(|_| objects.is_archived(at));
            let Some(archives) = archives else {
                let headers = objects.headers(at)?.into_iter();
                seen.push(Look::Object(headers.map(|(_, body)| body).collect()));
                continue;
            };
            if is_young {
                seen.push(Look::Later);
                continue;
            }
            let summary = archives.summary(&**log.storage(), objects.name(at))?;
            let archive = Archive::of(summary);
            if let Some(days) = shortest {
                let mut ends = archive
                    .bodies
                    .iter()
                    .map(|(_, body)| end_of_period(&body.period));
                is_young = ends.all(|end| {
                    let over = end.and_then(|end| end.checked_add(DAY * days));
                    over.is_some_and(|over| over > now)
                });
            }
            seen.push(Look::Archive(archive));
        }
        Ok(Self(seen))
    }

    pub(super) fn bodies(&self) -> impl Iterator<Item = &SegmentBody> {
        self.0.iter().flat_map(|look| {
            let (plain, archived): (&[SegmentBody], &[(u64, SegmentBody)]) = match look {
                Look::Object(bodies) => (bodies, &[]),
                Look::Archive(archive) => (&[], &archive.bodies),
                Look::Later => (&[], &[]),
            };
            plain.iter().chain(archived.iter().map(|(_, body)| body))
        })
    }
}

impl Archive {
    fn of(summary: ArchivedSummary) -> Self {
        let bodies = summary.segments.iter();
        Self {
            bodies: bodies
                .filter_map(|(segment, body)| Some((*segment, serde_json::from_str(body).ok()?)))
                .collect(),
            summary,
        }
    }

    pub(super) fn plan(&self, name: &ObjectName, over: &BTreeSet<[u8; 16]>) -> ObjectPlan {
        let body = |segment| {
            let known = self.bodies.iter().find(|(number, _)| *number == segment);
            known.map(|(_, body)| body)
        };
        let is_over = |&(segment, class): &(u64, u16)| {
            body(segment).is_some_and(|body| class_is_over(body, class, over))
        };
        let sealed = &self.summary.sealed;
        let gone: BTreeSet<(u64, u16)> = sealed.iter().copied().filter(is_over).collect();
        let alive = gone.len() < sealed.len();
        let whole =
            !self.bodies.is_empty() && self.bodies.iter().all(|(_, body)| all_is_over(body, over));
        let partly_over = !whole && alive && !gone.is_empty();
        ObjectPlan {
            object: object_label(name),
            sequences: self.summary.sequences,
            bytes: self.summary.bytes,
            remove: whole || (!gone.is_empty() && !alive),
            waits_for_sinks: false,
            partly_over,
            buried: partly_over,
            over: gone,
            name: name.clone(),
        }
    }
}
