//! Lists that have a name. One is an address, so its link shows another clinician what it was made from, as far as they may
//! see it.

use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::DialogTitle,
    erased::{input, part, press, submit, text, when},
};
use crate::{
    language::use_language,
    list::arrange::Query,
    live::{Live, personal},
};

/// A list with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SavedView {
    pub(super) name: String,
    /// See [`Query::to_address`](crate::list::arrange::Query::to_address).
    pub(super) address: String,
}

/// Those that are kept: one a line, its name, a tab, its address.
pub(super) fn read(kept: Option<String>) -> Vec<SavedView> {
    let view = |line: &str| {
        let (name, address) = line.split_once('\t')?;
        Some(SavedView { name: name.to_owned(), address: address.to_owned() })
    };
    kept.unwrap_or_default().lines().filter_map(view).collect()
}

fn write(views: &[SavedView]) -> Option<String> {
    let lines: Vec<String> = views.iter().map(|view| format!("{}\t{}", view.name, view.address)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Gives the list that is seen a name, and takes names away.
#[component]
pub(super) fn SaveViewDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let name = RwSignal::new(String::new());
    let views = move || read(live.value_of(personal::VIEWS));
    let address = live.query.with_untracked(Query::to_link);
    let keep = move |views: Vec<SavedView>| live.remember(personal::VIEWS.to_owned(), write(&views));
    let typed = move || name.with(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
    let is_taken = when(move || views().iter().any(|view| view.name == typed()));
    let save = submit(move || {
        let name = untrack(typed);
        if name.is_empty() {
            return;
        }
        let mut views = untrack(views);
        views.retain(|view| view.name != name);
        views.push(SavedView { name: name.clone(), address: address.clone() });
        keep(views);
        dialogs.finish(t.fill("list.views.saved", &[("name", &name)]), None);
    });
    view! {
        <form on:submit=save>
            <DialogTitle text=t.text("list.views.title")/>
            <p class="hint">{t.text("list.views.hint")}</p>
            <div class="field">
                <label for="view-name">{t.text("record.fact.name")}</label>
                <input id="view-name" type="text" maxlength="60" autocomplete="off" prop:value=name on:input=input(move |event| name.set(event_target_value(&event)))/>
            </div>
            <div class="buttons">
                <button type="submit" class="primary" disabled=when(move || name.with(|name| name.trim().is_empty()))>
                    {text(move || t.text(if is_taken.get() { "list.views.replace" } else { "record.save" }))}
                </button>
                <button type="button" on:click=press(move || dialogs.close())>{t.text("list.cancel")}</button>
            </div>
            <ul class="views">
                {part(move || views().into_iter().map(|view| {
                    let gone = view.name.clone();
                    let forget = press(move || {
                        let mut views = untrack(views);
                        views.retain(|view| view.name != gone);
                        keep(views);
                    });
                    view! {
                        <li>
                            <a href=format!("/?{}", view.address)>{view.name.clone()}</a>
                            <button type="button" aria-label=t.fill("list.views.forget_name", &[("name", &view.name)]) on:click=forget>{t.text("list.views.forget")}</button>
                        </li>
                    }
                    .into_any()
                }).collect_view().into_any())}
            </ul>
            <p class="quiet" role="status">{text(move || t.fill("list.views.count", &[("count", &views().len())]))}</p>
        </form>
    }
    .into_any()
}
