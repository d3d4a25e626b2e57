use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock,
    erased::{part, press, text, when},
    identity::{Beside, identity},
    pending::pending_mark,
};
use crate::{
    edits::Pending,
    language::{Language, use_language},
    list::{beds::Item, columns::Column},
    live::{Live, Mark, MarkKind, Row, View},
    patient::Patient,
    wording,
};

/// The place of a row in the list for programs that read it out: 1 is the columns' titles.
pub(super) fn row_index(view: View, item: Item) -> Signal<String> {
    text(move || view.place(&item).map_or_else(String::new, |place| (place + 2).to_string()))
}

/// One patient in the list. It follows the row's own signals and nothing else, so a change of one patient touches one row.
/// All of it is drawn in one piece: rows are what typing in the search and scrolling wait for.
#[component]
pub(super) fn PatientRow(id: i64, row: Arc<Row>) -> impl IntoView {
    let view = expect_context::<View>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let beside = Beside::follow(id);
    let [is_new, is_deleted] = [Test::New, Test::Deleted].map(|test| has(&row, test));
    let cells = move || {
        let cells = Cells::now(id, &row);
        let t = cells.language;
        let columns = columns.get();
        // More than there are at first may go on beyond the edge: then words say it, beside the name, which stays in view.
        let near: &[Column] = if columns.len() > Column::AT_FIRST.len() { &[] } else { &columns };
        let shown = [PLACE, IDENTITY].into_iter().chain(near.iter().map(|column| test_of(*column)));
        let hidden = cells.hidden(shown);
        view! {
            <td class="place" class:changed=cells.has(PLACE) data-label=t.text("wording.place")>
                {cells.dot(PLACE)}
                <span class="bed">{wording::bed(t, &cells.patient)}</span>
                <span class="sub">{wording::place(t, &cells.patient)}</span>
                {shared_bed(t, beside.get().in_bed)}
            </td>
            <th scope="row" class="identity" class:changed=cells.has(IDENTITY)>
                {cells.dot(IDENTITY)}
                {identity(&cells, beside)}
                {pending_mark(t, cells.pending, &cells.patient)}
                {cells.mark_line()}
                {hidden}
            </th>
            {columns.into_iter().map(|column| cells.column(column)).collect_view()}
        }
        .into_any()
    };
    view! {
        <tr
            class:new=is_new
            class:deleted=is_deleted
            data-id=id
            aria-rowindex=row_index(view, Item::Patient(id))
        >
            {part(cells)}
        </tr>
    }
    .into_any()
}

/// Says that somebody shares a bed (mother and baby, or a slip).
pub(super) fn shared_bed(t: Language, count: usize) -> Option<AnyView> {
    (count > 1).then(|| {
        let words = t.fill("ward.shared", &[("count", &count)]);
        view! { <span class="shared"><span aria-hidden="true">"⚠ "</span>{words}</span> }.into_any()
    })
}

/// Whether this can be said of the row's mark; follows it.
pub(super) fn has(row: &Arc<Row>, test: Test) -> Signal<bool> {
    let row = row.clone();
    when(move || row.mark.with(|mark| test.fits(mark.as_ref())))
}

/// A row as it is at the moment: what its cells say.
pub(super) struct Cells {
    pub(super) id: i64,
    pub(super) patient: Arc<Patient>,
    pub(super) mark: Option<Mark>,
    pub(super) pending: Option<Pending>,
    pub(super) language: Language,
    pub(super) clock: Clock,
}

impl Cells {
    /// Follows the row.
    pub(super) fn now(id: i64, row: &Row) -> Self {
        Self {
            id,
            patient: row.patient.get(),
            mark: row.mark.get(),
            pending: row.pending.get(),
            language: use_language(),
            clock: expect_context(),
        }
    }

    /// Whether this can be said of the mark.
    pub(super) fn has(&self, test: Test) -> bool {
        test.fits(self.mark.as_ref())
    }

    /// A symbol and words beside a changed cell's colour (PAL-0880).
    pub(super) fn dot(&self, test: Test) -> Option<AnyView> {
        self.has(test).then(|| {
            let (title, words) = (self.language.text("list.mark.cell"), self.language.text("list.mark.cell_before"));
            view! {
                <span class="dot" title=title><span aria-hidden="true">"●"</span><span class="quiet">{words}</span></span>
            }
            .into_any()
        })
    }

    fn column(&self, column: Column) -> AnyView {
        if column == Column::Alerts {
            return self.alerts();
        }
        let (t, test) = (self.language, test_of(column));
        let [class, main, sub] = wording::cell(t, column, &self.patient, &self.clock.zone());
        view! {
            <td class:changed=self.has(test) data-label=wording::column(t, column)>
                {self.dot(test)}
                <span class=class>{main}</span>
                <span class="sub">{sub}</span>
            </td>
        }
        .into_any()
    }

    fn alerts(&self) -> AnyView {
        view! {
            <td class="alerts" class:changed=self.has(ALERTS) data-label=wording::column(self.language, Column::Alerts)>
                {self.dot(ALERTS)}
                {tags(wording::alerts(self.language, &self.patient))}
            </td>
        }
        .into_any()
    }

    pub(super) fn status(&self) -> String {
        wording::status(self.language, &self.patient, &self.clock.zone())
    }

    pub(super) fn status_class(&self) -> String {
        wording::status_class(&self.patient)
    }

    /// What this user has not seen yet, by whom, and the way to say that it is seen.
    pub(super) fn mark_line(&self) -> Option<AnyView> {
        let (id, t) = (self.id, self.language);
        let mark = self.mark.as_ref()?;
        let words = match mark.kind {
            MarkKind::New => "list.mark.new",
            MarkKind::Changed => "list.mark.changed",
            MarkKind::Deleted => "list.mark.deleted",
            MarkKind::Gone => return Some(view! { <span class="mark">{t.text("list.mark.gone")}</span> }.into_any()),
        };
        let words = t.fill(words, &[("by", &mark.by)]);
        let label = t.fill("list.mark.seen_name", &[("name", &self.patient.display_name())]);
        let list = expect_context::<Live>();
        let seen = press(move || list.clear_mark(id));
        let line = view! {
            <span class="mark">
                <span aria-hidden="true">"● "</span>{words}
                <button type="button" class="seen" aria-label=label on:click=seen>{t.text("list.mark.seen")}</button>
            </span>
        }
        .into_any();
        Some(line)
    }

    /// The names of changed fields that are in none of what is `shown`.
    pub(super) fn hidden(&self, shown: impl Iterator<Item = Test>) -> Option<AnyView> {
        let (t, mark) = (self.language, self.mark.as_ref()?);
        let shown: Vec<&str> = shown.flat_map(Test::fields).copied().collect();
        // Of two numbers one is shown.
        let is_second = |name: &str| name == "medical_record_number" && self.patient.nhs_number.is_some();
        let is_hidden = |name: &&String| !shown.contains(&name.as_str()) || is_second(name);
        let labels: Vec<String> = mark.changed.iter().filter(is_hidden).map(|name| wording::field(t, name)).collect();
        (!labels.is_empty()).then(|| {
            let words = t.fill("list.mark.hidden", &[("fields", &labels.join(", "))]);
            view! { <span class="hidden-changes">{words}</span> }.into_any()
        })
    }
}

/// Whether a change can be seen in this column.
fn test_of(column: Column) -> Test {
    match column {
        Column::Status => STATUS,
        Column::Admission => ADMISSION,
        Column::Attending => ATTENDING,
        Column::Alerts => ALERTS,
        Column::Note => NOTE,
    }
}

/// A tag's classes and words.
pub(super) type Tag = (&'static str, String);

/// Each in a tag of its own.
pub(super) fn tags(tags: Vec<Tag>) -> AnyView {
    let tags = tags.into_iter();
    tags.map(|(class, words)| view! { <span class=class>{words}</span> }.into_any()).collect_view().into_any()
}

/// What can be said of a row's mark.
#[derive(Clone, Copy)]
pub(super) enum Test {
    New,
    Deleted,
    Changed(&'static [&'static str]),
}

impl Test {
    /// The fields that it asks for.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::New | Self::Deleted => &[],
            Self::Changed(fields) => fields,
        }
    }

    fn fits(self, mark: Option<&Mark>) -> bool {
        mark.is_some_and(|mark| match self {
            Self::New => mark.kind == MarkKind::New,
            Self::Deleted => matches!(mark.kind, MarkKind::Deleted | MarkKind::Gone),
            Self::Changed(fields) => mark.has(fields),
        })
    }
}

pub(super) const PLACE: Test = Test::Changed(&["ward", "room", "bed"]);
pub(super) const IDENTITY: Test = Test::Changed(&[
    "first_name",
    "last_name",
    "title",
    "birth_date",
    "nhs_number",
    "medical_record_number",
    "deceased_at",
]);
pub(super) const STATUS: Test = Test::Changed(&["status", "dismissal_date"]);
const ADMISSION: Test = Test::Changed(&["admission_date", "reason"]);
const ATTENDING: Test = Test::Changed(&["attending", "team"]);
pub(super) const ALERTS: Test = Test::Changed(&["acuity", "allergy_status", "code_status", "flags", "deceased_at"]);
const NOTE: Test = Test::Changed(&["handover_note"]);
