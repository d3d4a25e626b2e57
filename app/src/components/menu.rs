use leptos::{
    ev::{FocusEvent, KeyboardEvent},
    html,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::Node,
};

use super::{
    Dialogs,
    dialog::Open,
    erased::{input, part, press, text, when},
    views,
};
use crate::{
    list::arrange::Query,
    live::{Live, personal},
    patient::Flag,
};

/// What is not needed at every look: further filters, columns, lists with names, and what is made from this list.
#[component]
pub(super) fn Menu() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let query = live.query;
    let node = NodeRef::<html::Details>::new();
    let close = move || {
        if let Some(details) = node.get_untracked() {
            details.set_open(false);
        }
    };
    // Pressed beside, or left by Tab.
    let left = move |event: FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if to.is_some_and(|to| node.get_untracked().is_some_and(|details| !details.contains(Some(&to)))) {
            close();
        }
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    let pick_flag = input(move |event| {
        let flag = event_target_value(&event);
        query.update(|query| query.flag = Some(flag).filter(|flag| !flag.is_empty()));
    });
    let address = move |path: &'static str| text(move || with_query(path, &query.with(Query::to_address)));
    let link = move |path: &'static str, words: &'static str| view! { <a href=address(path)>{words}</a> }.into_any();
    let opens = move |what: Open, words: &'static str| {
        view! { <button type="button" on:click=press(move || dialogs.show(what))>{words}</button> }.into_any()
    };
    view! {
        <details class="menu" node_ref=node on:focusout=left on:keydown=key>
            <summary>"More"</summary>
            <div class="menu-body">
                <div class="control">
                    <label for="flag">"Flag"</label>
                    <select id="flag" on:change=pick_flag>
                        <option value="" selected=when(move || query.with(|query| query.flag.is_none()))>"Any or none"</option>
                        {Flag::COMMON.iter().map(|(code, words)| {
                            let selected = when(move || query.with(|query| query.flag.as_deref() == Some(*code)));
                            view! { <option value=*code selected=selected>{*words}</option> }.into_any()
                        }).collect_view()}
                    </select>
                </div>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=when(move || !query.with(|query| query.hides_empty))
                        on:change=input(move |event| query.update(|query| query.hides_empty = !event_target_checked(&event)))
                    />
                    "Show empty beds"
                </label>
                {opens(Open::Columns, "Columns…")}
                {opens(Open::SaveView, "Save this list…")}
                <nav aria-label="Saved lists" class="menu-links">
                    {part(move || views::read(live.value_of(personal::VIEWS)).into_iter().map(|view| view! {
                        <a href=with_query("/", &view.address)>{view.name.clone()}</a>
                    }.into_any()).collect_view().into_any())}
                </nav>
                <nav aria-label="Made from this list" class="menu-links">
                    {link("/changes", "What has changed")}
                    {link("/past", "As it was at another time")}
                    {link("/print", "Handover sheet")}
                    {link("/export.csv", "Export as CSV")}
                    {link("/export.ndjson", "Export as FHIR")}
                </nav>
                {opens(Open::Help, "Keys")}
            </div>
        </details>
    }
    .into_any()
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
