use std::time::Duration;

use leptos::prelude::*;

use super::erased::text;
use crate::{
    live::Live,
    wire::{ATTEND_MS, How},
};

/// Says who else looks at this patient or changes something, and lets them know of this user, for as long as it is shown.
#[component]
pub(super) fn Presence(id: i64, how: How) -> impl IntoView {
    let live = expect_context::<Live>();
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
            let says = |how: How, words: [&str; 2]| {
                let names: Vec<&str> =
                    others.iter().filter(|other| other.how == how).map(|other| other.by.as_str()).collect();
                match names.len() {
                    0 => String::new(),
                    1 => format!("{} {} ", names.concat(), words[0]),
                    _ => format!("{} {} ", names.join(", "), words[1]),
                }
            };
            if *pk != id {
                return String::new();
            }
            let editing = says(How::Editing, ["is changing this record.", "are changing this record."]);
            let viewing = says(How::Viewing, ["is looking at this record.", "are looking at this record."]);
            format!("{editing}{viewing}").trim_end().to_owned()
        })
    });
    view! { <p class="presence" role="status">{words}</p> }.into_any()
}
