//! Doing what was planned: saying so, destroying keys, removing objects, and saying that it was done.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use symlog_keys::Id;
use symlog_sink::{SinkError, Storage};

use super::Retention;
use super::plan::{KeyPlan, ObjectPlan, RetentionPlan};
use crate::archive::Buried;
use crate::error::LoggingError;
use crate::maintenance::{Maintenance, Permit};

/// Keys and objects that one signed line names, so that it stays readable.
const AT_ONCE: usize = 100;
/// Ranges of sequence numbers that one names, where entries of several classes alternate.
const RANGES: usize = 4096;

/// What was done, as the log says it too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RetentionReceipt {
    /// The sequence numbers of the signed lines that say so.
    pub lines: Vec<u64>,
    /// Period keys that were destroyed.
    pub keys: usize,
    /// How sure it is that they are gone; absent where none was.
    pub assurance: Option<String>,
    /// Objects that were removed.
    pub objects: usize,
    /// Bytes that they took.
    pub bytes: u64,
    /// The lines that were in them, as ranges of sequence numbers.
    pub sequences: Vec<(u64, u64)>,
    /// Lines in whose place tombstones were put, in archives that hold others, too.
    pub buried: u64,
    /// Copies elsewhere that the objects were removed from, too.
    pub copies: usize,
    /// Copies that keep what they hold until the retention of the place itself takes it, since
    /// nothing can be removed there.
    pub kept: usize,
    /// Objects that stay until a copy can be reached, so that they are removed there as well.
    pub waiting: usize,
    /// Why the copy could not be reached.
    pub unreachable: Option<String>,
}

impl Retention {
    /// Does what is due: says in the log what will go, destroys the keys, removes the objects here and
    /// in `replicas`, and says that it is done. What was interrupted is done by the next call. While
    /// one of the replicas cannot be reached, keys are destroyed and objects wait.
    ///
    /// # Errors
    ///
    /// When the log or its keyring cannot be written, or something cannot be removed.
    pub fn apply(
        &self,
        log: &Maintenance,
        replicas: &[Arc<dyn Storage>],
    ) -> Result<RetentionReceipt, LoggingError> {
        let mut receipt = RetentionReceipt::default();
        let mut plan = self.plan_and(log, true)?;
        if plan.seals_active {
            log.seal()?;
            plan = self.plan_and(log, true)?;
        }
        let unreachable = replicas.iter().find_map(|replica| replica.objects().err());
        if let Some(error) = &unreachable {
            tracing::warn!(%error, "a copy of the log cannot be reached, so files that are over stay until it can");
        }
        while let Some(step) = Step::of(&plan, unreachable.is_none()) {
            if log.is_ending() {
                break;
            }
            step.take(log, replicas, &plan, &mut receipt)?;
            plan = self.plan_and(log, true)?;
        }
        for object in plan.objects.iter().filter(|object| object.buried) {
            if log.is_ending() {
                break;
            }
            bury(log, object, &plan, &mut receipt)?;
        }
        receipt.copies = replicas.len() - receipt.kept;
        if let Some(error) = unreachable {
            receipt.waiting = plan.objects.iter().filter(|it| it.remove).count();
            receipt.unreachable = (receipt.waiting > 0).then(|| error.to_string());
        }
        Ok(receipt)
    }
}

struct Step<'a> {
    keys: Vec<&'a KeyPlan>,
    objects: Vec<&'a ObjectPlan>,
}

impl<'a> Step<'a> {
    fn of(plan: &'a RetentionPlan, may_remove: bool) -> Option<Self> {
        let keys: Vec<_> = plan.keys_to_destroy().take(AT_ONCE).collect();
        // Only what no key opens any more: were the keys to stay, so would the objects.
        let objects: Vec<_> = if !may_remove || plan.keys_to_destroy().nth(AT_ONCE).is_some() {
            Vec::new()
        } else {
            let removed = plan.objects.iter().filter(|object| object.remove);
            removed.take(AT_ONCE).collect()
        };
        (!keys.is_empty() || !objects.is_empty()).then_some(Self { keys, objects })
    }

    fn take(
        &self,
        log: &Maintenance,
        replicas: &[Arc<dyn Storage>],
        plan: &RetentionPlan,
        receipt: &mut RetentionReceipt,
    ) -> Result<(), LoggingError> {
        let intent = log.say(Permit::Expired, &self.intent(plan))?;
        receipt.lines.push(intent);
        let ids: Vec<Id> = self.keys.iter().map(|key| key.id).collect();
        let mut assurance = None;
        if !ids.is_empty() {
            let destruction = log.keyring().destroy_periods(&ids)?;
            receipt.keys += destruction.destroyed;
            assurance = Some(destruction.assurance.to_string());
            receipt.assurance.clone_from(&assurance);
        }
        let mut keeps = vec![false; replicas.len()];
        for object in &self.objects {
            for (replica, keeps) in replicas.iter().zip(&mut keeps) {
                match replica.remove(&object.name) {
                    Ok(()) | Err(SinkError::Missing { .. }) => {}
                    // Its payloads cannot be opened any more, and to wait would be to wait for ever.
                    Err(error) if cannot_remove(&error) => *keeps = true,
                    Err(error) => return Err(error.into()),
                }
            }
            match log.storage().remove(&object.name) {
                Ok(()) | Err(SinkError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(archives) = log.archives() {
                archives.remove(&**log.storage(), &object.name)?;
            }
            receipt.objects += 1;
            receipt.bytes += object.bytes;
            receipt.sequences.push(object.sequences);
        }
        let mut done = Map::new();
        done.insert("state".to_owned(), "done".into());
        done.insert("intent".to_owned(), intent.into());
        done.insert("keys".to_owned(), ids.len().into());
        done.insert("assurance".to_owned(), assurance.into());
        done.insert("objects".to_owned(), self.objects.len().into());
        let kept = keeps.iter().filter(|keeps| **keeps).count();
        receipt.kept = receipt.kept.max(kept);
        done.insert("copies".to_owned(), (replicas.len() - kept).into());
        if kept > 0 {
            done.insert("kept".to_owned(), kept.into());
        }
        done.insert("sequences".to_owned(), Value::Array(Vec::new()));
        receipt.lines.push(log.say(Permit::Expired, &done)?);
        Ok(())
    }

    /// What the line says that comes before anything is done.
    fn intent(&self, plan: &RetentionPlan) -> Map<String, Value> {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| json!({"class": key.class, "names": key.names, "period": key.period}))
            .collect();
        let sequences: Vec<_> = self.objects.iter().map(|object| object.sequences).collect();
        intent(plan, keys, &sequences)
    }
}

/// Whether nothing can ever be removed there, as from a topic.
fn cannot_remove(error: &SinkError) -> bool {
    matches!(error, SinkError::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported)
}

fn intent(plan: &RetentionPlan, keys: Vec<Value>, sequences: &[(u64, u64)]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("state".to_owned(), "intent".into());
    body.insert("time".to_owned(), plan.now.clone().into());
    body.insert("keys".to_owned(), keys.into());
    body.insert("sequences".to_owned(), json!(sequences));
    body
}

/// Puts tombstones in the place of what is over in an archive that holds other things, too. Its keys are
/// gone by now; this takes away what stands in clear.
fn bury(
    log: &Maintenance,
    object: &ObjectPlan,
    plan: &RetentionPlan,
    receipt: &mut RetentionReceipt,
) -> Result<(), LoggingError> {
    let Some(archives) = log.archives() else {
        return Ok(());
    };
    let storage = &**log.storage();
    let is_over = |segment, class| object.over.contains(&(segment, class));
    let lines = archives.lines_of(storage, &object.name, &is_over)?;
    let mut buried = Vec::new();
    for ranges in lines.chunks(RANGES) {
        let allowed_by = log.say(Permit::Expired, &intent(plan, Vec::new(), ranges))?;
        receipt.lines.push(allowed_by);
        buried.extend(ranges.iter().map(|&(first, last)| Buried {
            first,
            last,
            allowed_by,
        }));
    }
    archives.bury(storage, &object.name, &buried, &mut |body| {
        receipt.lines.push(log.say(Permit::Archived, body)?);
        Ok(())
    })?;
    receipt.buried += buried
        .iter()
        .map(|run| run.last - run.first + 1)
        .sum::<u64>();
    Ok(())
}
