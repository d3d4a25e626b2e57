use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::Open,
    erased::{input, one_of, part, press, text, when},
    menu::Menu,
};
use crate::{
    language::use_language,
    list::arrange::{Layout, Query, StatusFilter, Whose},
    live::{Live, View},
    patient::{Code as _, Status},
    wording,
};

/// Search, filters and the way to a new patient.
#[component]
pub(crate) fn Toolbar() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let query = live.query;
    let t = use_language();
    let may_write = live.user.with_value(|user| user.role.may_write());
    let there = Memo::new(move |_| live.wards());
    // The ward that is chosen stays among them when its last patient leaves: or else "All wards" would be claimed.
    let wards = Memo::new(move |_| {
        let mut wards = there.get();
        let chosen = query.with(|query| query.ward.clone()).filter(|ward| !wards.contains(ward));
        wards.extend(chosen);
        wards
    });
    let pick_ward = input(move |event| {
        let ward = event_target_value(&event);
        query.update(|query| query.ward = Some(ward).filter(|ward| !ward.is_empty()));
    });
    let pick_status = input(move |event| {
        if let Some(status) = StatusFilter::from_value(&event_target_value(&event)) {
            query.update(|query| query.status = status);
        }
    });
    let status = move |status: StatusFilter, words: String| {
        one_of(status.value().to_owned(), words, when(move || query.with(|query| query.status == status)))
    };
    let clear = press(move || {
        query.update(|query| {
            *query = Query {
                status: StatusFilter::All,
                sort: query.sort,
                descending: query.descending,
                hides_empty: query.hides_empty,
                layout: query.layout,
                ..Query::default()
            };
        });
    });
    view! {
        <div class="toolbar" role="search">
            <div class="control wide">
                <label for="search">{t.text("list.search")}</label>
                <input
                    id="search"
                    type="search"
                    placeholder=t.text("list.search_by")
                    autocomplete="off"
                    value=query.with_untracked(|query| query.search.clone())
                    prop:value=text(move || query.with(|query| query.search.clone()))
                    on:input=input(move |event| query.update(|query| query.search = event_target_value(&event)))
                />
            </div>
            <div class="control">
                <label for="ward">{t.text("wording.field.ward")}</label>
                <select id="ward" on:change=pick_ward>
                    {one_of(String::new(), t.text("bar.all_wards"), when(move || query.with(|query| query.ward.is_none())))}
                    {part(move || wards.get().into_iter().map(|ward| {
                        let wanted = ward.clone();
                        one_of(ward.clone(), ward, when(move || query.with(|query| query.ward.as_ref() == Some(&wanted))))
                    }).collect_view().into_any())}
                </select>
            </div>
            <div class="control">
                <label for="status">{t.text("wording.field.status")}</label>
                <select id="status" on:change=pick_status>
                    {status(StatusFilter::Current, t.text("list.current"))}
                    {status(StatusFilter::All, t.text("list.all"))}
                    {Status::ALL.iter().map(|one| status(StatusFilter::Only(*one), wording::status_word(t, *one))).collect_view()}
                </select>
            </div>
            <button
                type="button"
                aria-pressed=text(move || query.with(|query| query.whose == Whose::Mine).to_string())
                on:click=press(move || query.update(|query| query.whose.toggle(Whose::Mine)))
            >{t.text("list.mine")}</button>
            <LayoutSwitch/>
            <Menu/>
            {may_write.then(|| view! {
                <button type="button" class="primary admit" disabled=when(move || live.blocked.get()) on:click=press(move || dialogs.show(Open::Admit))>
                    {t.text("list.admit")}
                </button>
            }.into_any())}
        </div>
        <p class="filters" id="filters">
            <span>{text(move || query.with(|query| wording::announce(t, query, view.count(), live.count())))}</span>
            <button type="button" class="link needs-script" on:click=clear class:unseen=when(move || query.with(Query::is_unfiltered))>{t.text("list.show_all")}</button>
        </p>
    }
    .into_any()
}

/// The list, or the ward as it is laid out.
#[component]
fn LayoutSwitch() -> impl IntoView {
    let query = expect_context::<Live>().query;
    let t = use_language();
    let button = move |layout: Layout, words: &'static str| {
        let is_chosen = when(move || query.with(|query| query.layout == layout));
        let choose = press(move || query.update(|query| query.layout = layout));
        view! {
            <button type="button" aria-pressed=text(move || is_chosen.get().to_string()) on:click=choose>{t.text(words)}</button>
        }
        .into_any()
    };
    view! {
        <div class="switch" role="group" aria-label=t.text("ward.layout")>
            {button(Layout::List, "ward.as_list")}
            {button(Layout::Ward, "ward.as_ward")}
        </div>
    }
    .into_any()
}
