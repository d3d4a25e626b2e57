use std::collections::HashMap;

use leptos::prelude::*;

use super::{
    Changes,
    compare::{Difference, Kind, Summary},
    moment_form::{Field, choices, moment_form},
    moments,
    parts::{Ground, changes as field_changes, identity, twice},
};
use crate::{
    list::alike::{self, Part},
    patient::UtcTime,
    wording,
};

/// What changed on a shift: who came, went, moved, and what is written otherwise.
pub(super) fn changes(ground: &Ground, page: &Changes, now: UtcTime) -> AnyView {
    let language = ground.language;
    let heading = match &page.shown {
        Some((from, to, _)) => {
            let (from, to) = (ground.zone.date_time(*from), ground.zone.date_time(*to));
            language.fill("still.changes.title_between", &[("from", &from), ("to", &to)])
        }
        None => ground.text("still.changes.title"),
    };
    let twice = page.shown.as_ref().map(|(from, to, _)| {
        let address = |from: UtcTime, to: UtcTime| {
            ground.query.address_of("/changes", &[("from", &from.to_string()), ("to", &to.to_string())])
        };
        let from_which = twice(ground, now, *from, |other| address(other, *to));
        view! { {from_which}{twice(ground, now, *to, |other| address(*from, other))} }
    });
    let fields = [
        Field { name: "from_", label: "still.changes.from", asked: &page.from },
        Field { name: "to_", label: "still.changes.to", asked: &page.to },
    ];
    let shown = page.shown.as_ref().map(|(_, _, differences)| {
        let filters = wording::filters(ground.language, &ground.query);
        let filters = (!filters.is_empty()).then(|| {
            let words = language.fill("still.changes.filtered", &[("filters", &filters.join(", "))]);
            view! { <p class="filters">{words}</p> }
        });
        let alike = alike::among(&differences.iter().map(|one| one.patient.clone()).collect::<Vec<_>>());
        view! {
            {filters}
            <p class="summary" role="status">{summary(ground, differences)}</p>
            {Kind::ALL.into_iter().map(|kind| section(ground, kind, differences, &alike)).collect_view()}
        }
    });
    view! {
        <h1>{heading}</h1>
        {twice}
        {moment_form(ground, "/changes", &fields, "still.changes.show")}
        {choices(ground, quick(ground, now))}
        {shown}
    }
    .into_any()
}

fn quick(ground: &Ground, now: UtcTime) -> Vec<(String, String)> {
    let link =
        |words: String, from: UtcTime| (words, ground.query.address_of("/changes", &[("from", &from.to_string())]));
    let hours = |hours: i64| {
        link(ground.language.fill("still.changes.hours", &[("hours", &hours)]), moments::hours_before(now, hours))
    };
    let since = moments::SHIFTS.iter().filter_map(|time| {
        let from = moments::last(time, now, &ground.zone)?;
        Some(link(ground.language.fill("still.changes.since", &[("time", time)]), from))
    });
    since.chain([hours(8), hours(12), hours(24)]).collect()
}

/// `7 patients: 3 came, 1 moved, 3 changed. 12 changes by 4 people.`
fn summary(ground: &Ground, differences: &[Difference]) -> String {
    let language = ground.language;
    if differences.is_empty() {
        return ground.text("still.changes.none");
    }
    let summary = Summary::of(differences);
    let kinds: Vec<String> = summary.kinds.iter().map(|(kind, count)| language.count(counted(*kind), *count)).collect();
    let patients = language.count(["still.changes.patients.one", "still.changes.patients.other"], differences.len());
    let changes = language.count(["still.changes.count.one", "still.changes.count.other"], summary.changes);
    let people = language.count(["still.changes.people.one", "still.changes.people.other"], summary.people);
    format!("{patients}: {}. {changes} {people}.", kinds.join(", "))
}

fn counted(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Came => ["still.kind.came.one", "still.kind.came.other"],
        Kind::Went => ["still.kind.went.one", "still.kind.went.other"],
        Kind::Passed => ["still.kind.passed.one", "still.kind.passed.other"],
        Kind::Moved => ["still.kind.moved.one", "still.kind.moved.other"],
        Kind::Changed => ["still.kind.changed.one", "still.kind.changed.other"],
    }
}

/// The kind's symbol, which is there beside its colour, and its heading.
fn heading(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Came => ("+", "still.kind.came.heading"),
        Kind::Went => ("−", "still.kind.went.heading"),
        Kind::Passed => ("±", "still.kind.passed.heading"),
        Kind::Moved => ("⇄", "still.kind.moved.heading"),
        Kind::Changed => ("✎", "still.kind.changed.heading"),
    }
}

fn section(ground: &Ground, kind: Kind, differences: &[Difference], alike: &HashMap<i64, Part>) -> Option<AnyView> {
    let of_kind: Vec<&Difference> = differences.iter().filter(|one| one.kind == kind).collect();
    let count = of_kind.len();
    let (symbol, words) = heading(kind);
    let blocks = of_kind.into_iter().map(|one| block(ground, one, alike.get(&one.patient.id).copied())).collect_view();
    (count > 0).then(|| {
        view! {
            <section class="kind">
                <h2><span aria-hidden="true">{symbol}" "</span>{ground.text(words)}" ("{count}")"</h2>
                <ul class="blocks">{blocks}</ul>
            </section>
        }
        .into_any()
    })
}

fn block(ground: &Ground, one: &Difference, alike: Option<Part>) -> AnyView {
    let patient = &one.patient;
    let what = match (&one.before, &one.after) {
        (Some(_), Some(_)) if one.fields.is_empty() => view! { <p>{ground.text("still.changes.back")}</p> }.into_any(),
        (Some(_), Some(_)) => field_changes(ground, &one.fields),
        (None, Some(_)) => new_record(ground, one),
        (Some(_), None) => view! { <p><strong>{ground.text("still.changes.deleted")}</strong></p> }.into_any(),
        (None, None) => view! { <p><strong>{ground.text("still.changes.deleted_again")}</strong></p> }.into_any(),
    };
    let times = ground.language.count(["still.changes.count.one", "still.changes.count.other"], one.count);
    let who = ground.language.fill(
        "still.changes.who",
        &[("changes", &times), ("by", &one.by.join(", ")), ("moment", &ground.zone.date_time(one.at))],
    );
    view! {
        <li class="block">
            <div class="block-who">
                {identity(ground, patient, alike)}
                <span class="sub">{wording::whole_place(ground.language, patient)}" · "{wording::status(ground.language, patient, &ground.zone)}</span>
            </div>
            <div class="block-what">{what}<p class="hint">{who}</p></div>
        </li>
    }
    .into_any()
}

/// Why somebody new is here.
fn new_record(ground: &Ground, one: &Difference) -> AnyView {
    let admitted = ground.zone.date_time(one.patient.admission_date);
    let words = ground.language.fill("still.changes.new", &[("moment", &admitted)]);
    let reason = one.patient.reason.clone().map(|reason| view! { <p class="lines">{reason}</p> });
    view! { <p><strong>{words}</strong></p>{reason} }.into_any()
}
