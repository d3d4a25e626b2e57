//! The Wardwatch server.

mod clock;
pub mod store;
