use leptos::prelude::*;

use super::patient_row::PatientRow;
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
    let lost = move || matches!(live.state.get(), LinkState::Lost { .. });
    view! {
        <div class="table" class:muted=lost tabindex="0" role="region" aria-labelledby="list-title">
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
                {move || if shown.with(Vec::is_empty) { "No patients to show." } else { "End of the list" }}
            </p>
        </div>
    }
    .into_any()
}

/// A column's title, which sorts by it, and the other way round when pressed again.
#[component]
fn SortHeader(by: SortBy, label: &'static str) -> impl IntoView {
    let query = expect_context::<Live>().query;
    let sorted = move || query.with(|query| (query.sort == by).then_some(query.descending));
    let aria = move || sorted().map(|descending| if descending { "descending" } else { "ascending" });
    let press = move |_| {
        query.update(|query: &mut Query| {
            query.descending = query.sort == by && !query.descending;
            query.sort = by;
        });
    };
    view! {
        <th scope="col" aria-sort=aria>
            <button type="button" class="sort" on:click=press>
                {label}
                <span aria-hidden="true" class="arrow">
                    {move || match sorted() { Some(false) => "▲", Some(true) => "▼", None => "" }}
                </span>
            </button>
        </th>
    }
}
