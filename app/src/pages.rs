//! The pages, and what the server loads for each.

pub mod data;
mod list;
mod password;
#[cfg(feature = "ssr")]
mod problem;
mod sign_in;
#[cfg(feature = "ssr")]
pub mod still;
mod wall;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub use self::problem::Problem;
pub use self::{
    list::{Early, ListApp},
    password::PasswordForm,
    sign_in::SignInForm,
    wall::WallApp,
};
use crate::{
    components::{Clock, Dialogs, react},
    language::Language,
    list::{arrange::Query, beds::Bed, index::Rows},
    live::{Live, View},
    patient::{UtcTime, display::Zone},
    wire::{Personal, Position, UserInfo},
};

/// What the list's page is made from, beside the rows; it travels with the page, so that the browser starts from the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPage {
    /// Where the rows are, and from where the socket goes on.
    pub position: Position,
    /// The beds of the house, as far as there is a plan of it.
    pub beds: Vec<Bed>,
    /// Who is signed in.
    pub user: UserInfo,
    /// What they have of their own; of the same moment as the rows. `None` on a wall, which is nobody's.
    pub personal: Option<Personal>,
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

/// A page's parts, for the browser's half.
#[derive(Clone, Copy)]
pub struct Page {
    /// The list.
    pub live: Live,
    /// What is shown of it.
    pub view: View,
    /// What time it is.
    pub clock: Clock,
    /// What is done with it.
    pub use_of: Use,
}

/// What is done with a page.
#[derive(Clone, Copy)]
pub enum Use {
    /// Somebody works with the list; this covers it.
    List(Dialogs),
    /// It hangs on a wall; to be told when the login has ended.
    Wall(RwSignal<bool>),
}

/// What the browser's half runs once the page has come to life.
#[derive(Clone, Copy)]
pub struct Connect(pub fn(&Page));

/// The list that a page came with, for the page's parts.
fn begin(page: ListPage, rows: Rows, query: Query) -> (Live, View, Clock) {
    provide_context(page.language);
    let clock = Clock::new(page.now, page.zone);
    let live = Live::new(rows, page.user, page.personal, page.presence, query, clock.now, clock.day());
    let view = View::new(live);
    provide_context(live);
    provide_context(view);
    provide_context(clock);
    react(move || view.obey());
    react(move || view.follow());
    (live, view, clock)
}

/// Hands the page to the browser's half, which connects all this; on the server there is nothing to connect.
fn connect(page: &Page, first: impl Fn() + 'static) {
    let page = *page;
    if let Some(Connect(connect)) = use_context::<Connect>() {
        // Once: it follows nothing.
        react(move || {
            untrack(|| {
                first();
                connect(&page);
            });
        });
    }
}

/// What the sign-in page is made from.
#[derive(Clone, Debug, Default)]
pub struct SignInPage {
    /// The language that the page is in.
    pub language: Language,
    /// The wall that is to be shown then, by its address.
    pub wall: Option<String>,
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

/// What a page is made from that tells why there is no other one.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct ProblemPage {
    /// The language that the page is in.
    pub language: Language,
    /// What has happened: the key of a text.
    pub title: &'static str,
    /// What it means and what to do: as above.
    pub words: &'static str,
    /// The number under which it was logged.
    pub id: Option<String>,
}
