use std::time::Duration;

use leptos::prelude::*;

use super::erased::text;
use crate::{
    language::use_language,
    live::{Live, personal::Touch},
    wire::{ATTEND_MS, How},
    wording,
};

/// Says who else looks at this patient or changes something, and what they have changed meanwhile; lets them know of this
/// user. For as long as it is shown.
#[component]
pub(super) fn Presence(id: i64, how: How) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    live.attend(Some((id, how)));
    // Twice before it would be forgotten.
    let again = set_interval_with_handle(move || live.attend_again(), Duration::from_millis(ATTEND_MS / 2)).ok();
    on_cleanup(move || {
        if let Some(again) = again {
            again.clear();
        }
        live.attend(None);
    });
    let words = text(move || {
        live.others.with(|(pk, others)| {
            let says = |how: How, [one, several]: [&'static str; 2]| {
                let names: Vec<&str> =
                    others.iter().filter(|other| other.how == how).map(|other| other.by.as_str()).collect();
                match names.len() {
                    0 => String::new(),
                    1 => t.fill(one, &[("names", &names.concat())]),
                    _ => t.fill(several, &[("names", &names.join(", "))]),
                }
            };
            if *pk != id {
                return String::new();
            }
            let editing = says(How::Editing, ["record.presence.editing.one", "record.presence.editing.other"]);
            let viewing = says(How::Viewing, ["record.presence.viewing.one", "record.presence.viewing.other"]);
            format!("{editing} {viewing}").trim().to_owned()
        })
    });
    let done = text(move || {
        // Who wants nothing to change is told of nothing either.
        if live.paused.with(Option::is_some) {
            return String::new();
        }
        let says = |touch: &Touch| {
            let labels: Vec<String> = touch.fields.iter().map(|name| wording::field(t, name)).collect();
            let key = if touch.is_deleted { "record.meanwhile.deleted" } else { "record.meanwhile.changed" };
            t.fill(key, &[("by", &touch.by), ("fields", &labels.join(", "))])
        };
        live.meanwhile().iter().map(says).collect::<Vec<_>>().join(" ")
    });
    view! {
        <p class="presence" role="status">{words}</p>
        <p class="meanwhile" role="status">{done}</p>
    }
    .into_any()
}
