//! The parts of the list's page, one a file.

mod actions;
mod announcer;
mod bed_warning;
mod choose_columns;
mod clear_all;
mod clock;
mod conflict;
mod dialog;
mod empty_bed;
mod erased;
mod field_input;
mod flag_choice;
mod header;
mod hold;
mod identity;
mod keys;
mod menu;
mod patient_form;
mod patient_row;
mod patient_table;
mod patient_view;
mod pending;
mod presence;
mod question;
mod same_person;
mod stopped;
mod submission;
mod toast;
mod toolbar;
mod transfer;
mod unsaved;
mod views;
mod wall;
mod wall_dialog;
mod ward_plan;
mod ward_view;
mod words;

pub(crate) use self::{
    announcer::Announcer, dialog::Dialog, header::Header, keys::listen, patient_table::PatientTable, toast::Toast,
    toolbar::Toolbar, unsaved::UnsavedStrip, wall::WallSheet, ward_view::WardView,
};
pub use self::{clock::Clock, dialog::Dialogs, erased::react};
