use crate::{ObjectName, SinkError, Source, Storage};

/// The objects of a log that belong together, while a writer goes on.
///
/// Listing the objects and then opening the active one would skip what was
/// sealed in between. A snapshot holds everything that was appended before it
/// was taken, without a gap.
#[derive(Debug)]
pub struct Snapshot {
    /// The sealed objects in order.
    pub sealed: Vec<ObjectName>,
    /// The active one behind them. `None` if there is none, or if one was sealed
    /// while the snapshot was taken: then all that was there is in `sealed`.
    pub active: Option<Box<dyn Source>>,
}

impl Snapshot {
    /// Opens the active object of `storage` between two lists of the sealed ones.
    ///
    /// # Errors
    ///
    /// Those of [`Storage::objects`] and [`Storage::source`], but not that there
    /// is no active object.
    pub fn take(storage: &dyn Storage) -> Result<Self, SinkError> {
        let before = sealed(storage)?;
        let active = match storage.source(&ObjectName::Active) {
            Ok(source) => Some(source),
            Err(SinkError::Missing { .. }) => None,
            Err(error) => return Err(error),
        };
        let sealed = sealed(storage)?;
        // With the same sealed objects before and after, what was opened in
        // between comes right behind them. Otherwise it is one of the new ones,
        // or what was appended to it is younger than this call.
        let active = active.filter(|_| sealed == before);
        Ok(Self { sealed, active })
    }
}

fn sealed(storage: &dyn Storage) -> Result<Vec<ObjectName>, SinkError> {
    let mut objects = storage.objects()?;
    objects.retain(|object| *object != ObjectName::Active);
    Ok(objects)
}
