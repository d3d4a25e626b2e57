use std::ops::Range;

use leptos::{
    ev::{FocusEvent, PointerEvent},
    prelude::*,
    web_sys::Element,
};

use super::{
    empty_bed::EmptyBed,
    erased::{each, entry, part, press, text, when},
    hold::Hold,
    patient_row::PatientRow,
};
use crate::{
    language::{Language, use_language},
    list::{
        arrange::{Query, SortBy},
        beds::Item,
        columns::Column,
        window::Window,
    },
    live::{LinkState, Live, View},
    wording,
};

/// The list. Of a long one only the rows near the screen are in the document, and one that has the focus.
#[component]
pub(crate) fn PatientTable() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let t = use_language();
    let hold = Hold::new(view, "#rows > tr");
    hold.keep_focus(|| None);
    let on_focus = move |event: FocusEvent| {
        let place = hold.focused(&event).and_then(|row| place_of(&row));
        view.focused.set(place.and_then(|place| view.shown.with_untracked(|shown| shown.get(place).cloned())));
    };
    let on_blur = move |event: FocusEvent| {
        if hold.left(&event) {
            view.focused.set(None);
        }
    };
    let over = move |_: PointerEvent| hold.over();
    let away = move |event: PointerEvent| hold.away(&event);
    let muted = muted(live);
    // A gap between two pieces is an entry too: `None`.
    let items = Memo::new(move |_| {
        let (first, second) = view.window.with(Window::pieces);
        view.shown.with(|shown| {
            let rows = |piece: Range<usize>| shown.get(piece).unwrap_or_default().iter().cloned().map(Some);
            let second = second.into_iter().flat_map(|piece| std::iter::once(None).chain(rows(piece)));
            rows(first).chain(second).collect::<Vec<_>>()
        })
    });
    let row = move |item: Option<Item>| match item {
        Some(Item::Patient(id)) => {
            entry(id.to_string(), move || live.row(id).map(|row| view! { <PatientRow id row/> }).into_any())
        }
        Some(Item::Empty(bed)) => {
            entry(format!("{}\n{}\n{}", bed.ward, bed.bed, bed.room.as_deref().unwrap_or_default()), move || {
                view! { <EmptyBed bed=bed.clone()/> }.into_any()
            })
        }
        None => entry(String::new(), || {
            view! { <tr class="gap" aria-hidden="true"><td id="rows-between"></td></tr> }.into_any()
        }),
    };
    let cut_off = untrack(|| cut_off(view));
    view! {
        <div
            class="table"
            class:muted=muted
            tabindex="0"
            role="region"
            aria-labelledby="list-title"
            on:focusin=on_focus
            on:focusout=on_blur
            on:pointerdown=move |_: PointerEvent| hold.pressed()
        >
            <table aria-rowcount=text(move || (view.shown.with(|shown| shown.len()) + 1).to_string())>
                <caption class="quiet" id="list-title">{t.text("list.title")}</caption>
                <thead>
                    <tr aria-rowindex="1">
                        <SortHeader by=SortBy::Bed label=t.text("wording.field.bed")/>
                        <SortHeader by=SortBy::Name label=t.text("list.patient")/>
                        {part(move || columns.get().into_iter().map(|column| {
                            view! { <SortHeader by=column.sorts_by() label=wording::column(t, column)/> }.into_any()
                        }).collect_view().into_any())}
                    </tr>
                </thead>
                <tbody class="gap" aria-hidden="true">
                    <tr><td id="slack-before"></td></tr>
                    <tr><td id="rows-before"></td></tr>
                </tbody>
                <tbody id="rows" on:pointerenter=over on:pointerleave=away>
                    {each(move || {
                        let items = items.get();
                        hold.moves();
                        items.into_iter().map(row).collect()
                    })}
                </tbody>
                <tbody class="gap" aria-hidden="true"><tr><td id="rows-after"></td></tr></tbody>
            </table>
            {(!cut_off.is_empty()).then(|| view! { <noscript inner_html=cut_off></noscript> }.into_any())}
            <p class="end" class:partial=when(move || view.is_in_part())>
                {text(move || {
                    if view.shown.with(|shown| shown.is_empty()) { nobody(live, t) } else { t.text("list.end") }
                })}
            </p>
            <p class="rest">{t.text("list.rest")}</p>
            <div id="slack-after"></div>
        </div>
    }
    .into_any()
}

/// What is said where nobody is shown, and what to do about it.
pub(super) fn nobody(live: Live, t: Language) -> String {
    let may_write = live.user.with_value(|user| user.role.may_write());
    t.text(match (live.count(), may_write) {
        (0, true) => "list.none.yet_admit",
        (0, false) => "list.none.yet",
        _ => "list.none.found",
    })
}

/// What is to be said where no script brings the other rows: nothing when there are none.
fn cut_off(view: View) -> String {
    if !view.is_in_part() {
        return String::new();
    }
    let (drawn, all) = (view.window.with(|window| window.rows.len()), view.shown.with(|shown| shown.len()));
    let words = use_language().fill("long.cut_off", &[("drawn", &drawn), ("all", &all)]);
    format!("<p class=\"end\">{words}</p>")
}

/// The row's place in the list, from 0.
fn place_of(row: &Element) -> Option<usize> {
    row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2)
}

/// Whether what is shown may be out of date.
pub(super) fn muted(live: Live) -> Signal<bool> {
    when(move || {
        let is_lost = matches!(live.state.get(), LinkState::Syncing | LinkState::Lost { .. });
        is_lost || live.paused.with(Option::is_some)
    })
}

/// A column's title, which sorts by it, and the other way round when pressed again.
#[component]
fn SortHeader(by: SortBy, label: String) -> impl IntoView {
    let query = expect_context::<Live>().query;
    let sorted = move || query.with(|query| (query.sort == by).then_some(query.descending));
    let aria = Signal::derive(move || {
        sorted().map(|descending| if descending { "descending" } else { "ascending" }.to_owned())
    });
    let sort = press(move || {
        query.update(|query: &mut Query| {
            query.descending = query.sort == by && !query.descending;
            query.sort = by;
        });
    });
    view! {
        <th scope="col" aria-sort=aria>
            <button type="button" class="sort" on:click=sort>
                {label}
                <span aria-hidden="true" class="arrow">
                    {text(move || match sorted() { Some(false) => "▲", Some(true) => "▼", None => "" }.to_owned())}
                </span>
            </button>
        </th>
    }
}
