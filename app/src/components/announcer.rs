use std::{collections::BTreeSet, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::erased::react;
use crate::{
    language::use_language,
    live::{Live, View},
    wording,
};

/// How long changes are gathered before they are read out together.
const GATHER: Duration = Duration::from_secs(2);

/// Who has not typed for so long has typed what they look for.
const TYPED: Duration = Duration::from_secs(1);

/// Tells a screen reader what others did, summed up, and what one has looked for, without moving the focus (4.1.3).
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
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
    // How many are found changes with whatever anybody does: it is told once.
    let filters = move || live.query.with(|query| wording::filters(t, query).concat());
    let told = StoredValue::new(untrack(filters));
    react(move || {
        let wanted = filters();
        if told.with_value(|told| *told == wanted) {
            return;
        }
        words.set(String::new());
        let tell = move || {
            told.set_value(wanted.clone());
            words.set(untrack(|| live.query.with(|query| wording::announce(t, query, view.count(), live.count()))));
        };
        let soon = set_timeout_with_handle(tell, TYPED).ok();
        on_cleanup(move || soon.iter().for_each(TimeoutHandle::clear));
    });
    view! { <p class="quiet" role="status" id="announcer">{words}</p> }
}
