use leptos::{ev::FocusEvent, prelude::*, wasm_bindgen::JsCast as _, web_sys::HtmlElement};

use super::{
    erased::{press, react, text, when},
    patient_row::PatientRow,
};
use crate::{
    list::arrange::{Query, SortBy},
    live::{LinkState, Live},
};

/// The list.
#[component]
pub(crate) fn PatientTable(
    /// The ids to show, in order.
    shown: Memo<Vec<i64>>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let last_focus = StoredValue::new_local(None);
    keep_focus(shown, last_focus);
    let focused = move |event: FocusEvent| {
        last_focus.set_value(event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()));
    };
    // A press beside everything is meant to leave the row.
    let pressed = move |_| last_focus.set_value(None);
    let muted = when(move || matches!(live.state.get(), LinkState::Syncing | LinkState::Lost { .. }));
    view! {
        <div
            class="table"
            class:muted=muted
            tabindex="0"
            role="region"
            aria-labelledby="list-title"
            on:focusin=focused
            on:pointerdown=pressed
        >
            <table>
                <caption class="quiet" id="list-title">"Patients"</caption>
                <thead>
                    <tr>
                        <SortHeader by=SortBy::Bed label="Bed"/>
                        <SortHeader by=SortBy::Name label="Patient"/>
                        <SortHeader by=SortBy::Status label="Status"/>
                        <SortHeader by=SortBy::Admission label="Admitted"/>
                        <SortHeader by=SortBy::Attending label="Attending"/>
                        <th scope="col">"Alerts"</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || shown.get() key=|id| *id let:id>
                        {live.row(id).map(|row| view! { <PatientRow id row/> })}
                    </For>
                </tbody>
            </table>
            <p class="end">
                {text(move || if shown.with(Vec::is_empty) { "No patients to show." } else { "End of the list" }.to_owned())}
            </p>
        </div>
    }
    .into_any()
}

/// A row that moves is taken out of the document for a moment, and the focus with it: gives it back to the element in
/// the list that had it last.
fn keep_focus(shown: Memo<Vec<i64>>, last: StoredValue<Option<HtmlElement>, LocalStorage>) {
    react(move || {
        shown.track();
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
