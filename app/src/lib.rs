//! What both halves of Wardwatch share, and the way of one change through it.
//!
//! ```text
//! browser row ── socket ──▶ dispatch ──▶ writer ──▶ database ──▶ feed ──▶ outboxes ──▶ socket ──▶ list ──▶ row
//!  components    frontend    server       server      sqlx        server    server      frontend   app    components
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`patient`] | the record, and the one place where a value's rule is applied |
//! | [`change`] | one committed change of one record |
//! | [`filter`] | which records somebody asked for |
//! | [`wire`] | the messages of the WebSocket protocol, for both ends |
//! | [`unseen`] | what changed and this user has not seen |
//! | [`list`] | the list as a replica: a pure reducer over a snapshot and changes |
//! | [`edits`] | what this user wants and the database has not confirmed |
//! | [`replica`] | one client's end of the protocol: frames in, frames and row changes out |
//! | [`language`] | the languages of the pages, and their texts |
//! | [`live`] | the list as signals: one for each row |
//! | [`wording`] | what a person reads about a row |
//! | [`components`], [`pages`], [`mod@shell`] | what a person sees |

rust_i18n::i18n!("locales", fallback = "en");

pub mod change;
pub mod components;
pub mod edits;
pub mod filter;
pub mod language;
pub mod list;
pub mod live;
pub mod pages;
pub mod patient;
pub mod replica;
pub mod shell;
pub mod unseen;
pub mod wire;
pub mod wording;
