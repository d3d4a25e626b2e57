use leptos::prelude::*;
use serde_json::Value;

use super::{
    Clock, Dialogs,
    dialog::DialogTitle,
    submission::{Conflict, Problem, Submission},
};
use crate::{
    live::Live,
    patient::{Data, field},
};

/// Field by field: what this user wrote, what the other did, who and when. Nothing is saved before each field that both
/// changed has been decided.
#[component]
pub(super) fn ConflictView(conflict: Conflict, submission: Submission) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let (base, current) = (conflict.base.values(), conflict.current.values());
    let (both, theirs_only): (Vec<String>, Vec<String>) = base
        .iter()
        .filter(|(name, value)| current.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .partition(|name| conflict.mine.contains_key(name) && conflict.mine.get(name) != current.get(name));
    // `true`: mine. Undecided fields are absent.
    let choices = RwSignal::new(Vec::<(String, bool)>::new());
    let undecided = both.clone();
    let blocked = Signal::derive(move || {
        submission.busy.get()
            || live.blocked.get()
            || choices.with(|made| undecided.iter().any(|name| chosen(made, name).is_none()))
    });
    let when = clock.zone().date_time(conflict.current.updated_at);
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
                    <p class="hint">"Before: "{shown(base.get(name))}</p>
                    <label>
                        <input type="radio" name=name.clone() prop:checked=move || mine_chosen(true) on:change=move |_| choose(true)/>
                        " Mine: "<strong>{shown(conflict.mine.get(name))}</strong>
                    </label>
                    <label>
                        <input
                            type="radio"
                            name=name.clone()
                            prop:checked=move || theirs_chosen(false)
                            on:change=move |_| choose_theirs(false)
                        />
                        " Theirs: "<strong>{shown(current.get(name))}</strong>
                    </label>
                </fieldset>
            }
        })
        .collect_view();
    let also = theirs_only
        .iter()
        .map(|name| {
            view! { <li>{field::label(name).to_owned()}": "{shown(base.get(name))}" → "<strong>{shown(current.get(name))}</strong></li> }
        })
        .collect_view();
    let (has_both, has_also) = (!both.is_empty(), !theirs_only.is_empty());
    let deletes = conflict.mine.is_empty();
    let newer = conflict.current.clone();
    let mine = conflict.mine.clone();
    let confirm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if deletes {
            // A delete is decided anew, in front of the row as it is.
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
            dialogs.finish("Nothing was changed: theirs was kept.".to_owned(), None);
            return;
        }
        submission.patch(live, newer.clone(), kept, move |row| {
            dialogs.finish(format!("Saved: {}", row.display_name()), None);
        });
    };
    view! {
        <form on:submit=confirm class="conflict">
            <DialogTitle text="Somebody else changed this patient"/>
            <p class="identifiers">{identifiers}</p>
            <p><strong>{conflict.by.clone()}</strong>" saved a change at "{when}" while you were at yours. Nothing of yours is saved yet."</p>
            {has_both.then(|| view! { <p>"You both changed these. Choose for each what is to stand:"</p> })}
            {rows}
            {has_also.then(|| view! { <p>"They also changed, and it stays:"</p> })}
            <ul>{also}</ul>
            <Problem submission/>
            <div class="buttons">
                <button type="submit" class="primary" disabled=blocked>
                    {if deletes { "Look at it again" } else { "Save my choices" }}
                </button>
                <button type="button" on:click=move |_| dialogs.close()>"Cancel, keep theirs"</button>
            </div>
        </form>
    }
    .into_any()
}

fn chosen(made: &[(String, bool)], name: &str) -> Option<bool> {
    made.iter().find(|(known, _)| known == name).map(|(_, mine)| *mine)
}

/// A value as a person reads it.
fn shown(value: Option<&Value>) -> String {
    let clock = expect_context::<Clock>();
    match value {
        None | Some(Value::Null) => "(empty)".to_owned(),
        Some(Value::String(text)) => {
            let is_time = text.len() > 10 && text.ends_with('Z');
            match text.parse().ok().filter(|_| is_time) {
                Some(time) => clock.zone().date_time(time),
                None => text.clone(),
            }
        }
        Some(Value::Array(flags)) => {
            let codes: Vec<&str> = flags.iter().filter_map(|flag| flag.get("code")?.as_str()).collect();
            if codes.is_empty() { "(none)".to_owned() } else { codes.join(", ") }
        }
        Some(other) => other.to_string(),
    }
}
