use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::DialogTitle,
    erased::{input, part, press, submit, text, when},
    submission::{Conflict, Problem, Submission},
    words::{Changes, shown},
};
use crate::{
    language::use_language,
    live::Live,
    patient::Data,
    wording::{self, two_identifiers},
};

/// The decision, once there is one to make.
#[component]
pub(super) fn ConflictPart(submission: Submission) -> impl IntoView {
    part(move || {
        submission.conflict.get().map(|conflict| view! { <ConflictView conflict submission/> }.into_any()).into_any()
    })
    .into_any()
}

/// Field by field: what this user wrote, what the other did, who and when. Nothing is saved before each field that both
/// changed has been decided.
#[component]
fn ConflictView(conflict: Conflict, submission: Submission) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let (base, current) = (conflict.base.values(), conflict.current.values());
    let (both, theirs_only): (Vec<String>, Vec<String>) = base
        .iter()
        .filter(|(name, value)| current.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .partition(|name| conflict.mine.contains_key(name) && conflict.mine.get(name) != current.get(name));
    let deletes = conflict.mine.is_empty();
    // `true`: mine. Undecided fields are absent.
    let choices = RwSignal::new(Vec::<(String, bool)>::new());
    let undecided = both.clone();
    let blocked = when(move || {
        submission.busy.get()
            || (live.blocked.get() && (deletes || !live.keeps.get()))
            || choices.with(|made| undecided.iter().any(|name| chosen(made, name).is_none()))
    });
    let saved_at = clock.zone().date_time(conflict.current.updated_at);
    let identifiers = two_identifiers(t, &conflict.current, clock.today(), &clock.zone());
    let rows = both
        .iter()
        .map(|name| {
            let choose = {
                let name = name.clone();
                move |mine: bool| {
                    choices.update(|made| {
                        made.retain(|(known, _)| *known != name);
                        made.push((name.clone(), mine));
                    });
                }
            };
            let choose_theirs = choose.clone();
            let mine_chosen = {
                let name = name.clone();
                move |mine: bool| choices.with(|made| chosen(made, &name) == Some(mine))
            };
            let theirs_chosen = mine_chosen.clone();
            view! {
                <fieldset class="choice">
                    <legend>{wording::field(t, name)}</legend>
                    <p class="hint">{t.fill("record.conflict.before", &[("value", &shown(t, name, base.get(name)))])}</p>
                    <label>
                        <input type="radio" name=name.clone() prop:checked=when(move || mine_chosen(true)) on:change=input(move |_| choose(true))/>
                        {t.text("record.conflict.mine")}<strong>{shown(t, name, conflict.mine.get(name))}</strong>
                    </label>
                    <label>
                        <input
                            type="radio"
                            name=name.clone()
                            prop:checked=when(move || theirs_chosen(false))
                            on:change=input(move |_| choose_theirs(false))
                        />
                        {t.text("record.conflict.theirs")}<strong>{shown(t, name, current.get(name))}</strong>
                    </label>
                </fieldset>
            }
        })
        .collect_view();
    let only = |all: &Data, wanted: &dyn Fn(&str) -> bool| -> Data {
        all.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let theirs = only(&current, &|name| theirs_only.iter().any(|theirs| theirs == name));
    let alone = only(&conflict.mine, &|name| !both.iter().any(|both| both == name));
    let (has_both, has_theirs, has_alone) = (!both.is_empty(), !theirs.is_empty(), !alone.is_empty());
    let before = (base.clone(), base.clone());
    let later = submission.decides.with_value(Option::is_some);
    let newer = conflict.current.clone();
    let mine = conflict.mine.clone();
    let confirm = submit(move || {
        if deletes {
            // A delete is decided anew, in front of the row as it is.
            submission.settle();
            dialogs.show(super::dialog::Open::Delete(newer.id));
            return;
        }
        let made = choices.get_untracked();
        let kept: Data = mine
            .iter()
            .filter(|(name, _)| chosen(&made, name) != Some(false))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        if kept.is_empty() {
            submission.settle();
            dialogs.finish(t.text("record.conflict.theirs_kept"), None);
            return;
        }
        submission.patch(newer.clone(), kept, move |row| {
            dialogs.finish(t.fill("record.done.saved", &[("name", &row.display_name())]), None);
        });
    });
    view! {
        <form on:submit=confirm class="conflict">
            <DialogTitle text=t.text("record.conflict.title")/>
            <p class="identifiers">{identifiers}</p>
            <p><strong>{conflict.by.clone()}</strong>{t.fill("record.conflict.told", &[("time", &saved_at)])}</p>
            {has_both.then(|| view! { <p>{t.text("record.conflict.choose")}</p> }.into_any())}
            {rows}
            {has_theirs.then(|| view! { <p>{t.text("record.conflict.theirs_only")}</p><Changes before=before.0 after=theirs/> }.into_any())}
            {has_alone.then(|| view! { <p>{t.text("record.conflict.mine_only")}</p><Changes before=before.1 after=alone/> }.into_any())}
            <Problem submission/>
            <div class="buttons">
                <button type="submit" class="primary" disabled=blocked>
                    {text(move || t.text(match (deletes, live.blocked.get()) {
                        (true, _) => "record.conflict.look_again",
                        (false, false) => "record.conflict.save",
                        (false, true) => "record.conflict.keep",
                    }))}
                </button>
                <button type="button" on:click=press(move || dialogs.close())>
                    {t.text(if later { "record.conflict.later" } else { "record.conflict.cancel" })}
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn chosen(made: &[(String, bool)], name: &str) -> Option<bool> {
    made.iter().find(|(known, _)| known == name).map(|(_, mine)| *mine)
}
