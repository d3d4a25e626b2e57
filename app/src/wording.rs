//! What a person reads about a patient and about the list, in the page's language: the same in the live list and on pages
//! that hold still. On the wire codes, fields and messages have one spelling whatever the language. Knows no signals.

mod codes;
mod identity;
mod row;
mod said;

pub use self::{
    codes::{choices, column_label, field_label, flag_label, flags, gender_label, status_label, value},
    identity::{birth, born, number, two_identifiers, whole_place},
    row::{alerts, allergies, announce, attending, bed, filters, place, resuscitation, status},
    said::{errors, message, refusal},
};
