use leptos::prelude::*;

use super::{
    History,
    compare::fields_of,
    parts::{Ground, changes, identifiers, values},
};
use crate::change::{Action, LoggedChange};

/// All that happened to one patient's record, the newest first.
pub(super) fn history(ground: &Ground, page: &History) -> AnyView {
    let last = &page.last.change;
    let (patient, name) = (&last.patient, last.patient.display_name());
    let heading = ground.language.fill("still.history.title", &[("name", &name)]);
    let deleted = (last.action == Action::Delete).then(|| {
        let words = ground
            .language
            .fill("still.history.deleted", &[("by", &last.by), ("moment", &ground.zone.date_time(last.at))]);
        view! { <p class="warning">{words}</p> }
    });
    let undone = page.undone.then(|| {
        let words = ground.language.fill("still.history.undone", &[("name", &name)]);
        view! { <p class="success" role="status">{words}</p> }
    });
    let undo = page.may_undo.then(|| {
        let address =
            ground.query.address_of(&format!("/patients/{}/undo", patient.id), &[("seq", &last.seq.to_string())]);
        view! { <p><a class="button" href=address>{ground.text("still.history.undo")}</a></p> }
    });
    let newest =
        page.before.map(|_| view! { <a href=ground.history(patient.id)>{ground.text("still.history.newest")}</a> });
    let older = page.changes.last().filter(|_| page.more).map(|oldest| {
        let before = oldest.change.seq.to_string();
        let address = ground.query.address_of(&format!("/patients/{}/history", patient.id), &[("before", &before)]);
        view! { <a href=address rel="next">{ground.text("still.history.older")}</a> }
    });
    let entries = page.changes.iter().map(|change| entry(ground, change)).collect_view();
    view! {
        <h1>{heading}</h1>
        {identifiers(ground, patient)}
        {undone}
        {deleted}
        {undo}
        <ol class="blocks">{entries}</ol>
        <nav class="pages" aria-label=ground.text("still.history.pieces")>{newest}" "{older}</nav>
        {(!page.more).then(|| view! { <p class="end">{ground.text("still.history.end")}</p> })}
    }
    .into_any()
}

fn entry(ground: &Ground, logged: &LoggedChange) -> AnyView {
    let change = &logged.change;
    let fields = fields_of(change);
    let what = match change.action {
        Action::Create => values(ground, &fields),
        Action::Update => changes(ground, &fields),
        Action::Delete => view! { <p>{ground.text("still.history.as_it_was")}</p> }.into_any(),
    };
    let (symbol, kind) = kind(change.action);
    let by =
        ground.language.fill("still.history.by", &[("by", &change.by), ("origin", &origin(ground, &logged.origin))]);
    view! {
        <li class="block">
            <div class="block-who">
                <h2><time datetime=change.at.to_string()>{ground.zone.date_time(change.at)}</time></h2>
                <p><span aria-hidden="true">{symbol}" "</span><strong>{ground.text(kind)}</strong></p>
                <p class="hint">{by}</p>
            </div>
            <div class="block-what">{what}</div>
        </li>
    }
    .into_any()
}

fn kind(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Create => ("+", "still.history.created"),
        Action::Update => ("✎", "still.history.changed"),
        Action::Delete => ("✕", "still.history.gone"),
    }
}

/// The door that a change came through, in words; one that this program does not know as it is spelt.
fn origin(ground: &Ground, origin: &str) -> String {
    match origin {
        "list" => ground.text("still.origin.list"),
        "token" => ground.text("still.origin.token"),
        // As it was before the two were told apart.
        "socket" => ground.text("still.origin.socket"),
        "page" => ground.text("still.origin.page"),
        "import" => ground.text("still.origin.import"),
        "demo" => ground.text("still.origin.demo"),
        other => other.to_owned(),
    }
}
