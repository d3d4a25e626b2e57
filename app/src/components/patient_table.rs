use leptos::{
    ev::{FocusEvent, PointerEvent},
    prelude::*,
    web_sys::Element,
};

use super::{
    empty_bed::EmptyBed,
    erased::{part, press, text, when},
    hold::Hold,
    patient_row::PatientRow,
};
use crate::{
    language::use_language,
    list::{
        arrange::{Query, SortBy},
        beds::Item,
        columns::Column,
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
    let focused = RwSignal::new(None::<Item>);
    hold.keep_focus(|| None);
    let on_focus = move |event: FocusEvent| {
        let place = hold.focused(&event).and_then(|row| place_of(&row));
        focused.set(place.and_then(|place| view.shown.with_untracked(|shown| shown.get(place).cloned())));
    };
    let on_blur = move |event: FocusEvent| {
        if hold.left(&event) {
            focused.set(None);
        }
    };
    let over = move |_: PointerEvent| hold.over();
    let away = move |_: PointerEvent| hold.away();
    let muted = muted(live);
    let items = Memo::new(move |_| {
        let window = view.window.get();
        let focused = focused.get().filter(|item| view.place(item).is_some_and(|place| !window.rows.contains(&place)));
        let is_before =
            focused.as_ref().and_then(|item| view.place(item)).is_some_and(|place| place < window.rows.start);
        view.shown.with(|shown| {
            let (before, after) = if is_before { (focused, None) } else { (None, focused) };
            let rows = shown.get(window.rows).unwrap_or_default().iter().cloned();
            before.into_iter().chain(rows).chain(after).collect::<Vec<_>>()
        })
    });
    let row = move |item: Item| match item {
        Item::Patient(id) => live.row(id).map(|row| view! { <PatientRow id row/> }).into_any(),
        Item::Empty(bed) => view! { <EmptyBed bed/> }.into_any(),
    };
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
                        {part(move || columns.get().into_iter().map(|column| match column.sorts_by() {
                            Some(by) => view! { <SortHeader by label=wording::column(t, column)/> }.into_any(),
                            None => view! { <th scope="col">{wording::column(t, column)}</th> }.into_any(),
                        }).collect_view().into_any())}
                    </tr>
                </thead>
                <tbody class="gap" aria-hidden="true"><tr><td id="rows-before"></td></tr></tbody>
                <tbody id="rows" on:pointerenter=over on:pointerleave=away>
                    <For each=move || items.get() key=Item::clone let:item>{row(item)}</For>
                </tbody>
                <tbody class="gap" aria-hidden="true"><tr><td id="rows-after"></td></tr></tbody>
            </table>
            <p class="end">
                {text(move || {
                    let is_empty = view.shown.with(|shown| shown.is_empty());
                    t.text(if is_empty { "list.none" } else { "list.end" })
                })}
            </p>
        </div>
    }
    .into_any()
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
