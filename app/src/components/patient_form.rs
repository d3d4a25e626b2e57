use std::sync::Arc;

use leptos::{html, prelude::*};
use serde_json::Value;

use super::{
    Clock, Dialogs,
    conflict::ConflictPart,
    dialog::{DialogTitle, Gone, Undo},
    erased::{input, part, press, react, submit, text, when},
    field_input::{Field, FieldInput, Kind},
    presence::Presence,
    same_person::{SamePerson, SamePersonPart},
    submission::{Buttons, Submission},
};
use crate::{
    language::{Language, use_language},
    list::beds::is_same_bed,
    live::Live,
    patient::{
        BirthDate, Data, FieldErrors, Flag, NhsNumber, Patient, Revision, UtcTime,
        display::{Zone, iso_date_first},
        field,
    },
    wire::How,
    wording::{born_on, choices, flag_word, two_identifiers},
};

/// The form's fields as texts, and the way back to values. A handle.
#[derive(Clone, Copy)]
struct Draft {
    /// In the order of [`Draft::FIELDS`].
    texts: StoredValue<Vec<RwSignal<String>>>,
    flags: RwSignal<Vec<Flag>>,
    clock: Clock,
}

const TIMES: [&str; 2] = ["admission_date", "deceased_at"];

impl Draft {
    const FIELDS: [&'static str; 22] = [
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
        let flags =
            values.get("flags").and_then(|flags| serde_json::from_value(flags.clone()).ok()).unwrap_or_default();
        Self { texts: StoredValue::new(texts), flags: RwSignal::new(flags), clock }
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
            .map(|(name, text)| (name.to_owned(), to_value(name, &text, &zone)))
            .collect();
        let flags = serde_json::to_value(self.flags.get_untracked()).unwrap_or_default();
        if base.get("flags") != Some(&flags) {
            data.insert("flags".to_owned(), flags);
        }
        data
    }
}

fn to_text(name: &str, value: Option<&Value>, zone: &Zone) -> String {
    match value {
        Some(Value::String(text)) if TIMES.contains(&name) => {
            text.parse::<UtcTime>().map(|time| zone.date_time(time)).unwrap_or_default()
        }
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn to_value(name: &str, text: &str, zone: &Zone) -> Value {
    if text.trim().is_empty() {
        // What may not be null is sent as it is, so that the message is the one about blanks.
        return if field::may_be_null(name) || TIMES.contains(&name) { Value::Null } else { Value::from(text) };
    }
    if name == "birth_date" {
        return Value::from(iso_date_first(text.trim()));
    }
    if TIMES.contains(&name) {
        return zone.from_input(text).map_or_else(|| Value::from(text), |time| Value::from(time.to_string()));
    }
    Value::from(text)
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
pub(super) fn EditDialog(id: i64) -> impl IntoView {
    let t = use_language();
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let look = move || submission.check_left();
    let values = base.values();
    let draft = Draft::new(&values, clock);
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
                {field_input(Field::text(t, field::WARD).offers(live.values_of(|patient| patient.ward.as_deref())))}
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
            <FlagChoice flags=draft.flags/>
        </fieldset>
    }
    .into_any()
}

/// Two patients in one bed are sometimes right (mother and baby): said, not forbidden.
#[component]
pub(super) fn BedWarning(
    #[prop(into)] ward: Signal<String>,
    #[prop(into)] bed: Signal<String>,
    id: Option<i64>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let other = move || {
        live.track_rows();
        let (ward, bed) = (ward.get(), bed.get());
        let (ward, bed) = (ward.trim().to_owned(), bed.trim().to_owned());
        (!ward.is_empty() && !bed.is_empty())
            .then(|| {
                live.find(|patient| {
                    Some(patient.id) != id
                        && patient.status.occupies_bed()
                        && patient.ward.as_deref() == Some(&*ward)
                        && patient.bed.as_deref().is_some_and(|taken| is_same_bed(taken, &bed))
                })
            })
            .flatten()
    };
    view! {
        <div role="status">
            {part(move || other().map(|patient| view! {
                <p class="warning">{t.fill("record.form.bed_taken", &[("name", &patient.display_name())])}</p>
            }.into_any()).into_any())}
        </div>
    }
}

#[component]
fn FlagChoice(flags: RwSignal<Vec<Flag>>) -> impl IntoView {
    let t = use_language();
    let toggle = move |code: &'static str| {
        flags.update(|flags| {
            let had = flags.len();
            flags.retain(|flag| flag.code != code);
            if flags.len() == had {
                flags.push(Flag { code: code.to_owned(), text: String::new() });
            }
        });
    };
    view! {
        <fieldset class="flags">
            <legend>{t.text("wording.field.flags")}</legend>
            {Flag::COMMON.iter().map(|(code, _)| view! {
                <label class="check">
                    <input
                        type="checkbox"
                        name="flags"
                        value=*code
                        prop:checked=when(move || flags.with(|flags| flags.iter().any(|flag| flag.code == *code)))
                        on:change=input(move |_| toggle(code))
                    />
                    " "{flag_word(t, code)}
                </label>
            }).collect_view()}
        </fieldset>
    }
    .into_any()
}
