use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::DialogTitle,
    erased::{input, part, press, submit, text, when},
    submission::{Conflict, Problem, Submission},
    words::{Changes, shown},
};
use crate::{
    live::Live,
    patient::{Data, field},
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
    let identifiers = conflict.current.display_two_identifiers(clock.today(), &clock.zone());
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
                    <legend>{field::label(name).to_owned()}</legend>
                    <p class="hint">"Before: "{shown(name, base.get(name))}</p>
                    <label>
                        <input type="radio" name=name.clone() prop:checked=when(move || mine_chosen(true)) on:change=input(move |_| choose(true))/>
                        " Mine: "<strong>{shown(name, conflict.mine.get(name))}</strong>
                    </label>
                    <label>
                        <input
                            type="radio"
                            name=name.clone()
                            prop:checked=when(move || theirs_chosen(false))
                            on:change=input(move |_| choose_theirs(false))
                        />
                        " Theirs: "<strong>{shown(name, current.get(name))}</strong>
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
            dialogs.finish("Nothing was changed: theirs was kept.".to_owned(), None);
            return;
        }
        submission.patch(newer.clone(), kept, move |row| {
            dialogs.finish(format!("Saved: {}", row.display_name()), None);
        });
    });
    view! {
        <form on:submit=confirm class="conflict">
            <DialogTitle text="Somebody else changed this patient"/>
            <p class="identifiers">{identifiers}</p>
            <p><strong>{conflict.by.clone()}</strong>" saved a change at "{saved_at}" while you were at yours. Nothing of yours is saved yet."</p>
            {has_both.then(|| view! { <p>"You both changed these. Choose for each what is to stand:"</p> }.into_any())}
            {rows}
            {has_theirs.then(|| view! { <p>"They also changed, and it stays:"</p><Changes before=before.0 after=theirs/> }.into_any())}
            {has_alone.then(|| view! { <p>"You alone changed, and it is saved with your choices:"</p><Changes before=before.1 after=alone/> }.into_any())}
            <Problem submission/>
            <div class="buttons">
                <button type="submit" class="primary" disabled=blocked>
                    {text(move || {
                        let label = match (deletes, live.blocked.get()) {
                            (true, _) => "Look at it again",
                            (false, false) => "Save my choices",
                            (false, true) => "Keep my choices until live",
                        };
                        label.to_owned()
                    })}
                </button>
                <button type="button" on:click=press(move || dialogs.close())>
                    {if later { "Decide later" } else { "Cancel, keep theirs" }}
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn chosen(made: &[(String, bool)], name: &str) -> Option<bool> {
    made.iter().find(|(known, _)| known == name).map(|(_, mine)| *mine)
}
