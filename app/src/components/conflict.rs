use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::{DialogTitle, Undo},
    erased::{input, part, press, submit, text, when},
    submission::{Conflict, Problem, Submission},
    words::{changes, shown},
};
use crate::{
    change::Signed,
    language::use_language,
    live::Live,
    patient::{Data, Revision},
    wording::{self, two_identifiers},
};

/// What [`Patient::revise`](crate::patient::Patient::revise) takes along with each other; the first stands for both.
const GO_TOGETHER: [&str; 2] = ["status", "dismissal_date"];

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
    let theirs = conflict.theirs;
    let (base, current) = (conflict.base.values(), theirs.current.values());
    let [status, end] = GO_TOGETHER;
    let is_theirs = |name: &str| base.get(name) != current.get(name);
    let is_mine = |name: &str| conflict.mine.get(name).is_some_and(|mine| current.get(name) != Some(mine));
    let wanted = conflict.base.revise(&conflict.mine, Revision::Partial, clock.now.get_untracked());
    let wanted = wanted.map_or_else(|_| conflict.mine.clone(), |wanted| wanted.values());
    // Of these two a change of one takes the other along: they are one decision, unless it is about the date alone.
    let together = GO_TOGETHER.iter().any(|name| is_theirs(name))
        && GO_TOGETHER.iter().any(|name| is_mine(name))
        && (is_theirs(status) || wanted.get(status) != current.get(status));
    let goes_along = |name: &str| together && GO_TOGETHER.contains(&name);
    let both: Vec<String> = base
        .keys()
        .filter(|name| if goes_along(name) { *name == status } else { is_theirs(name) && is_mine(name) })
        .cloned()
        .collect();
    let theirs_only: Vec<String> =
        base.keys().filter(|name| is_theirs(name) && !is_mine(name) && !goes_along(name)).cloned().collect();
    // All that is decided by one choice.
    let said = |name: &str, values: &Data| {
        let date = goes_along(name).then(|| values.get(end)).flatten().filter(|date| !date.is_null());
        let date = date.map(|date| format!(", {}", shown(t, end, Some(date)))).unwrap_or_default();
        shown(t, name, values.get(name)) + &date
    };
    let deletes = conflict.mine.is_empty();
    // `true`: mine. Undecided fields are absent.
    let choices = RwSignal::new(Vec::<(String, bool)>::new());
    let undecided = both.clone();
    let blocked = when(move || {
        submission.busy.get()
            || (live.blocked.get() && (deletes || !live.keeps.get()))
            || choices.with(|made| undecided.iter().any(|name| chosen(made, name).is_none()))
    });
    let zone = clock.zone();
    let identifiers = two_identifiers(t, &theirs.current, clock.today(), &zone);
    let signature = |name: &str| theirs.of(name).or_else(|| theirs.of(end).filter(|_| goes_along(name)));
    let mut signed: Vec<Option<Signed>> = both.iter().chain(&theirs_only).map(|name| signature(name)).collect();
    signed.dedup();
    let told_at = |at| t.fill("record.conflict.told", &[("time", &zone.date_time(at))]);
    let (by, told) = match &*signed {
        [Some(all)] => (&all.by, told_at(all.at)),
        _ if theirs.fields.is_empty() => (&theirs.by, told_at(theirs.current.updated_at)),
        _ => (&theirs.by, t.text("record.conflict.told_each")),
    };
    // Where it is not the same for all: of each field.
    let sign = |name: &str| match signature(name) {
        Some(Signed { by, at }) if signed.len() > 1 => format!(" ({by}, {})", zone.date_time(at)),
        _ => String::new(),
    };
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
                    <p class="hint">{t.fill("record.conflict.before", &[("value", &said(name, &base))])}</p>
                    <label>
                        <input type="radio" name=name.clone() prop:checked=when(move || mine_chosen(true)) on:change=input(move |_| choose(true))/>
                        {t.text("record.conflict.mine")}<strong>{said(name, &wanted)}</strong>
                    </label>
                    <label>
                        <input
                            type="radio"
                            name=name.clone()
                            prop:checked=when(move || theirs_chosen(false))
                            on:change=input(move |_| choose_theirs(false))
                        />
                        {t.text("record.conflict.theirs")}<strong>{said(name, &current)}</strong>{sign(name)}
                    </label>
                </fieldset>
            }
        })
        .collect_view();
    let only = |all: &Data, wanted: &dyn Fn(&str) -> bool| -> Data {
        all.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let stays = only(&current, &|name| theirs_only.iter().any(|only| only == name));
    let alone = only(&conflict.mine, &|name| !goes_along(name) && !both.iter().any(|both| both == name));
    let (has_both, has_theirs, has_alone) = (!both.is_empty(), !stays.is_empty(), !alone.is_empty());
    let later = submission.decides.with_value(Option::is_some);
    let newer = theirs.current.clone();
    let mine = conflict.mine.clone();
    let confirm = submit(move || {
        if blocked.get_untracked() {
            return;
        }
        if deletes {
            // A delete is decided anew, in front of the row as it is.
            submission.settle();
            dialogs.show(super::dialog::Open::Delete(newer.id));
            return;
        }
        let made = choices.get_untracked();
        // Who leaves the status to somebody else leaves the time to them that goes with it.
        let gives_up_status = chosen(&made, "status") == Some(false);
        let goes_with_status = |name: &str| matches!(name, "admission_date" | "dismissal_date");
        let is_kept = |name: &str| chosen(&made, name).unwrap_or(!(gives_up_status && goes_with_status(name)));
        let kept: Data = mine.iter().filter(|(name, _)| is_kept(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
        if kept.is_empty() {
            submission.settle();
            dialogs.finish(t.text("record.conflict.theirs_kept"), None);
            return;
        }
        let before = newer.clone();
        submission.patch(newer.clone(), kept.clone(), move |row| {
            let told = t.fill("record.done.saved", &[("name", &row.display_name())]);
            dialogs.finish(told, Some(Undo::of(&before, &kept, row)));
        });
    });
    view! {
        <form on:submit=confirm class="conflict">
            <DialogTitle text=t.text("record.conflict.title")/>
            <p class="identifiers">{identifiers}</p>
            <p><strong>{by.clone()}</strong>{told}</p>
            {has_both.then(|| view! { <p>{t.text("record.conflict.choose")}</p> }.into_any())}
            {rows}
            {has_theirs.then(|| view! { <p>{t.text("record.conflict.theirs_only")}</p>{changes(t, &base, &stays, &sign)} }.into_any())}
            {has_alone.then(|| view! { <p>{t.text("record.conflict.mine_only")}</p>{changes(t, &base, &alone, &|_| String::new())} }.into_any())}
            <Problem submission/>
            <div class="buttons">
                <button type="submit" class="primary" aria-disabled=text(move || blocked.get().to_string())>
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
