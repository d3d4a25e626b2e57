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
    erased::{input, one_of, part, press, text, when},
    keys::focus,
    views,
};
use crate::{
    language::{Language, use_language},
    list::arrange::{ATTENDING, Whose},
    live::{Live, personal},
    patient::Flag,
    wording::flag_word,
};

const SUMMARY: &str = ".menu > summary";

/// What is not needed at every look: further filters, columns, and lists with names.
#[component]
pub(super) fn Menu() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let query = live.query;
    let t = use_language();
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
            focus(SUMMARY);
        }
    };
    let pick_flag = input(move |event| {
        let flag = event_target_value(&event);
        query.update(|query| query.flag = Some(flag).filter(|flag| !flag.is_empty()));
    });
    let attends = input(move |event| {
        let name = event_target_value(&event).trim().to_owned();
        live.remember(ATTENDING.to_owned(), Some(name).filter(|name| !name.is_empty()));
    });
    let opens = move |what: Open, words: &'static str| {
        let open = press(move || {
            // It is closed with what is in it: there the dialog gives the focus back.
            focus(SUMMARY);
            dialogs.show(what);
        });
        view! { <button type="button" on:click=open>{t.text(words)}</button> }.into_any()
    };
    // What the server makes from the list as it is arranged here.
    let made = move |path: &'static str, words: &'static str| {
        let address = text(move || query.with(|query| query.address_of(path, &[])));
        view! { <a href=address>{t.text(words)}</a> }.into_any()
    };
    view! {
        <details class="menu" node_ref=node on:focusout=left on:keydown=key>
            <summary>{t.text("list.menu.title")}</summary>
            <div class="menu-body">
                <div class="control">
                    <label for="flag">{t.text("list.menu.flag")}</label>
                    <select id="flag" on:change=pick_flag>
                        {one_of(String::new(), t.text("list.menu.any_flag"), when(move || query.with(|query| query.flag.is_none())))}
                        {Flag::COMMON.iter().map(|(code, _)| {
                            let selected = when(move || query.with(|query| query.flag.as_deref() == Some(*code)));
                            one_of((*code).to_owned(), flag_word(t, code), selected)
                        }).collect_view()}
                    </select>
                </div>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=when(move || query.with(|query| query.whose == Whose::Starred))
                        on:change=input(move |_| query.update(|query| query.whose.toggle(Whose::Starred)))
                    />
                    {t.text("list.menu.starred")}
                </label>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=when(move || !query.with(|query| query.hides_empty))
                        on:change=input(move |event| query.update(|query| query.hides_empty = !event_target_checked(&event)))
                    />
                    {t.text("list.menu.empty_beds")}
                </label>
                <div class="control">
                    <label for="attending">{t.text("mine.attending")}</label>
                    <input
                        id="attending"
                        autocomplete="off"
                        aria-describedby="attending-hint"
                        prop:value=text(move || live.mine().attending)
                        on:change=attends
                    />
                    <p class="hint" id="attending-hint">{t.text("mine.hint")}</p>
                </div>
                {opens(Open::Columns, "list.menu.columns")}
                {opens(Open::SaveView, "list.menu.save")}
                {opens(Open::Wall, "wall.open")}
                <nav aria-label=t.text("list.menu.saved") class="menu-links">
                    {part(move || views::read(live.value_of(personal::VIEWS)).into_iter().map(|view| view! {
                        <a href=format!("/?{}", view.address)>{view.name.clone()}</a>
                    }.into_any()).collect_view().into_any())}
                </nav>
                <p class="menu-heading" id="made">{t.text("still.pages")}</p>
                <nav aria-labelledby="made" class="menu-links">
                    {made("/changes", "still.menu.changes")}
                    {made("/past", "still.menu.past")}
                    {made("/print", "still.menu.print")}
                    {made("/export.csv", "still.menu.csv")}
                    {made("/export.ndjson", "still.menu.fhir")}
                </nav>
                {opens(Open::Help, "list.keys.title")}
                <form method="post" action="/language" class="menu-languages">
                    <input type="hidden" name="back" value=text(move || query.with(|query| format!("/?{}", query.to_address())))/>
                    {Language::ALL.into_iter().filter(|other| *other != t).map(|other| view! {
                        <button type="submit" name="to" value=other.code() lang=other.code()>{other.name()}</button>
                    }.into_any()).collect_view()}
                </form>
            </div>
        </details>
    }
    .into_any()
}
