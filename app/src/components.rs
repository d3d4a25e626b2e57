//! The parts of the list's page, one a file.

mod actions;
mod announcer;
mod conflict;
mod dialog;
mod erased;
mod field_input;
mod header;
mod patient_form;
mod patient_row;
mod patient_table;
mod patient_view;
mod pending;
mod toast;
mod toolbar;
mod transfer;
mod unsaved;
mod words;

mod clock;
mod submission;

pub(crate) use self::{
    announcer::Announcer, dialog::Dialog, dialog::Dialogs, header::Header, patient_table::PatientTable, toast::Toast,
    toolbar::Toolbar, unsaved::UnsavedStrip,
};
pub use self::{clock::Clock, erased::react};
