use std::collections::HashMap;
use std::sync::Arc;

use symlog_crypto::Prk;

use super::field::UnitRef;
use super::sealer::Seat;

/// The PRKs of the erasure units that a sealer has met in the present segment: to extract one takes
/// longer than to derive the keys of a line from it.
#[derive(Debug, Default)]
pub(super) struct UnitPrks {
    segment: u64,
    by_unit: HashMap<(u16, UnitRef), Arc<Prk>>,
}

/// Units of which the PRK is kept; what conversations are at any moment under way.
const KEPT: usize = 1024;

impl UnitPrks {
    /// What the envelopes of an entry are sealed under.
    pub(super) fn of(&mut self, seat: &Seat<'_>) -> Arc<Prk> {
        let Some((reference, unit)) = seat.unit else {
            return seat.class.shared_without_unit();
        };
        if self.segment != seat.segment || self.by_unit.len() >= KEPT {
            self.segment = seat.segment;
            self.by_unit.clear();
        }
        let prk = self.by_unit.entry((seat.class.class, reference));
        let prk = prk.or_insert_with(|| Arc::new(seat.class.with_unit(unit)));
        Arc::clone(prk)
    }
}
