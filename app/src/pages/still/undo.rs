use leptos::prelude::*;

use super::{
    Undo,
    compare::{FieldChange, fields_of},
    parts::{Ground, changes, identifiers},
};
use crate::wording;

/// Asks whether a change is to be taken back, and says what then goes back to what.
pub(super) fn undo(ground: &Ground, page: &Undo) -> AnyView {
    let change = &page.change.change;
    let (patient, name) = (&change.patient, change.patient.display_name());
    let back: Vec<FieldChange> = fields_of(change)
        .into_iter()
        .map(|field| FieldChange { name: field.name, before: field.after, after: field.before })
        .collect();
    let made =
        ground.language.fill("still.undo.made", &[("by", &change.by), ("moment", &ground.zone.date_time(change.at))]);
    let errors = page.errors.as_ref().map(|errors| {
        view! { <p class="problem" role="alert">{ground.text("still.undo.refused")}" "{wording::errors(ground.language, errors)}</p> }
    });
    let in_bed =
        wording::named_others(ground.language, "record.form.bed_taken", &page.in_bed, ground.today, &ground.zone)
            .map(|words| view! { <p class="warning">{words}</p> });
    let action = ground.query.address_of(&format!("/patients/{}/undo", patient.id), &[]);
    let hidden = [("seq", change.seq.to_string()), ("version", patient.version.to_string()), ("key", page.key.clone())];
    let hidden = hidden.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    view! {
        <h1>{ground.language.fill("still.undo.title", &[("name", &name)])}</h1>
        {identifiers(ground, patient)}
        {errors}
        <p>{made}</p>
        <h2>{ground.text("still.undo.back")}</h2>
        {changes(ground, &back)}
        {in_bed}
        <p class="hint">{ground.text("still.undo.hint")}</p>
        <form method="post" action=action class="buttons">
            {hidden}
            <button type="submit" class="primary">{ground.text("still.undo.confirm")}</button>
            <a class="button" href=ground.history(patient.id)>{ground.text("still.undo.cancel")}</a>
        </form>
    }
    .into_any()
}
