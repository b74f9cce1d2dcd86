//! What would go, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use symlog_keys::{PeriodInfo, PeriodState};
use symlog_sink::{ObjectName, SinkError, Storage, shipped_through};

use super::hold::{LegalHold, holds};
use super::look::{Look, Seen};
use super::time::{TimeTrust, trusted_time};
use super::{DAY, Retention};
use crate::archive::LogFiles;
use crate::error::LoggingError;
use crate::format::{Body, SegmentBody, Timestamp, fixed, parse_line};
use crate::maintenance::Maintenance;
use crate::read::Objects;

/// How often the objects are listed anew where one went between the list and the look.
const RETAKES: usize = 10;

/// What retention would do with a log now.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RetentionPlan {
    /// The time that it goes by.
    pub now: String,
    /// What is thought of the clock.
    #[serde(flatten)]
    pub trust: TimeTrust,
    /// Every period key of the log, oldest first.
    pub keys: Vec<KeyPlan>,
    /// Every object of the log, oldest first.
    pub objects: Vec<ObjectPlan>,
    /// The holds that stand.
    pub holds: Vec<LegalHold>,
    /// Whether the active object holds something that has to go, and must be sealed first.
    pub seals_active: bool,
}

/// One period key, with which the entries of one class and month stand and fall.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct KeyPlan {
    #[serde(skip)]
    pub(super) id: symlog_keys::Id,
    /// Number of the retention class.
    pub class: u16,
    /// Its name. Several where the configuration changed within the month.
    pub names: Vec<String>,
    /// `2026-11`.
    pub period: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// What becomes of a period key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// Its time is not over.
    Keep {
        /// The day on which it goes.
        until: String,
    },
    /// Its class is kept for ever.
    KeepForEver,
    /// No such class is configured any more, so that nobody says how long it is kept.
    UnknownClass,
    /// Its time is over, but somebody holds it.
    Held {
        /// The names of the holds.
        by: Vec<String>,
    },
    /// Its time is over.
    Destroy {
        /// Since this day.
        since: String,
    },
    /// It was destroyed before.
    Gone,
}

impl Decision {
    fn is_over(&self) -> bool {
        matches!(self, Self::Destroy { .. } | Self::Gone)
    }
}

/// One object of the log.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ObjectPlan {
    #[serde(skip)]
    pub(super) name: ObjectName,
    /// Its name for people.
    pub object: String,
    /// Its first and last sequence number.
    pub sequences: (u64, u64),
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it holds nothing that may stay, and is removed.
    pub remove: bool,
    /// Whether it would be removed, and some sink does not have it yet.
    pub waits_for_sinks: bool,
    /// Whether it holds something that nobody can read any more, and stays for the sake of other
    /// classes.
    pub partly_over: bool,
    /// Whether tombstones are put in the place of what is over: of an archive, that is partly over.
    pub buried: bool,
    /// The segments and classes in it that are over.
    #[serde(skip)]
    pub(super) over: BTreeSet<(u64, u16)>,
}

impl RetentionPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.seals_active
            && self.keys_to_destroy().next().is_none()
            && self
                .objects
                .iter()
                .all(|object| !object.remove && !object.buried)
    }

    pub(super) fn keys_to_destroy(&self) -> impl Iterator<Item = &KeyPlan> {
        self.keys
            .iter()
            .filter(|key| matches!(key.decision, Decision::Destroy { .. }))
    }
}

impl Retention {
    /// What would go now, and why. Changes nothing, and needs no more than the log's first lines
    /// where all classes of a month are over together.
    ///
    /// # Errors
    ///
    /// When the log or its keyring cannot be read.
    pub fn plan(&self, log: &Maintenance) -> Result<RetentionPlan, LoggingError> {
        self.plan_and(log, false)
    }

    pub(super) fn plan_and(
        &self,
        log: &Maintenance,
        keep_time: bool,
    ) -> Result<RetentionPlan, LoggingError> {
        let mut left = RETAKES;
        loop {
            match self.plan_once(log, keep_time) {
                // Somebody else removes objects right now.
                Err(LoggingError::IoError { source })
                    if left > 0 && matches!(*source, SinkError::Missing { .. }) =>
                {
                    left -= 1;
                }
                planned => return planned,
            }
        }
    }

    fn plan_once(&self, log: &Maintenance, keep_time: bool) -> Result<RetentionPlan, LoggingError> {
        let files = LogFiles::plain(log.storage()).with_archives(log.archives().cloned());
        let objects = Objects::take(&files)?;
        let seen = Seen::look(log, &objects, self.shortest().filter(|_| keep_time))?;
        let newest = newest_line(&objects)?;
        let (now, trust) = trusted_time(log.keyring(), log.clock().now(), newest, keep_time)?;
        let holds = holds(log.keyring())?;
        let names = class_names(seen.bodies());
        let mut periods = log.keyring().inventory()?.periods;
        periods.sort_by(|a, b| (&a.period, a.class, a.id).cmp(&(&b.period, b.class, b.id)));
        let keys: Vec<KeyPlan> = periods
            .into_iter()
            .map(|info| self.key_plan(info, &names, &holds, now))
            .collect();
        let over: BTreeSet<[u8; 16]> = keys
            .iter()
            .filter(|key| key.decision.is_over())
            .map(|key| key.id)
            .collect();
        let mut plans = Vec::new();
        let mut seals_active = false;
        for (at, seen) in seen.0.iter().enumerate() {
            let plan = match seen {
                Look::Later => None,
                Look::Object(headers) => object_plan(log.storage(), &objects, at, headers, &over)?,
                Look::Archive(archive) => Some(archive.plan(objects.name(at), &over)),
            };
            let Some(plan) = plan else { continue };
            if plan.name == ObjectName::Active {
                seals_active |= plan.remove;
                plans.push(ObjectPlan {
                    remove: false,
                    ..plan
                });
            } else {
                let waits = plan.remove && !self.is_shipped(log, &plan.name);
                plans.push(ObjectPlan {
                    remove: plan.remove && !waits,
                    waits_for_sinks: waits,
                    ..plan
                });
            }
        }
        Ok(RetentionPlan {
            now: Timestamp::from_system_time(now).to_string(),
            trust,
            keys,
            objects: plans,
            holds,
            seals_active,
        })
    }

    /// Days that entries are kept at least, where any class has an end.
    fn shortest(&self) -> Option<u32> {
        let days = self.classes.iter().map(|(_, days)| *days);
        days.filter(|days| *days > 0).min()
    }

    fn is_shipped(&self, log: &Maintenance, object: &ObjectName) -> bool {
        let sinks = self.sinks.iter().map(String::as_str);
        self.sinks.is_empty()
            || shipped_through(log.path(), sinks).is_some_and(|newest| newest >= *object)
    }

    fn key_plan(
        &self,
        info: PeriodInfo,
        names: &BTreeMap<[u8; 16], BTreeSet<String>>,
        holds: &[LegalHold],
        now: SystemTime,
    ) -> KeyPlan {
        let names: Vec<String> = match names.get(&info.id) {
            Some(names) => names.iter().cloned().collect(),
            None if info.class == 0 => vec!["default".to_owned()],
            // No segment in a file of its own names it: the longest time of all classes counts.
            None => self.classes.iter().map(|(name, _)| name.clone()).collect(),
        };
        KeyPlan {
            decision: self.decide(&info, &names, holds, now),
            id: info.id,
            class: info.class,
            names,
            period: info.period,
        }
    }

    fn decide(
        &self,
        info: &PeriodInfo,
        names: &[String],
        holds: &[LegalHold],
        now: SystemTime,
    ) -> Decision {
        if info.state == PeriodState::Destroyed {
            return Decision::Gone;
        }
        if names.is_empty() || names.iter().any(|name| !self.knows(name)) {
            return Decision::UnknownClass;
        }
        let Some(end) = end_of_period(&info.period) else {
            return Decision::UnknownClass;
        };
        // Of several names under one key the longest time counts.
        let days = names
            .iter()
            .map(|name| self.days(name))
            .try_fold(0, |most, days| days.map(|days| days.max(most)));
        let Some(over) = days.and_then(|days| end.checked_add(DAY * days)) else {
            return Decision::KeepForEver;
        };
        let day = Timestamp::from_system_time(over).to_string()[..10].to_owned();
        if now < over {
            return Decision::Keep { until: day };
        }
        let by: Vec<String> = holds
            .iter()
            .filter(|hold| names.iter().any(|name| hold.covers(name, &info.period)))
            .map(|hold| hold.name.clone())
            .collect();
        if by.is_empty() {
            Decision::Destroy { since: day }
        } else {
            Decision::Held { by }
        }
    }
}

/// The names that the segments give the classes whose secrets are under each key.
fn class_names<'a>(
    headers: impl Iterator<Item = &'a SegmentBody>,
) -> BTreeMap<[u8; 16], BTreeSet<String>> {
    let mut names = BTreeMap::<_, BTreeSet<String>>::new();
    for class in headers.flat_map(|body| &body.classes) {
        for id in class.key_ids().filter_map(fixed) {
            names.entry(id).or_default().insert(class.name.clone());
        }
    }
    names
}

fn object_plan(
    storage: &Arc<dyn Storage>,
    objects: &Objects,
    at: usize,
    headers: &[SegmentBody],
    over: &BTreeSet<[u8; 16]>,
) -> Result<Option<ObjectPlan>, LoggingError> {
    let Some(first) = headers.first() else {
        // Damaged, or only begun: not for retention to judge.
        return Ok(None);
    };
    let name = objects.name(at).clone();
    let is_over = |body: &SegmentBody, class: u16| class_is_over(body, class, over);
    let whole = headers.iter().all(|body| all_is_over(body, over));
    let none = headers
        .iter()
        .all(|body| !body.classes.iter().any(|class| is_over(body, class.class)));
    let mut last = objects.ends_before(at).checked_sub(1);
    if objects.ends_before(at) == u64::MAX {
        last = None;
    }
    let mut remove = whole;
    let mut partly_over = false;
    if last.is_none() || !(whole || none) {
        let read = read_classes(objects, at, headers, &is_over)?;
        last = last.or(read.last);
        remove = read.over && !read.alive;
        partly_over = read.over && read.alive;
        if whole {
            remove = true;
        }
    }
    Ok(Some(ObjectPlan {
        object: crate::read::object_label(&name),
        sequences: (first.previous.size, last.unwrap_or(first.previous.size)),
        bytes: storage.source(&name)?.len()?,
        remove,
        waits_for_sinks: false,
        partly_over,
        buried: false,
        over: BTreeSet::new(),
        name,
    }))
}

pub(super) fn class_is_over(body: &SegmentBody, class: u16, over: &BTreeSet<[u8; 16]>) -> bool {
    let class = body.classes.iter().find(|it| it.class == class);
    class.is_some_and(|class| {
        let mut ids = class.key_ids();
        ids.all(|id| fixed(id).is_some_and(|id| over.contains(&id)))
    })
}

pub(super) fn all_is_over(body: &SegmentBody, over: &BTreeSet<[u8; 16]>) -> bool {
    let mut classes = body.classes.iter();
    classes.all(|class| class_is_over(body, class.class, over))
}

/// What the lines of an object say about the classes that are in it.
struct Classes {
    last: Option<u64>,
    /// Whether there are entries that are over, and others.
    over: bool,
    alive: bool,
}

fn read_classes(
    objects: &Objects,
    at: usize,
    headers: &[SegmentBody],
    is_over: &impl Fn(&SegmentBody, u16) -> bool,
) -> Result<Classes, LoggingError> {
    let mut found = Classes {
        last: None,
        over: false,
        alive: false,
    };
    let mut body: Option<&SegmentBody> = None;
    let mut next = headers.iter();
    let mut lines = objects.lines(at, 0)?;
    while let Some(read) = lines.next()? {
        let Ok(line) = parse_line(read.bytes) else {
            // Nobody knows what it is: it stays.
            found.alive = true;
            continue;
        };
        if line.sequence() >= objects.ends_before(at) {
            break;
        }
        found.last = Some(line.sequence());
        if crate::read::segment_body(&line.body).is_some() {
            body = next.next();
        }
        let class = match &line.body {
            Body::Entry { line, .. } => line.class,
            Body::Chunk(chunk) => chunk.class,
            Body::Control(_) | Body::Tombstone(_) => continue,
        };
        match body {
            Some(body) if is_over(body, class) => found.over = true,
            _ => found.alive = true,
        }
    }
    Ok(found)
}

/// The time of the log's newest line.
fn newest_line(objects: &Objects) -> Result<Option<Timestamp>, LoggingError> {
    for at in (0..objects.len()).rev() {
        let mut newest = None;
        let mut lines = objects.outlines(at)?;
        while let Some(read) = lines.next()? {
            let time = parse_line(read.bytes)
                .ok()
                .and_then(|line| match line.body {
                    Body::Entry { line, .. } => Some(line.timestamp),
                    Body::Chunk(chunk) => Some(chunk.timestamp),
                    Body::Control(control) => Some(control.timestamp),
                    Body::Tombstone(_) => None,
                });
            newest = newest.max(time);
        }
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}

/// The first moment after a month.
pub(super) fn end_of_period(period: &str) -> Option<SystemTime> {
    let (year, month) = period.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    let (year, month) = match month {
        1..=11 => (year, month + 1),
        12 => (year + 1, 1),
        _ => return None,
    };
    let first = format!("{year:04}-{month:02}-01T00:00:00.000000Z");
    let first = Timestamp::parse_canonical(&first).ok()?;
    Some(first.to_system_time())
}
