//! The pages, and what the server loads for each.

pub mod data;
mod list;
mod password;
mod sign_in;

use serde::{Deserialize, Serialize};

pub use self::{
    list::{Connect, Early, ListApp, Page},
    password::PasswordForm,
    sign_in::SignInForm,
};
use crate::{
    language::Language,
    patient::{UtcTime, display::Zone},
    wire::{Personal, Position, UserInfo},
};

/// What the list's page is made from, beside the rows; it travels with the page, so that the browser starts from the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPage {
    /// Where the rows are, and from where the socket goes on.
    pub position: Position,
    /// Who is signed in.
    pub user: UserInfo,
    /// What they have of their own; of the same moment as the rows.
    pub personal: Personal,
    /// Whether this server tells who attends a patient.
    pub presence: bool,
    /// The hospital's time.
    pub zone: Zone,
    /// The language that the page is in.
    pub language: Language,
    /// When the page was made.
    pub now: UtcTime,
    /// What is seen of the rows: see [`Query::from_address`](crate::list::arrange::Query::from_address).
    pub address: String,
}

/// What the sign-in page is made from.
#[derive(Clone, Debug, Default)]
pub struct SignInPage {
    /// The language that the page is in.
    pub language: Language,
    /// As typed before.
    pub name: String,
    /// Why it did not work.
    pub error: Option<String>,
}

/// What the page for a new password is made from.
#[derive(Clone, Debug)]
pub struct PasswordPage {
    /// The language that the page is in.
    pub language: Language,
    /// Whose.
    pub name: String,
    /// The present one was good for one sign-in only.
    pub must_change: bool,
    /// It has just been changed.
    pub changed: bool,
    /// Why it did not work.
    pub error: Option<String>,
}
