use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::DialogTitle,
    erased::{each, entry, input, press, when},
    keys::focus,
};
use crate::{
    language::use_language,
    list::columns::Column,
    live::{Live, personal},
    wording,
};

/// Which columns this user wants, in which order.
#[component]
pub(super) fn ColumnsDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let t = use_language();
    let keep = move |columns: &[Column]| live.remember(personal::COLUMNS.to_owned(), Column::to_kept(columns));
    let toggle = move |column: Column, wanted: bool| {
        let mut columns = columns.get_untracked();
        columns.retain(|other| *other != column);
        if wanted {
            columns.push(column);
        }
        keep(&columns);
    };
    let earlier = move |column: Column| {
        let mut columns = columns.get_untracked();
        if let Some(place) = columns.iter().position(|other| *other == column).filter(|place| *place > 0) {
            columns.swap(place, place - 1);
        }
        keep(&columns);
        // What moves loses the focus, and what has come to the start cannot be pressed.
        request_animation_frame(move || {
            let item = format!("#column-{}", column.as_str());
            let _ = focus(&format!("{item} button:enabled")) || focus(&format!("{item} input"));
        });
    };
    let place = move |column: Column| columns.with(|columns| columns.iter().position(|other| *other == column));
    let all = move || {
        let chosen = columns.get();
        let others = Column::ALL.into_iter().filter(|column| !chosen.contains(column)).collect::<Vec<_>>();
        chosen.into_iter().chain(others).collect::<Vec<_>>()
    };
    let item = move |column: Column| {
        let label = wording::column(t, column);
        let choice = move || {
            view! {
                <li id=format!("column-{}", column.as_str())>
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=when(move || place(column).is_some())
                            on:change=input(move |event| toggle(column, event_target_checked(&event)))
                        />
                        {label.clone()}
                    </label>
                    <button
                        type="button"
                        aria-label=t.fill("list.columns.earlier", &[("column", &label)])
                        disabled=when(move || place(column).is_none_or(|place| place == 0))
                        on:click=press(move || earlier(column))
                    >{t.text("list.columns.arrow")}</button>
                </li>
            }
            .into_any()
        };
        entry(column.as_str().to_owned(), choice)
    };
    view! {
        <div class="record-list">
            <DialogTitle text=t.text("list.columns.title")/>
            <p class="hint">{t.text("list.columns.hint")}</p>
            <ul class="choices">
                {each(move || all().into_iter().map(item).collect())}
            </ul>
            <div class="buttons">
                <button type="button" on:click=press(move || keep(&Column::AT_FIRST))>{t.text("list.columns.at_first")}</button>
                <button type="button" class="primary" on:click=press(move || dialogs.close())>{t.text("list.back")}</button>
            </div>
        </div>
    }
    .into_any()
}
