use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::DialogTitle,
    erased::{input, one_of, part, press, text, when},
};
use crate::{
    language::use_language,
    list::{
        arrange::Query,
        wall::{Names, Wall},
    },
    live::Live,
};

/// Makes the link of a display on the wall.
#[component]
pub(super) fn WallDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let language = use_language();
    let ward = RwSignal::new(live.query.with_untracked(|query| query.ward.clone()));
    let names = RwSignal::new(Names::default());
    let wards = Memo::new(move |_| live.wards());
    let link = text(move || {
        let query = Query { ward: ward.get(), ..Query::default() };
        Wall { query, names: names.get() }.to_address()
    });
    let pick_ward = input(move |event| ward.set(Some(event_target_value(&event)).filter(|ward| !ward.is_empty())));
    let choice = move |of: Names| {
        let label = match of {
            Names::Short => "wall.names_short",
            Names::Initials => "wall.names_initials",
            Names::Full => "wall.names_full",
        };
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="names"
                    prop:checked=when(move || names.get() == of)
                    on:change=input(move |_| names.set(of))
                />
                {language.text(label)}
            </label>
        }
        .into_any()
    };
    view! {
        <div class="record-list">
            <DialogTitle text=language.text("wall.title")/>
            <p class="hint">{language.text("wall.hint")}</p>
            <div class="field">
                <label for="wall-ward">{language.text("wall.ward")}</label>
                <select id="wall-ward" on:change=pick_ward>
                    {one_of(String::new(), language.text("wall.all_wards"), when(move || ward.with(Option::is_none)))}
                    {part(move || wards.get().into_iter().map(|of| {
                        let wanted = of.clone();
                        one_of(of.clone(), of, when(move || ward.with(|ward| ward.as_ref() == Some(&wanted))))
                    }).collect_view().into_any())}
                </select>
            </div>
            <fieldset>
                <legend>{language.text("wall.names")}</legend>
                {Names::ALL.map(choice).into_iter().collect_view()}
            </fieldset>
            <p>{language.text("wall.link")}" "<a id="wall-link" href=link target="_blank" rel="noopener">{link}</a></p>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>{language.text("wall.back")}</button>
            </div>
        </div>
    }
    .into_any()
}
