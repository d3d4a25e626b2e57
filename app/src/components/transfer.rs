use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;

use super::{
    Clock, Dialogs,
    bed_warning::BedWarning,
    dialog::{Gone, Undo},
    erased::submit,
    field_input::{Field, FieldInput},
    question::Question,
    submission::{Buttons, Submission},
};
use crate::{
    language::use_language,
    live::Live,
    patient::{Data, Patient, Revision, field},
    wording::{two_identifiers, whole_place},
};

/// Another ward, room or bed.
#[component]
pub(super) fn TransferDialog(id: i64) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let start = |value: &Option<String>| RwSignal::new(value.clone().unwrap_or_default());
    let (ward, room, bed) = (start(&base.ward), start(&base.room), start(&base.bed));
    let identifiers = two_identifiers(t, &base, clock.today(), &clock.zone());
    let title = t.fill("record.transfer_name", &[("name", &base.display_name())]);
    let now_in = t.fill("record.now_in", &[("place", &whole_place(t, &base))]);
    let values = base.values();
    let wards = live.wards();
    let send = submit(move || {
        let typed = [(field::WARD.name, ward), (field::ROOM.name, room), (field::BED.name, bed)];
        let data: Data = typed
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.with_untracked(|text| text.trim().to_owned())))
            .map(|(name, text)| (name, if text.is_empty() { Value::Null } else { Value::from(text) }))
            .filter(|(name, value)| values.get(name) != Some(value))
            .collect();
        if data.is_empty() {
            dialogs.close();
            return;
        }
        if let Err(errors) = base.revise(&data, Revision::Partial, clock.now.get_untracked()) {
            submission.errors.set(errors);
            return;
        }
        let before = base.clone();
        submission.patch(base.clone(), data.clone(), move |row| {
            let place = whole_place(t, &row);
            let told = t.fill("record.done.moved", &[("name", &row.display_name()), ("place", &place)]);
            dialogs.finish(told, Some(Undo::of(&before, &data, row)));
        });
    });
    view! {
        <Question submission id title=title send>
            <p>{now_in.clone()}</p>
            <div class="fields">
                <FieldInput field=Field::text(t, field::WARD).offers(wards.clone()) value=ward submission/>
                <FieldInput field=Field::text(t, field::ROOM) value=room submission/>
                <FieldInput field=Field::text(t, field::BED) value=bed submission/>
            </div>
            <BedWarning ward bed id=Some(id)/>
            <p class="identifiers">{identifiers.clone()}</p>
            <Buttons submission label=t.text("record.transfer") keeps=true/>
        </Question>
    }
    .into_any()
}
