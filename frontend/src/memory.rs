//! What the browser keeps for this page: edits that are not saved yet over a reload, in this tab only; and whether this
//! device is to keep them, for good.

use app::{components::react, live::Live};
use leptos::prelude::*;

use crate::browser;

const KEEPS: &str = "wardwatch keep";

/// Restores what was kept, and keeps what is to be kept from now on.
pub(crate) fn remember(live: Live) {
    // What one person has typed is not sent in another one's name.
    let edits = live.user.with_value(|user| format!("wardwatch edits of {}", user.name));
    live.keeps.set(browser::stored(browser::local_storage(), KEEPS).as_deref() != Some("no"));
    if let Some(kept) = browser::stored(browser::session_storage(), &edits) {
        live.restore(&kept);
    }
    react(move || browser::store(browser::session_storage(), &edits, &live.to_keep()));
    react(move || browser::store(browser::local_storage(), KEEPS, if live.keeps.get() { "" } else { "no" }));
}
