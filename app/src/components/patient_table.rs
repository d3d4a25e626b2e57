use leptos::{
    ev::{FocusEvent, PointerEvent},
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, EventTarget, HtmlElement},
};

use super::{
    empty_bed::EmptyBed,
    erased::{part, press, react, text, when},
    patient_row::PatientRow,
};
use crate::{
    list::{
        arrange::{Query, SortBy},
        beds::Item,
        columns::Column,
    },
    live::{LinkState, Live, View},
};

/// The list. Of a long one only the rows near the screen are in the document, and one that has the focus.
#[component]
pub(crate) fn PatientTable() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let last_focus = StoredValue::new_local(None);
    let pointed = StoredValue::new(false);
    let focused = RwSignal::new(None::<Item>);
    keep_focus(view, last_focus);
    let on_focus = move |event: FocusEvent| {
        last_focus.set_value(event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()));
        let place = row_of(event.target()).and_then(|row| place_of(&row));
        focused.set(place.and_then(|place| view.shown.with_untracked(|shown| shown.get(place).cloned())));
        if place.is_some() {
            view.held.set(true);
        }
    };
    let on_blur = move |event: FocusEvent| {
        if row_of(event.related_target()).is_none() {
            focused.set(None);
            view.held.set(pointed.get_value());
        }
    };
    // A press beside everything is meant to leave the row.
    let pressed = move |_| last_focus.set_value(None);
    let over = move |_: PointerEvent| {
        pointed.set_value(true);
        view.held.set(true);
    };
    let away = move |_: PointerEvent| {
        pointed.set_value(false);
        view.held.set(row_of(document().active_element().map(Into::into)).is_some());
    };
    let muted = when(move || {
        let is_lost = matches!(live.state.get(), LinkState::Syncing | LinkState::Lost { .. });
        is_lost || live.paused.with(Option::is_some)
    });
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
            on:pointerdown=pressed
        >
            <table aria-rowcount=text(move || (view.shown.with(|shown| shown.len()) + 1).to_string())>
                <caption class="quiet" id="list-title">"Patients"</caption>
                <thead>
                    <tr aria-rowindex="1">
                        <SortHeader by=SortBy::Bed label="Bed"/>
                        <SortHeader by=SortBy::Name label="Patient"/>
                        {part(move || columns.get().into_iter().map(|column| view! {
                            <SortHeader by=column.sorts_by() label=column.label()/>
                        }.into_any()).collect_view().into_any())}
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
                    if is_empty { "No patients to show." } else { "End of the list" }.to_owned()
                })}
            </p>
        </div>
    }
    .into_any()
}

fn row_of(target: Option<EventTarget>) -> Option<Element> {
    target?.dyn_into::<Element>().ok()?.closest("#rows > tr").ok()?
}

/// The row's place in the list, from 0.
fn place_of(row: &Element) -> Option<usize> {
    row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2)
}

/// A row that moves is taken out of the document for a moment, and the focus with it: gives it back to the element in
/// the list that had it last.
fn keep_focus(view: View, last: StoredValue<Option<HtmlElement>, LocalStorage>) {
    react(move || {
        view.shown.track();
        request_animation_frame(move || {
            let nowhere = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
            if let Some(element) = last.get_value().filter(|element| nowhere && element.is_connected()) {
                // Fails only for an element that is not in the document.
                let _ = element.focus();
            }
        });
    });
}

/// A column's title, which sorts by it, and the other way round when pressed again.
#[component]
fn SortHeader(by: SortBy, label: &'static str) -> impl IntoView {
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
