use super::units::NewUnit;
use crate::format::ControlKind;

/// What must be said in the log whatever becomes of the segment that says it.
#[derive(Clone, Debug)]
pub(super) enum Note {
    Control(ControlKind, String),
    /// A change of the keyring, with its number.
    Change(u64, ControlKind, String),
    Unit(u16, NewUnit),
}

impl Note {
    pub(super) fn of(change: Option<u64>, kind: ControlKind, body: String) -> Self {
        match change {
            Some(number) => Self::Change(number, kind, body),
            None => Self::Control(kind, body),
        }
    }
}
