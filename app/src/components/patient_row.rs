use leptos::prelude::*;

use super::{
    Clock,
    erased::{part, press, text, when},
    identity::Identity,
    pending::PendingMark,
};
use crate::{
    language::{Language, use_language},
    list::{beds::Item, columns::Column},
    live::{Live, MarkKind, Row, View},
    patient::{Code as _, Patient},
    wording,
};

/// The place of a row in the list for programs that read it out: 1 is the columns' titles.
pub(super) fn row_index(view: View, item: Item) -> Signal<String> {
    text(move || view.place(&item).map_or_else(String::new, |place| (place + 2).to_string()))
}

/// One patient in the list. Everything in it follows the row's own signals and nothing else, so a change of one patient
/// touches one row.
#[component]
pub(super) fn PatientRow(id: i64, row: Row) -> impl IntoView {
    let view = expect_context::<View>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let cells = Cells { row, language: t, clock };
    view! {
        <tr
            class:new=cells.marked(Test::New)
            class:deleted=cells.marked(Test::Deleted)
            data-id=id
            aria-rowindex=row_index(view, Item::Patient(id))
        >
            <td class="place" class:changed=cells.marked(PLACE) data-label=t.text("wording.place")>
                <Changed when=cells.marked(PLACE)/>
                <span class="bed">{cells.text(|p, t, _| wording::bed(t, p))}</span>
                <span class="sub">{cells.text(|p, t, _| wording::place(t, p))}</span>
            </td>
            <th scope="row" class="identity" class:changed=cells.marked(IDENTITY)>
                <Changed when=cells.marked(IDENTITY)/>
                <Identity id row/>
                <PendingMark row/>
                <MarkLine id row/>
            </th>
            {part(move || columns.get().into_iter().map(|column| cells.cell(column)).collect_view().into_any())}
        </tr>
    }
    .into_any()
}

/// What this user has not seen yet, by whom, and the way to say that it is seen.
#[component]
pub(super) fn MarkLine(id: i64, row: Row) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    part(move || {
        row.mark
            .get()
            .map(|mark| {
                let words = match mark.kind {
                    MarkKind::New => "list.mark.new",
                    MarkKind::Changed(_) => "list.mark.changed",
                    MarkKind::Deleted => "list.mark.deleted",
                    MarkKind::Gone => {
                        return view! { <span class="mark">{t.text("list.mark.gone")}</span> }.into_any();
                    }
                };
                let words = t.fill(words, &[("by", &mark.by)]);
                view! {
                    <span class="mark">
                        <span aria-hidden="true">"● "</span>{words}
                        <button
                            type="button"
                            class="seen"
                            aria-label=text(move || {
                                let name = row.patient.with(|patient| patient.display_name());
                                t.fill("list.mark.seen_name", &[("name", &name)])
                            })
                            on:click=press(move || live.clear_mark(id))
                        >{t.text("list.mark.seen")}</button>
                    </span>
                }
                .into_any()
            })
            .into_any()
    })
    .into_any()
}

/// What a cell says of a patient.
pub(super) type Read = fn(&Patient, Language, Clock) -> String;

/// A row's cells. A handle.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    pub(super) row: Row,
    pub(super) language: Language,
    pub(super) clock: Clock,
}

impl Cells {
    pub(super) fn text(self, read: Read) -> Signal<String> {
        text(move || self.row.patient.with(|patient| read(patient, self.language, self.clock)))
    }

    pub(super) fn marked(self, test: Test) -> Signal<bool> {
        when(move || {
            self.row.mark.with(|mark| match (mark, test) {
                (Some(mark), Test::New) => mark.kind == MarkKind::New,
                (Some(mark), Test::Deleted) => matches!(mark.kind, MarkKind::Deleted | MarkKind::Gone),
                (Some(mark), Test::Changed(fields)) => mark.has(fields),
                (None, _) => false,
            })
        })
    }

    fn cell(self, column: Column) -> AnyView {
        let (test, main, sub): (Test, Read, Read) = match column {
            Column::Status => (STATUS, |p, t, clock| wording::status(t, p, &clock.zone()), |_, _, _| String::new()),
            Column::Admission => (
                ADMISSION,
                |p, _, clock| clock.zone().date_time(p.admission_date),
                |p, _, _| p.reason.clone().unwrap_or_default(),
            ),
            Column::Attending => {
                (ATTENDING, |p, t, _| wording::attending(t, p), |p, _, _| p.team.clone().unwrap_or_default())
            }
            Column::Alerts => return self.alerts(),
            Column::Note => (NOTE, |p, _, _| p.handover_note.clone().unwrap_or_default(), |_, _, _| String::new()),
        };
        let class = match column {
            Column::Status => self.text(|p, _, _| format!("status {}", p.status.as_str())),
            Column::Note => text(|| "note".to_owned()),
            _ => text(String::new),
        };
        view! {
            <td class:changed=self.marked(test) data-label=wording::column(self.language, column)>
                <Changed when=self.marked(test)/>
                <span class=class>{self.text(main)}</span>
                <span class="sub">{self.text(sub)}</span>
            </td>
        }
        .into_any()
    }

    fn alerts(self) -> AnyView {
        let language = self.language;
        view! {
            <td class="alerts" class:changed=self.marked(ALERTS) data-label=wording::column(language, Column::Alerts)>
                <Changed when=self.marked(ALERTS)/>
                {self.tags(move |patient| wording::alerts(language, patient))}
            </td>
        }
        .into_any()
    }

    /// What `of` says of the patient, each in a tag of its own.
    pub(super) fn tags(self, of: impl Fn(&Patient) -> Vec<Tag> + Send + 'static) -> AnyView {
        part(move || {
            let tags = self.row.patient.with(|patient| of(patient)).into_iter();
            tags.map(|(class, words)| view! { <span class=class>{words}</span> }.into_any()).collect_view().into_any()
        })
        .into_any()
    }
}

/// A tag's classes and words.
pub(super) type Tag = (&'static str, String);

/// What a class says about a row's mark.
#[derive(Clone, Copy)]
pub(super) enum Test {
    New,
    Deleted,
    Changed(&'static [&'static str]),
}

pub(super) const PLACE: Test = Test::Changed(&["ward", "room", "bed"]);
pub(super) const IDENTITY: Test = Test::Changed(&[
    "first_name",
    "last_name",
    "title",
    "middle_names",
    "preferred_name",
    "birth_date",
    "nhs_number",
    "medical_record_number",
    "gender",
    "deceased_at",
]);
pub(super) const STATUS: Test = Test::Changed(&["status", "dismissal_date"]);
const ADMISSION: Test = Test::Changed(&["admission_date", "reason"]);
const ATTENDING: Test = Test::Changed(&["attending", "team"]);
pub(super) const ALERTS: Test = Test::Changed(&["acuity", "allergy_status", "code_status", "flags"]);
const NOTE: Test = Test::Changed(&["handover_note"]);

/// A symbol and words beside a changed cell's colour (PAL-0880).
#[component]
pub(super) fn Changed(when: Signal<bool>) -> impl IntoView {
    let t = use_language();
    part(move || {
        when.get()
            .then(|| {
                view! {
                    <span class="dot" title=t.text("list.mark.cell")>
                        <span aria-hidden="true">"●"</span><span class="quiet">{t.text("list.mark.cell_before")}</span>
                    </span>
                }
                .into_any()
            })
            .into_any()
    })
}
