use leptos::prelude::*;

use super::{
    Arranged, Past,
    moment_form::{Field, choices, moment_form},
    moments::{self, NIGHT},
    parts::{Ground, alerts, identity, twice},
};
use crate::{
    list::{
        alike::{self, Part},
        beds::{Bed, Item},
        columns::Column,
    },
    patient::{Patient, UtcTime},
    wording,
};

/// The list as it was: never live, nothing to press in it, and it looks like nothing else.
pub(super) fn past(ground: &Ground, past: &Past, now: UtcTime) -> AnyView {
    let banner = past.shown.as_ref().map(|(at, ..)| {
        view! { <p class="historical no-print" role="note">{historical(ground, *at)}</p> }
    });
    let shown = past.shown.as_ref().map(|(at, arranged, columns)| {
        // Ages are those of that day.
        let ground = Ground { today: ground.zone.today(*at), ..ground.clone() };
        let announced = wording::announce(ground.language, &ground.query, arranged.patients.len(), arranged.total);
        view! {
            <p class="filters">{announced}</p>
            {table(&ground, arranged, columns, *at)}
        }
    });
    let heading = match &past.shown {
        Some((at, ..)) => ground.language.fill("still.past.title_at", &[("moment", &ground.zone.date_time(*at))]),
        None => ground.text("still.past.title"),
    };
    let twice = past.shown.as_ref().and_then(|(at, ..)| {
        twice(ground, now, *at, |other| ground.query.address_of("/past", &[("at", &other.to_string())]))
    });
    let field = Field { name: "", label: "still.past.moment", asked: &past.asked };
    view! {
        <h1>{heading}</h1>
        {banner}
        {twice}
        {past.shown.is_none().then(|| view! { <p class="lead">{ground.text("still.past.lead")}</p> })}
        {moment_form(ground, "/past", &[field], "still.past.show")}
        {choices(ground, quick(ground, now))}
        {shown}
    }
    .into_any()
}

/// Says that this is past, and of when it is.
fn historical(ground: &Ground, at: UtcTime) -> AnyView {
    let moment = ground.zone.date_time(at);
    view! {
        <strong>{ground.language.fill("still.past.banner", &[("moment", &moment)])}</strong>
        " "{ground.text("still.past.banner_more")}
    }
    .into_any()
}

fn quick(ground: &Ground, now: UtcTime) -> Vec<(String, String)> {
    let link = |words: String, at: UtcTime| (words, ground.query.address_of("/past", &[("at", &at.to_string())]));
    let night = moments::last(NIGHT, now, &ground.zone)
        .map(|at| link(ground.language.fill("still.past.night", &[("time", &NIGHT)]), at));
    let shift = moments::shift(now, &ground.zone)
        .map(|(time, at)| link(ground.language.fill("still.past.shift", &[("time", &time)]), at));
    let day = link(ground.text("still.past.day"), moments::hours_before(now, 24));
    night.into_iter().chain(shift).chain([day]).collect()
}

/// On paper its head, which a browser repeats on every page, says what the banner says.
fn table(ground: &Ground, arranged: &Arranged, columns: &[Column], at: UtcTime) -> AnyView {
    let alike = alike::among(&arranged.patients);
    let mut patients = arranged.patients.iter();
    // Both are in the same order.
    let row = |item: &Item| match item {
        Item::Patient(id) => {
            patients.next().map(|patient| row(ground, columns, patient, alike.get(id).copied())).into_any()
        }
        Item::Empty(bed) => empty_bed(ground, columns, bed),
    };
    let rows = arranged.items.iter().map(row).collect_view();
    let title = |column: &Column| view! { <th scope="col">{wording::column(ground.language, *column)}</th> };
    let width = (columns.len() + 2).to_string();
    let end = if arranged.patients.is_empty() { "still.past.nobody" } else { "still.end" };
    view! {
        <div class="table" role="region" tabindex="0" aria-labelledby="table-title">
            <table>
                <caption class="quiet" id="table-title">
                    {ground.language.fill("still.past.title_at", &[("moment", &ground.zone.date_time(at))])}
                </caption>
                <thead>
                    <tr class="printed"><td colspan=width.clone()>{historical(ground, at)}</td></tr>
                    <tr>
                        <th scope="col">{ground.text("still.bed")}</th>
                        <th scope="col">{ground.text("still.patient")}</th>
                        {columns.iter().map(title).collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {rows}
                    <tr class="last"><td colspan=width class="end">{ground.text(end)}</td></tr>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(ground: &Ground, columns: &[Column], patient: &Patient, alike: Option<Part>) -> AnyView {
    let cell = |column: &Column| {
        let label = wording::column(ground.language, *column);
        if *column == Column::Alerts {
            return view! { <td class="alerts" data-label=label>{alerts(ground, patient)}</td> }.into_any();
        }
        let [class, main, sub] = wording::cell(ground.language, *column, patient, &ground.zone);
        view! { <td data-label=label><span class=class>{main}</span><span class="sub">{sub}</span></td> }.into_any()
    };
    view! {
        <tr>
            <td class="place" data-label=ground.text("still.bed")>
                <span class="bed">{wording::bed(ground.language, patient)}</span><span class="sub">{wording::place(ground.language, patient)}</span>
            </td>
            <th scope="row" class="identity">{identity(ground, patient, alike)}</th>
            {columns.iter().map(cell).collect_view()}
        </tr>
    }
    .into_any()
}

fn empty_bed(ground: &Ground, columns: &[Column], bed: &Bed) -> AnyView {
    let place = wording::ward_and_room(&bed.ward, bed.room.as_deref());
    // No cell is as wide as none.
    let rest = (!columns.is_empty()).then(|| view! { <td colspan=columns.len().to_string()></td> });
    view! {
        <tr class="unoccupied">
            <td class="place" data-label=ground.text("still.bed")>
                <span class="bed">{bed.bed.clone()}</span><span class="sub">{place}</span>
            </td>
            <th scope="row" class="identity">{ground.text("wording.unoccupied")}</th>
            {rest}
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        language::Language,
        list::arrange::{Mine, Query},
        pages::still::{Asked, arrange},
        patient::display::Zone,
    };

    #[test]
    fn of_a_moment_that_the_clocks_showed_twice_it_is_said_which_one_is_shown() {
        let moment = |text: &str| text.parse::<UtcTime>().unwrap();
        // 2026-10-25T01:00Z back from BST.
        let zone = Zone { base_offset: 3600, changes: vec![(1_792_890_000, 0)] };
        let query = Query { ward: Some("Elm".to_owned()), ..Query::default() };
        let ground = Ground { language: Language::En, zone, query, today: date(2026, 10, 25) };
        let page = |at: &str, now: &str| {
            let shown = Some((moment(at), arrange(&[], &ground.query, &Mine::default()), Vec::new()));
            let page = Past { asked: Asked::default(), shown };
            Owner::new().with(|| past(&ground, &page, moment(now)).to_html())
        };
        let (first, second) = ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
        for (shown, other, words) in
            [(first, second, "this is the first time"), (second, first, "this is the second time")]
        {
            let html = page(shown, "2026-10-26T00:00:00Z");
            assert!(html.contains("25-Oct-2026 01:30 twice that night") && html.contains(words), "{html}");
            let link = format!("href=\"/past?at={}&amp;ward=Elm\"", other.replace(':', "%3A"));
            assert!(html.contains(&link), "{html}");
        }
        // The other one is yet to come.
        let html = page(first, "2026-10-25T00:40:00Z");
        assert!(html.contains("this is the first time") && !html.contains("Show the other one"), "{html}");
        assert!(!page("2026-10-25T02:30:00Z", "2026-10-26T00:00:00Z").contains("that night"));
    }
}
