use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::Open,
    erased::{part, press, text, when},
};
use crate::{
    language::{Language, use_language},
    list::alike::Part,
    live::{Live, Row, View},
    patient::Patient,
    wording::{born, number},
};

/// Who a row is about, and what it is told by from others whose names are alike (PAL-0540…0560).
#[component]
pub(super) fn Identity(id: i64, row: Row) -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let alike = Memo::new(move |_| view.alike(id));
    let says = move |read: fn(Language, &Patient, Clock) -> String| {
        text(move || row.patient.with(|patient| read(t, patient, clock)))
    };
    let differs = move |part: Part| when(move || alike.get() == Some(part));
    let title = Memo::new(move |_| row.patient.with(|patient| patient.title.clone()));
    let starred = when(move || live.mine.with(|mine| mine.starred.contains(&id)));
    view! {
        <button type="button" class="name" on:click=press(move || dialogs.show(Open::Patient(id)))>
            <span class:differs=differs(Part::LastName)>{says(|_, p, _| p.last_name.to_uppercase())}</span>", "
            <span class:differs=differs(Part::FirstName)>{says(|_, p, _| p.first_name.clone())}</span>
            {part(move || title.get().map(|title| view! {
                <span class:differs=differs(Part::Title)>" ("{title}")"</span>
            }.into_any()).into_any())}
        </button>
        <button
            type="button"
            class="star"
            aria-pressed=text(move || starred.get().to_string())
            aria-label=says(|t, p, _| t.fill("list.star", &[("name", &p.display_name())]))
            on:click=press(move || live.star(id))
        >
            {text(move || if starred.get() { "★" } else { "☆" }.to_owned())}
        </button>
        {part(move || alike.get().is_some().then(|| view! {
            <span class="alike"><span aria-hidden="true">"⚠ "</span>{t.text("list.alike")}</span>
        }.into_any()).into_any())}
        <span class="sub" class:differs=differs(Part::Born)>{says(|t, p, clock| born(t, p, clock.today(), &clock.zone()))}</span>
        <span class="sub" class:differs=differs(Part::Number)>{says(|t, p, _| number(t, p))}</span>
    }
    .into_any()
}
