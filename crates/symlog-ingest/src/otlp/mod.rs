//! OTLP.
use crate::error::Problem;
use crate::fields::Fields;
use crate::reader::Unit;

#[derive(Default)]
pub(crate) struct Calls;
pub(crate) fn recognises(_f: &Fields<'_>) -> bool { false }
pub(crate) fn looks_like_protobuf(_h: &[u8]) -> bool { false }
impl Calls {
    pub(crate) fn overdue(&mut self) -> Option<Unit> { None }
    pub(crate) fn finish(&mut self) -> Option<Unit> { None }
    pub(crate) fn protobuf(&mut self, _b: &[u8], n: u64) -> Result<Unit, Problem> { Ok(Unit::new(n)) }
    pub(crate) fn json(&mut self, _f: &Fields<'_>, _t: &str, n: u64) -> Result<Unit, Problem> { Ok(Unit::new(n)) }
}
