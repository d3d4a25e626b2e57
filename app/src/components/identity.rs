use leptos::prelude::*;

use super::{Dialogs, dialog::Open, erased::press, patient_row::Cells};
use crate::{
    list::alike::Part,
    live::{Live, View},
    wording::{born, number},
};

/// What is shown of a patient and is not in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    /// Where to look to tell it from others whose names are alike (PAL-0540…0560).
    alike: Option<Part>,
    starred: bool,
    /// How many patients are in the same bed, this one among them.
    pub(super) in_bed: usize,
}

impl Beside {
    pub(super) fn follow(id: i64) -> Memo<Self> {
        let (live, view) = (expect_context::<Live>(), expect_context::<View>());
        Memo::new(move |_| Self {
            alike: view.alike(id),
            starred: live.mine.with(|mine| mine.starred.contains(&id)),
            in_bed: live.in_bed_of(id),
        })
    }
}

/// Who a row is about.
pub(super) fn identity(cells: &Cells, beside: Memo<Beside>) -> AnyView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let Cells { id, language: t, clock, ref patient, .. } = *cells;
    let Beside { alike, starred, .. } = beside.get();
    let differs = |part: Part| alike == Some(part);
    let title = patient
        .title
        .as_ref()
        .map(|title| view! { <span class:differs=differs(Part::Title)>{format!(" ({title})")}</span> }.into_any());
    view! {
        <button type="button" class="name" on:click=press(move || dialogs.show(Open::Patient(id)))>
            <span class:differs=differs(Part::LastName)>{patient.last_name.to_uppercase()}</span>", "
            <span class:differs=differs(Part::FirstName)>{patient.first_name.clone()}</span>
            {title}
        </button>
        <button
            type="button"
            class="star"
            aria-pressed=starred.to_string()
            aria-label=t.fill("list.star", &[("name", &patient.display_name())])
            on:click=press(move || live.star(id))
        >
            {if starred { "★" } else { "☆" }}
        </button>
        {alike.is_some().then(|| view! {
            <span class="alike"><span aria-hidden="true">"⚠ "</span>{t.text("list.alike")}</span>
        }.into_any())}
        <span class="sub" class:differs=differs(Part::Born)>{born(t, patient, clock.today(), &clock.zone())}</span>
        <span class="sub" class:differs=differs(Part::Number)>{number(t, patient)}</span>
    }
    .into_any()
}
