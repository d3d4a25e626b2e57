//! What several pages show of a patient.

use jiff::civil::Date;
use leptos::prelude::*;

use super::compare::FieldChange;
use crate::{
    language::Language,
    list::{alike::Part, arrange::Query},
    patient::{Patient, UtcTime, display::Zone},
    wording,
};

/// What a person's day and clock are on a page. A page is made in one go, so nothing in it follows anything.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) language: Language,
    pub(super) zone: Zone,
    pub(super) query: Query,
    /// The day as of which ages are told.
    pub(super) today: Date,
}

impl Ground {
    pub(super) fn text(&self, key: &'static str) -> String {
        self.language.text(key)
    }

    pub(super) fn history(&self, id: i64) -> String {
        self.query.address_of(&format!("/patients/{id}/history"), &[])
    }
}

/// Who a block or a row is about, by name, birth and number; the name leads to the history.
pub(super) fn identity(ground: &Ground, patient: &Patient, alike: Option<Part>) -> AnyView {
    let differs = |part| (alike == Some(part)).then_some("differs");
    let sub = |part| if alike == Some(part) { "sub differs" } else { "sub" };
    let title = patient.title.clone().map(|title| view! { <span class=differs(Part::Title)>" ("{title}")"</span> });
    let warning = alike.map(|_| {
        let words = ground.text("still.alike");
        view! { <span class="alike"><span aria-hidden="true">"⚠ "</span>{words}</span> }
    });
    view! {
        <a class="name" href=ground.history(patient.id)>
            <span class=differs(Part::LastName)>{patient.last_name.to_uppercase()}</span>", "
            <span class=differs(Part::FirstName)>{patient.first_name.clone()}</span>
            {title}
        </a>
        {warning}
        <span class=sub(Part::Born)>{wording::born(ground.language, patient, ground.today, &ground.zone)}</span>
        <span class=sub(Part::Number)>{wording::number(ground.language, patient)}</span>
    }
    .into_any()
}

/// Says which of two moments this is, where the clocks showed it twice; `address`: of the same page about the other one.
pub(super) fn twice(
    ground: &Ground,
    now: UtcTime,
    at: UtcTime,
    address: impl FnOnce(UtcTime) -> String,
) -> Option<AnyView> {
    let other = ground.zone.other_reading(at)?;
    let key = if at < other { "still.twice.first" } else { "still.twice.second" };
    let words = ground.language.fill(key, &[("moment", &ground.zone.date_time(at))]);
    let link = (other <= now).then(|| view! { " "<a href=address(other)>{ground.text("still.twice.other")}</a> });
    Some(view! { <p class="hint">{words}{link}</p> }.into_any())
}

/// Name, birth and number on a page that is about one patient.
pub(super) fn identifiers(ground: &Ground, patient: &Patient) -> AnyView {
    let born = wording::born(ground.language, patient, ground.today, &ground.zone);
    let number = wording::number(ground.language, patient);
    view! { <p class="identifiers">{patient.display_name()}" · "{born}" · "{number}</p> }.into_any()
}

/// What has to be seen at a glance.
pub(super) fn alerts(ground: &Ground, patient: &Patient) -> AnyView {
    wording::alerts(ground.language, patient)
        .into_iter()
        .map(|(class, words)| view! { <span class=class>{words}</span>" " })
        .collect_view()
        .into_any()
}

/// Field by field, what there was and what there is.
pub(super) fn changes(ground: &Ground, fields: &[FieldChange]) -> AnyView {
    let shown = |change: &FieldChange, value: &serde_json::Value| {
        wording::value(ground.language, change.name, value, &ground.zone).unwrap_or_else(|| ground.text("still.empty"))
    };
    let change = |change: &FieldChange| {
        let (before, after) = (shown(change, &change.before), shown(change, &change.after));
        let to = ground.text("still.to");
        view! {
            <li>
                <span class="field-name">{wording::field(ground.language, change.name)}": "</span>
                <span class="was">{before}</span>
                <span aria-hidden="true">" → "</span><span class="quiet">{to}</span>
                <strong>{after}</strong>
            </li>
        }
    };
    view! { <ul class="field-changes">{fields.iter().map(change).collect_view()}</ul> }.into_any()
}

/// What a new record holds.
pub(super) fn values(ground: &Ground, fields: &[FieldChange]) -> AnyView {
    let value = |field: &FieldChange| {
        let words = wording::value(ground.language, field.name, &field.after, &ground.zone)?;
        let label = wording::field(ground.language, field.name);
        Some(view! { <li><span class="field-name">{label}": "</span><strong>{words}</strong></li> })
    };
    view! { <ul class="field-changes">{fields.iter().filter_map(value).collect_view()}</ul> }.into_any()
}
