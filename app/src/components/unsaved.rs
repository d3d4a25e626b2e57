use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    conflict::ConflictPart,
    dialog::{DialogTitle, Done, Open},
    erased::{part, press, react, text, when},
    patient_form::EditDialog,
    submission::{Conflict, Submission},
    words::Changes,
};
use crate::{
    edits::{Edit, Pending, Stuck},
    language::use_language,
    live::Live,
    patient::Patient,
    wording::{refusal, two_identifiers},
};

/// Says under the header how many of this user's changes are not saved, and the way to them.
#[component]
pub(crate) fn UnsavedStrip() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let having = move |state| live.edits.with(|edits| edits.iter().filter(|edit| edit.pending() == state).count());
    let counts = move || (having(Pending::Waiting), having(Pending::Stuck));
    let words = text(move || {
        let (waiting, stuck) = counts();
        let mut words = Vec::new();
        if waiting > 0 {
            words.push(t.count(["record.unsaved.waiting.one", "record.unsaved.waiting.other"], waiting));
        }
        if stuck > 0 {
            words.push(t.count(["record.unsaved.stuck.one", "record.unsaved.stuck.other"], stuck));
        }
        words.join(" ")
    });
    let is_empty = when(move || counts() == (0, 0));
    // Told once for all that went out together.
    react(move || {
        let under_way = live.edits.with(|edits| edits.iter().any(|edit| edit.stuck().is_none() && !edit.is_saved()));
        let saved = live.kept_saved.get();
        if saved > 0 && !under_way {
            let text = t.count(["record.unsaved.saved.one", "record.unsaved.saved.other"], saved);
            dialogs.done.set(Some(Done { text, undo: None }));
            live.kept_saved.set(0);
        }
    });
    view! {
        <section class="unsaved" class:empty=is_empty aria-label=t.text("record.unsaved.title")>
            <p role="status" id="unsaved">{words}</p>
            <button type="button" class:hidden=is_empty on:click=press(move || dialogs.show(Open::Unsaved))>{t.text("record.unsaved.show")}</button>
        </section>
    }
    .into_any()
}

/// What this user wants and the database has not confirmed, one by one; or the decision about one of them: what was refused is
/// corrected in the form.
#[component]
pub(super) fn UnsavedDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    // The key of the edit that is being decided about.
    let deciding = RwSignal::new(None::<String>);
    part(move || match deciding.get().and_then(|key| live.edit(&key)) {
        Some(edit) => match (edit.stuck(), edit.pk()) {
            (Some(Stuck::Refused(_)), Some(id)) => view! { <EditDialog id again=edit/> }.into_any(),
            _ => view! { <Decision edit/> }.into_any(),
        },
        None => view! { <UnsavedList deciding/> }.into_any(),
    })
    .into_any()
}

#[component]
fn UnsavedList(deciding: RwSignal<Option<String>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let items = part(move || {
        let edits: Vec<Edit> = live.edits.get().into_iter().filter(|edit| !edit.is_saved()).collect();
        if edits.is_empty() {
            return view! { <p>{t.text("record.unsaved.none")}</p> }.into_any();
        }
        edits.into_iter().map(|edit| view! { <UnsavedItem edit deciding/> }.into_any()).collect_view().into_any()
    });
    view! {
        <div class="record-list">
            <DialogTitle text=t.text("record.unsaved.title")/>
            <p>{t.text("record.unsaved.hint")}</p>
            {items}
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>{t.text("list.back")}</button>
            </div>
        </div>
    }
    .into_any()
}

/// Whom it is about, what is wanted, what has become of it, and what can be done.
#[component]
fn UnsavedItem(edit: Edit, deciding: RwSignal<Option<String>>) -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let asking = RwSignal::new(false);
    let data = edit.data.clone().unwrap_or_default();
    // Somebody who is to be admitted has no row yet, and is who the form says.
    let patient = edit.base.clone().or_else(|| Patient::admit(&data, edit.made_at).ok().map(Arc::new));
    let identifiers = patient.map(|patient| two_identifiers(t, &patient, clock.today(), &clock.zone()));
    let before = edit.base.as_ref().map(|base| base.values()).unwrap_or_default();
    let made_at = clock.zone().date_time(edit.made_at);
    let what = t.text(match &*edit.action {
        "create" => "record.unsaved.create",
        "delete" => "record.unsaved.delete",
        _ => "record.unsaved.patch",
    });
    let state = match (edit.stuck(), edit.pending()) {
        (Some(Stuck::Conflict(theirs)), _) => t.fill("record.unsaved.conflict", &[("by", &theirs.by)]),
        (Some(Stuck::Refused(why)), _) => format!("⚠ {}", refusal(t, why)),
        (None, Pending::Waiting) => t.text("record.unsaved.not_sent"),
        (None, _) => t.text("record.unsaved.saving"),
    };
    let (key, decided) = (edit.key.clone(), edit.key.clone());
    let discard = press(move || live.forget(&key));
    let decide = match edit.stuck() {
        Some(Stuck::Conflict(_)) => Some("record.unsaved.decide"),
        // There is something to edit.
        Some(Stuck::Refused(_)) if edit.data.is_some() && edit.pk().is_some_and(|id| live.exists(id)) => {
            Some("record.unsaved.edit_again")
        }
        _ => None,
    };
    view! {
        <fieldset class="unsaved-item">
            <legend>{what}", "{made_at}</legend>
            <p class="identifiers">{identifiers}</p>
            <Changes before after=data/>
            <p><strong>{state}</strong></p>
            <div class="buttons">
                {decide.map(|words| view! {
                    <button type="button" class="primary" on:click=press(move || deciding.set(Some(decided.clone())))>{t.text(words)}</button>
                }.into_any())}
                <button type="button" on:click=press(move || asking.update(|asking| *asking = !*asking))>
                    {text(move || t.text(if asking.get() { "record.unsaved.do_not_discard" } else { "record.unsaved.discard" }))}
                </button>
                <button type="button" class="danger" class:hidden=when(move || !asking.get()) on:click=discard>
                    {t.text("record.unsaved.discard_for_good")}
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
    if let (Some(base), Some(Stuck::Conflict(theirs))) = (&edit.base, edit.stuck()) {
        submission.conflict.set(Some(Conflict {
            base: base.clone(),
            theirs: theirs.clone(),
            mine: edit.data.clone().unwrap_or_default(),
        }));
    }
    submission.decides.set_value(Some(edit.key));
    view! { <ConflictPart submission/> }
}
