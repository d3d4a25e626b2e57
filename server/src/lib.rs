//! The Wardwatch server. The way of one change: [`mod@socket`] → [`store`] (its writer, then the database) → `feed` →
//! `socket` again; `app`'s documentation has the map and `docs/ARCHITECTURE.md` the walk.

pub mod audit;
pub mod beds;
pub mod cli;
pub mod config;
pub mod import;
pub mod shutdown;
pub mod startup;
pub mod store;
pub mod telemetry;

mod asides;
mod auth;
mod clock;
mod demo;
mod error;
mod export;
mod feed;
mod pages;
mod routes;
mod socket;
mod spreadsheet;
mod state;
mod zone;
