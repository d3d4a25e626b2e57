use std::{collections::BTreeSet, time::Duration};

use leptos::prelude::*;

use super::erased::react;
use crate::{language::use_language, live::Live};

/// How long changes are gathered before they are read out together.
const GATHER: Duration = Duration::from_secs(2);

/// Tells a screen reader what others did, summed up and without moving the focus (4.1.3).
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let words = RwSignal::new(String::new());
    let gathering = StoredValue::new(false);
    react(move || {
        // Who wants nothing to change wants nothing read out either.
        let is_quiet = live.unannounced.with(BTreeSet::is_empty) || live.paused.with(Option::is_some);
        if is_quiet || gathering.get_value() {
            return;
        }
        gathering.set_value(true);
        // The same words twice would be no change, and not be read out.
        words.set(String::new());
        set_timeout(
            move || {
                gathering.set_value(false);
                let count = live.unannounced.with_untracked(BTreeSet::len);
                words.set(t.count(["list.updated.one", "list.updated.other"], count));
                live.unannounced.set(BTreeSet::new());
            },
            GATHER,
        );
    });
    view! { <p class="quiet" role="status" id="announcer">{words}</p> }
}
