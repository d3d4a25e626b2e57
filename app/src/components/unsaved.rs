use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    conflict::ConflictPart,
    dialog::{DialogTitle, Done, Open},
    erased::{part, press, react, text, when},
    submission::{Conflict, Submission},
    words::Changes,
};
use crate::{
    edits::{Edit, Pending, Stuck},
    live::Live,
    patient::Patient,
};

fn count(words: [&str; 2], n: usize, rest: [&str; 2]) -> String {
    let one = usize::from(n != 1);
    format!("{n} {}{}", words[one], rest[one])
}

/// Says under the header how many of this user's changes are not saved, and the way to them.
#[component]
pub(crate) fn UnsavedStrip() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let having = move |state| live.edits.with(|edits| edits.iter().filter(|edit| edit.pending() == state).count());
    let counts = move || (having(Pending::Waiting), having(Pending::Stuck));
    let words = text(move || {
        let (waiting, stuck) = counts();
        let mut words = Vec::new();
        if waiting > 0 {
            words.push(count(
                ["change", "changes"],
                waiting,
                [" on this device is not saved yet.", " on this device are not saved yet."],
            ));
        }
        if stuck > 0 {
            words.push(count(["change", "changes"], stuck, [" needs your decision.", " need your decision."]));
        }
        words.join(" ")
    });
    let is_empty = when(move || counts() == (0, 0));
    // Told once for all that went out together.
    react(move || {
        let under_way = live.edits.with(|edits| edits.iter().any(|edit| edit.stuck().is_none() && !edit.is_saved()));
        let saved = live.kept_saved.get();
        if saved > 0 && !under_way {
            let text = count(["kept change", "kept changes"], saved, [" was saved.", " were saved."]);
            dialogs.done.set(Some(Done { text, undo: None }));
            live.kept_saved.set(0);
        }
    });
    view! {
        <section class="unsaved" class:empty=is_empty aria-label="Changes on this device">
            <p role="status" id="unsaved">{words}</p>
            <button type="button" class:hidden=is_empty on:click=press(move || dialogs.show(Open::Unsaved))>"Show"</button>
        </section>
    }
    .into_any()
}

/// What this user wants and the database has not confirmed, one by one; or the decision about one of them.
#[component]
pub(super) fn UnsavedDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    // The key of the edit that is being decided about.
    let deciding = RwSignal::new(None::<String>);
    part(move || match deciding.get().and_then(|key| live.edit(&key)) {
        Some(edit) => view! { <Decision edit/> }.into_any(),
        None => view! { <UnsavedList deciding/> }.into_any(),
    })
    .into_any()
}

#[component]
fn UnsavedList(deciding: RwSignal<Option<String>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let items = part(move || {
        let edits: Vec<Edit> = live.edits.get().into_iter().filter(|edit| !edit.is_saved()).collect();
        if edits.is_empty() {
            return view! { <p>"Nothing on this device is unsaved."</p> }.into_any();
        }
        edits.into_iter().map(|edit| view! { <UnsavedItem edit deciding/> }.into_any()).collect_view().into_any()
    });
    view! {
        <div class="record-list">
            <DialogTitle text="Changes on this device"/>
            <p>"These are not saved. What waits is sent by itself when the list is live; what others have changed meanwhile is never overwritten."</p>
            {items}
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>"Back to the list"</button>
            </div>
        </div>
    }
    .into_any()
}

/// Whom it is about, what is wanted, what has become of it, and what can be done.
#[component]
fn UnsavedItem(edit: Edit, deciding: RwSignal<Option<String>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let asking = RwSignal::new(false);
    let data = edit.data.clone().unwrap_or_default();
    // Somebody who is to be admitted has no row yet, and is who the form says.
    let patient = edit.base.clone().or_else(|| Patient::admit(&data, edit.made_at).ok().map(Arc::new));
    let identifiers = patient.map(|patient| patient.display_two_identifiers(clock.today(), &clock.zone()));
    let before = edit.base.as_ref().map(|base| base.values()).unwrap_or_default();
    let made_at = clock.zone().date_time(edit.made_at);
    let what = match &*edit.action {
        "create" => "Admission",
        "delete" => "Deletion of the record",
        _ => "Change",
    };
    let state = match (edit.stuck(), edit.pending()) {
        (Some(Stuck::Conflict { by, .. }), _) => {
            format!("⚠ {by} has changed this patient meanwhile. Your change is not saved; decide what is to stand.")
        }
        (Some(Stuck::Refused(reason)), _) => format!("⚠ {reason}"),
        (None, Pending::Waiting) => "◔ Not sent yet: waits until the list is live.".to_owned(),
        (None, _) => "⟳ Being saved…".to_owned(),
    };
    let (key, decided) = (edit.key.clone(), edit.key.clone());
    let discard = press(move || {
        live.forget(&key);
        // The button is gone with its item.
        if let Some(title) = document().get_element_by_id("dialog-title") {
            use leptos::wasm_bindgen::JsCast as _;
            let _ = title.unchecked_ref::<leptos::web_sys::HtmlElement>().focus();
        }
    });
    let again = edit.pk().filter(|id| matches!(edit.stuck(), Some(Stuck::Refused(_))) && live.exists(*id));
    let decide = matches!(edit.stuck(), Some(Stuck::Conflict { .. }));
    view! {
        <fieldset class="unsaved-item">
            <legend>{what}", "{made_at}</legend>
            <p class="identifiers">{identifiers}</p>
            <Changes before after=data/>
            <p><strong>{state}</strong></p>
            <div class="buttons">
                {decide.then(move || view! {
                    <button type="button" class="primary" on:click=press(move || deciding.set(Some(decided.clone())))>"Decide"</button>
                }.into_any())}
                {again.map(|id| view! {
                    <button type="button" on:click=press(move || dialogs.show(Open::Edit(id)))>"Edit again"</button>
                }.into_any())}
                <button type="button" on:click=press(move || asking.update(|asking| *asking = !*asking))>
                    {text(move || if asking.get() { "Do not discard" } else { "Discard" }.to_owned())}
                </button>
                <button type="button" class="danger" class:hidden=when(move || !asking.get()) on:click=discard>
                    "Discard for good"
                </button>
            </div>
        </fieldset>
    }
    .into_any()
}

/// The decision about a stuck edit, field by field.
#[component]
fn Decision(edit: Edit) -> impl IntoView {
    let submission = Submission::new();
    if let (Some(base), Some(Stuck::Conflict { current, by })) = (&edit.base, edit.stuck()) {
        submission.conflict.set(Some(Conflict {
            base: base.clone(),
            current: current.clone(),
            by: by.clone(),
            mine: edit.data.clone().unwrap_or_default(),
        }));
    }
    submission.decides.set_value(Some(edit.key));
    view! { <ConflictPart submission/> }
}
