use std::sync::Arc;

use leptos::{html, prelude::*};
use serde_json::Value;

use super::{
    Clock, Dialogs,
    bed_warning::BedWarning,
    conflict::ConflictPart,
    dialog::{DialogTitle, Gone, Undo},
    erased::{press, react, submit, text},
    field_input::{Field, FieldInput, Kind},
    flag_choice::{FlagChoice, Flags},
    presence::Presence,
    same_person::{SamePerson, SamePersonPart},
    submission::{Buttons, Submission},
};
use crate::{
    edits::Edit,
    language::{Language, use_language},
    live::Live,
    patient::{
        BirthDate, Data, FieldErrors, NhsNumber, Patient, Revision, UtcTime,
        display::{Zone, iso_date_first},
        field,
    },
    wire::How,
    wording::{born_on, choices, two_identifiers},
};

/// The form's fields as texts, and the way back to values. A handle.
#[derive(Clone, Copy)]
struct Draft {
    /// What it began with.
    start: StoredValue<Data>,
    /// In the order of [`Draft::FIELDS`].
    texts: StoredValue<Vec<RwSignal<String>>>,
    flags: Flags,
    clock: Clock,
}

const TIMES: [&str; 3] = ["admission_date", DISCHARGE, "deceased_at"];
const DISCHARGE: &str = "dismissal_date";

impl Draft {
    const FIELDS: [&'static str; 23] = [
        "title",
        "first_name",
        "middle_names",
        "last_name",
        "preferred_name",
        "birth_date",
        "gender",
        "nhs_number",
        "medical_record_number",
        "status",
        "admission_date",
        DISCHARGE,
        "ward",
        "room",
        "bed",
        "attending",
        "team",
        "reason",
        "handover_note",
        "acuity",
        "allergy_status",
        "code_status",
        "deceased_at",
    ];

    fn new(values: &Data, clock: Clock) -> Self {
        let zone = clock.zone();
        let texts = Self::FIELDS.iter().map(|name| RwSignal::new(to_text(name, values.get(*name), &zone))).collect();
        let start = StoredValue::new(values.clone());
        Self { start, texts: StoredValue::new(texts), flags: Flags::new(values), clock }
    }

    fn text(self, name: &'static str) -> RwSignal<String> {
        let place = Self::FIELDS.iter().position(|field| *field == name);
        place.and_then(|place| self.texts.with_value(|texts| texts.get(place).copied())).unwrap_or_default()
    }

    /// Two identifiers of somebody who is not there yet, as far as they have been typed.
    fn identifiers(self, t: Language) -> String {
        let typed = |name| Some(self.text(name).get().trim().to_owned()).filter(|text| !text.is_empty());
        let known = |name| typed(name).unwrap_or_else(|| t.text("wording.unknown"));
        let title = typed("title").map(|title| format!(" ({title})")).unwrap_or_default();
        let number = typed("nhs_number").map(|number| {
            let grouped = number.parse::<NhsNumber>().map_or(number, |number| number.grouped());
            t.fill("wording.nhs", &[("number", &grouped)])
        });
        let record = || typed("medical_record_number").map(|number| t.fill("wording.mrn", &[("number", &number)]));
        let second = number.or_else(record);
        let born = || match typed("birth_date") {
            Some(date) => {
                let date = iso_date_first(&date).parse::<BirthDate>().map_or(date, BirthDate::display_long);
                born_on(t, &date)
            }
            None => t.text("wording.born_unknown"),
        };
        let name = format!("{}, {}{title}", known("last_name").to_uppercase(), known("first_name"));
        format!("{name} · {}", second.unwrap_or_else(born))
    }

    /// Numbers that are somebody else's already; the server would refuse them.
    fn taken(self, live: Live, id: Option<i64>, t: Language) -> FieldErrors {
        let typed = |name| self.text(name).get_untracked();
        let number = typed("nhs_number").parse::<NhsNumber>().ok();
        let record = Some(typed("medical_record_number").trim().to_owned()).filter(|number| !number.is_empty());
        let mut errors = FieldErrors::default();
        let mut look = |name, has: &dyn Fn(&Patient) -> bool| {
            if let Some(other) = live.find(|patient| Some(patient.id) != id && has(patient)) {
                errors.add(name, t.fill("admit.number_taken", &[("name", &other.display_name())]));
            }
        };
        look("nhs_number", &|patient| number.is_some() && patient.nhs_number == number);
        look(field::MEDICAL_RECORD_NUMBER.name, &|patient| record.is_some() && patient.medical_record_number == record);
        errors
    }

    /// The values that are other than in `base`, or all of them.
    fn changed_from(self, base: &Data) -> Data {
        let zone = self.clock.zone();
        let mut data: Data = Self::FIELDS
            .iter()
            .map(|name| (*name, self.text(name).get_untracked()))
            .filter(|(name, text)| *text != to_text(name, base.get(*name), &zone))
            .map(|(name, text)| (name.to_owned(), self.to_value(name, &text, &zone)))
            .collect();
        let flags = serde_json::to_value(self.flags.chosen(base)).unwrap_or_default();
        if base.get("flags") != Some(&flags) {
            data.insert("flags".to_owned(), flags);
        }
        data
    }

    fn to_value(self, name: &str, text: &str, zone: &Zone) -> Value {
        let began_as = self.start.with_value(|start| start.get(name).cloned());
        if let Some(value) = began_as.clone().filter(|value| to_text(name, Some(value), zone) == text) {
            // To the second, and in the hour of the two in which it is.
            return value;
        }
        // A stay that is over goes on by an action of its own, not because a field was emptied: that is no time.
        if text.trim().is_empty() && name != DISCHARGE {
            // What may not be null is sent as it is, so that the message is the one about blanks.
            return if field::may_be_null(name) || TIMES.contains(&name) { Value::Null } else { Value::from(text) };
        }
        if name == "birth_date" {
            return Value::from(iso_date_first(text.trim()));
        }
        if TIMES.contains(&name) {
            let before = began_as.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
            let near = before.unwrap_or_else(|| self.clock.now.get_untracked());
            let time = zone.from_input_near(text, near);
            return time.map_or_else(|| Value::from(text), |time| Value::from(time.to_string()));
        }
        Value::from(text)
    }
}

fn to_text(name: &str, value: Option<&Value>, zone: &Zone) -> String {
    match value {
        Some(Value::String(text)) if TIMES.contains(&name) => {
            text.parse::<UtcTime>().map(|time| zone.date_time(time)).unwrap_or_default()
        }
        Some(Value::String(text)) if name == "birth_date" => {
            let long = text.parse().ok().map(BirthDate::display_long);
            // Of a month alone the long form cannot be read back.
            long.filter(|long| iso_date_first(long) == *text).unwrap_or_else(|| text.clone())
        }
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A new patient.
#[component]
pub(super) fn AdmitDialog() -> impl IntoView {
    let t = use_language();
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let submission = Submission::new();
    let look = move || submission.check_left();
    let now = clock.now.get_untracked();
    let mut start = Data::new();
    start.insert("status".into(), "admitted".into());
    start.insert("gender".into(), "unknown".into());
    start.insert("allergy_status".into(), "not_recorded".into());
    start.insert("code_status".into(), "not_recorded".into());
    start.insert("admission_date".into(), now.to_string().into());
    if let Some(ward) = live.query.with_untracked(|query| query.ward.clone()) {
        start.insert("ward".into(), ward.into());
    }
    let draft = Draft::new(&start, clock);
    let form = NodeRef::<html::Form>::new();
    let same = SamePerson::new();
    let admit = Callback::new(move |()| {
        let data = draft.changed_from(&Data::new());
        submission.create(data, move |row| {
            dialogs.finish(t.fill("record.done.admitted", &[("name", &row.display_name())]), None);
        });
    });
    let check = move || {
        let mut errors = draft.taken(live, None, t);
        let data = draft.changed_from(&Data::new());
        errors.extend(Patient::admit(&data, clock.now.get_untracked()).err().unwrap_or_default());
        errors
    };
    submission.check_by(check);
    let send = submit(move || {
        let data = draft.changed_from(&Data::new());
        match Patient::admit(&data, clock.now.get_untracked()) {
            Ok(patient) if draft.taken(live, None, t).is_empty() => {
                if !same.ask(live, &patient) {
                    admit.run(());
                }
            }
            _ => {
                submission.errors.set(check());
                focus_first_wrong(form);
            }
        }
    });
    focus_on_errors(submission, form);
    view! {
        <SamePersonPart same identifiers=text(move || draft.identifiers(t)) admit/>
        <form on:submit=send on:click=press(look) on:keyup=move |_| look() novalidate node_ref=form class:hidden=same.asks()>
            <DialogTitle text=t.text("record.form.title")/>
            <Fields draft submission admitting=true id=None/>
            <p class="identifiers">{text(move || draft.identifiers(t))}</p>
            <Buttons submission label=t.text("record.admit")/>
        </form>
    }
    .into_any()
}

/// Other values for a patient.
#[component]
pub(super) fn EditDialog(
    id: i64,
    /// What was refused, to be gone through once more.
    #[prop(optional)]
    again: Option<Edit>,
) -> impl IntoView {
    let t = use_language();
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let look = move || submission.check_left();
    let values = base.values();
    let mut start = values.clone();
    if let Some(edit) = again {
        start.extend(edit.data.unwrap_or_default());
        submission.decides.set_value(Some(edit.key));
    }
    let draft = Draft::new(&start, clock);
    let form = NodeRef::<html::Form>::new();
    let identifiers = two_identifiers(t, &base, clock.today(), &clock.zone());
    let title = t.fill("record.edit_name", &[("name", &base.display_name())]);
    let check = move |base: &Patient| {
        let mut errors = draft.taken(live, Some(id), t);
        let data = draft.changed_from(&base.values());
        errors.extend(base.revise(&data, Revision::Partial, clock.now.get_untracked()).err().unwrap_or_default());
        errors
    };
    submission.check_by({
        let base = base.clone();
        move || check(&base)
    });
    let send = submit(move || {
        let data = draft.changed_from(&values);
        if data.is_empty() {
            submission.settle();
            dialogs.close();
            return;
        }
        let errors = check(&base);
        if !errors.is_empty() {
            submission.errors.set(errors);
            focus_first_wrong(form);
            return;
        }
        let before = base.clone();
        submission.patch(base.clone(), data.clone(), move |row| {
            let words = t.fill("record.done.saved", &[("name", &row.display_name())]);
            dialogs.finish(words, Some(Undo::of(&before, &data, row)));
        });
    });
    focus_on_errors(submission, form);
    view! {
        <ConflictPart submission/>
        <form on:submit=send on:click=press(look) on:keyup=move |_| look() novalidate node_ref=form class:hidden=submission.in_conflict()>
            <DialogTitle text=title.clone()/>
            <Presence id how=How::Editing/>
            <Fields draft submission admitting=false id=Some(id)/>
            <p class="identifiers">{identifiers.clone()}</p>
            <Buttons submission label=t.text("record.save") keeps=true/>
        </form>
    }
    .into_any()
}

/// Moves the focus to the first wrong field when the server's messages arrive.
fn focus_on_errors(submission: Submission, form: NodeRef<html::Form>) {
    react(move || {
        submission.rejected.track();
        focus_first_wrong(form);
    });
}

fn focus_first_wrong(form: NodeRef<html::Form>) {
    // Once the messages are in the document. The form may be closed by then.
    request_animation_frame(move || {
        use leptos::wasm_bindgen::JsCast as _;
        let form = form.try_get_untracked().flatten();
        let wrong = form.and_then(|form| form.query_selector("[aria-invalid=true]").ok().flatten());
        if let Some(wrong) = wrong.and_then(|wrong| wrong.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
            let _ = wrong.focus();
        }
    });
}

#[component]
fn Fields(draft: Draft, submission: Submission, admitting: bool, id: Option<i64>) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let field_input = move |field: Field| view! { <FieldInput value=draft.text(field.name) field submission/> };
    let plain = move |rule| field_input(Field::text(t, rule));
    let choice = move |name| field_input(Field::new(t, name, Kind::Choice(choices(t, name))));
    let arrivals = vec![("admitted", t.text("record.form.here")), ("expected", t.text("record.form.will_come"))];
    let acuities = vec![
        ("", t.text("wording.not_assessed")),
        ("1", t.text("record.form.most_urgent")),
        ("2", "2".to_owned()),
        ("3", "3".to_owned()),
        ("4", "4".to_owned()),
        ("5", t.text("record.form.least_urgent")),
    ];
    // Not the browser's own date input: it writes dates as its locale does, which nobody on a ward can rely on.
    let time = |name| Field::new(t, name, Kind::Text).hint(t.text("record.form.time_hint"));
    let admission = Field { label: t.text("record.form.admission"), ..time("admission_date").required() };
    let is_over = !admitting && draft.text("status").with_untracked(|status| status == "discharged");
    view! {
        <fieldset>
            <legend>{t.text("record.form.who")}</legend>
            <div class="fields">
                {field_input(Field::text(t, field::LAST_NAME).required())}
                {field_input(Field::text(t, field::FIRST_NAME).required())}
                {plain(field::MIDDLE_NAMES)}
                {plain(field::TITLE)}
                {plain(field::PREFERRED_NAME)}
                {field_input(Field::new(t, "birth_date", Kind::Text).hint(t.text("record.form.birth_hint")))}
                {choice("gender")}
                {field_input(Field::new(t, "nhs_number", Kind::Text).hint(t.text("record.form.nhs_hint")))}
                {plain(field::MEDICAL_RECORD_NUMBER)}
            </div>
        </fieldset>
        <fieldset>
            <legend>{t.text("record.form.stay")}</legend>
            <div class="fields">
                {admitting.then(|| field_input(Field::new(t, "status", Kind::Choice(arrivals))))}
                {field_input(admission)}
                {is_over.then(|| field_input(time(DISCHARGE).required()))}
                {field_input(Field::text(t, field::WARD).offers(live.wards()))}
                {plain(field::ROOM)}
                {plain(field::BED)}
                {field_input(Field::text(t, field::ATTENDING).offers(live.values_of(|patient| patient.attending.as_deref())))}
                {field_input(Field::text(t, field::TEAM).offers(live.values_of(|patient| patient.team.as_deref())))}
                {field_input(Field { kind: Kind::Long, ..Field::text(t, field::REASON) })}
                {field_input(Field { kind: Kind::Long, ..Field::text(t, field::HANDOVER_NOTE) })}
            </div>
            <BedWarning ward=draft.text("ward") bed=draft.text("bed") id/>
        </fieldset>
        <fieldset>
            <legend>{t.text("wording.alerts")}</legend>
            <div class="fields">
                {field_input(Field::new(t, "acuity", Kind::Choice(acuities)))}
                {choice("allergy_status")}
                {choice("code_status")}
                {(!admitting).then(|| field_input(time("deceased_at")))}
            </div>
            <FlagChoice flags=draft.flags submission/>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-23T14:02:31Z";

    fn ada(status: &str) -> Patient {
        let over = (status == "discharged").then_some("2026-10-25T01:30:12Z");
        let data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-07-01T11:00:05Z",
            "status": status, "dismissal_date": over, "flags": [{"code": "deceased", "text": "Time not recorded"}]});
        Patient::admit(data.as_object().unwrap(), NOW.parse().unwrap()).unwrap()
    }

    /// With what changes when this is typed into the form of this patient.
    fn changed(base: &Patient, typed: &[(&'static str, &str)]) -> Value {
        draft(&base.values(), |draft| {
            for (name, text) in typed {
                draft.text(name).set((*text).to_owned());
            }
            draft.changed_from(&base.values()).into()
        })
    }

    /// With a form that begins with these values.
    fn draft<R>(values: &Data, run: impl FnOnce(Draft) -> R) -> R {
        Owner::new().with(|| {
            // London, with the hour that autumn repeats.
            let zone = Zone { base_offset: 0, changes: vec![(1_774_746_000, 3600), (1_792_890_000, 0)] };
            run(Draft::new(values, Clock::new(NOW.parse().unwrap(), zone)))
        })
    }

    fn wrong(base: &Patient, typed: &[(&'static str, &str)]) -> FieldErrors {
        let data = changed(base, typed);
        base.revise(data.as_object().unwrap(), Revision::Partial, NOW.parse().unwrap()).unwrap_err()
    }

    #[test]
    fn every_editable_field_is_in_the_form() {
        for (name, _) in field::EDITABLE {
            assert!(Draft::FIELDS.contains(name) || *name == "flags", "{name}");
        }
    }

    #[test]
    fn what_nobody_touches_is_not_sent() {
        for status in ["admitted", "discharged"] {
            assert_eq!(changed(&ada(status), &[]), json!({}));
        }
        // Neither the seconds nor which of autumn's two hours it was are in the text; typed again, it is the same.
        assert_eq!(changed(&ada("discharged"), &[(DISCHARGE, "25-Oct-2026 01:30")]), json!({}));
    }

    #[test]
    fn a_birth_date_is_typed_as_it_is_shown_and_in_part_as_it_is_kept() {
        let mut base = ada("admitted");
        for (born, shown) in [("1985-12-10", "10-Dec-1985"), ("1985-12", "1985-12"), ("1985", "1985")] {
            base.birth_date = Some(born.parse().unwrap());
            assert_eq!(draft(&base.values(), |draft| draft.text("birth_date").get_untracked()), shown);
            assert_eq!(changed(&base, &[]), json!({}));
            assert_eq!(changed(&base, &[("birth_date", shown)]), json!({}));
        }
        for typed in ["09-Dec-1906", " 9-dec-1906", "1906-12-09"] {
            assert_eq!(changed(&base, &[("birth_date", typed)]), json!({"birth_date": "1906-12-09"}), "{typed}");
        }
        assert_eq!(changed(&base, &[("birth_date", "")]), json!({"birth_date": null}));
    }

    #[test]
    fn what_was_refused_is_in_the_form_again_and_is_sent_with_what_is_corrected() {
        let base = ada("admitted").values();
        let refused = json!({"reason": "Fall", "deceased_at": "2026-11-23T13:00:07Z", "medical_record_number": "4711"});
        let mut start = base.clone();
        start.extend(refused.as_object().unwrap().clone());
        draft(&start, |draft| {
            assert_eq!(Value::from(draft.changed_from(&base)), refused);
            draft.text("medical_record_number").set("4712".to_owned());
            draft.text("reason").set(String::new());
            let expected = json!({"deceased_at": "2026-11-23T13:00:07Z", "medical_record_number": "4712"});
            assert_eq!(Value::from(draft.changed_from(&base)), expected);
        });
    }

    #[test]
    fn the_end_of_a_stay_is_corrected_as_its_beginning_is() {
        let typed = [("admission_date", "02-Jul-2026 00:30"), (DISCHARGE, "2026-10-25 01:31")];
        let expected = json!({"admission_date": "2026-07-01T23:30:00Z", "dismissal_date": "2026-10-25T01:31:00Z"});
        // Of autumn's two hours in the one in which it was.
        assert_eq!(changed(&ada("discharged"), &typed), expected);
    }

    #[test]
    fn an_admission_is_now_also_in_the_second_of_autumns_two_hours() {
        let start = json!({"admission_date": "2026-10-25T01:30:12Z"});
        let admitted = |typed: Option<&str>| {
            draft(start.as_object().unwrap(), |draft| {
                if let Some(text) = typed {
                    draft.text("admission_date").set(text.to_owned());
                }
                draft.changed_from(&Data::new()).remove("admission_date").unwrap()
            })
        };
        assert_eq!(admitted(None), "2026-10-25T01:30:12Z");
        assert_eq!(admitted(Some("25-Oct-2026 01:25")), "2026-10-25T01:25:00Z");
        assert_eq!(admitted(Some("25-Oct-2026 00:59")), "2026-10-24T23:59:00Z");
    }

    #[test]
    fn a_discharge_before_the_admission_and_none_are_refused_beside_the_field() {
        for text in ["30-Jun-2026 23:59", "soon", "", "  "] {
            let wrong = wrong(&ada("discharged"), &[(DISCHARGE, text)]);
            let fields: Vec<&str> = wrong.iter().map(|(name, _)| name).collect();
            assert_eq!(fields, [DISCHARGE], "{text:?}");
        }
    }

    #[test]
    fn an_emptied_field_is_null_where_there_may_be_none() {
        let mut base = ada("admitted");
        base.reason = Some("Fall".to_owned());
        base.deceased_at = Some("2026-07-02T10:00:00Z".parse().unwrap());
        let expected = json!({"reason": null, "deceased_at": null, "last_name": ""});
        assert_eq!(changed(&base, &[("reason", ""), ("deceased_at", " "), ("last_name", "")]), expected);
    }
}
