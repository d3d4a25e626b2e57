//! What a list shows, for other programs: as a table and as FHIR. `docs/exports.md` describes both.

mod fhir;
mod table;

pub(crate) use self::{fhir::ndjson, table::csv};
