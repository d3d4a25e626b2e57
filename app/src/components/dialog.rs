use std::sync::Arc;

use leptos::{ev::Event, html, prelude::*, wasm_bindgen::JsCast as _, web_sys::Element};

use super::{
    Clock,
    actions::{DeleteDialog, StatusDialog, UndoDialog},
    choose_columns::ColumnsDialog,
    clear_all::ClearAllDialog,
    erased::{input, part, press, react, when},
    keys::HelpDialog,
    patient_form::{AdmitDialog, EditDialog},
    patient_view::PatientDialog,
    stopped::Stopped,
    transfer::TransferDialog,
    unsaved::UnsavedDialog,
    views::SaveViewDialog,
    wall_dialog::WallDialog,
};
use crate::{
    language::use_language,
    live::{LinkState, Live},
    patient::{Data, Patient, Status},
};

/// What the dialog shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Nothing,
    Patient(i64),
    Admit,
    Edit(i64),
    Transfer(i64),
    Status(i64, Status),
    Delete(i64),
    /// What was done last.
    Undo,
    /// This user's edits that are not saved.
    Unsaved,
    /// Whether everything is to count as seen.
    ClearAll,
    Columns,
    SaveView,
    Wall,
    Help,
}

/// A message about something the user did, with the way back where there is one.
#[derive(Clone)]
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) undo: Option<Undo>,
}

/// What takes a change back.
#[derive(Clone)]
pub(crate) struct Undo {
    /// The row after the change.
    pub(crate) row: Arc<Patient>,
    /// What the changed fields held before.
    pub(crate) back: Data,
}

impl Undo {
    /// Of these fields of `before`, which is `row` now.
    pub(super) fn of(before: &Patient, fields: &Data, row: Arc<Patient>) -> Self {
        // The end of a stay goes with its status.
        let is_changed =
            |name: &str| fields.contains_key(name) || (name == "dismissal_date" && fields.contains_key("status"));
        let mut back = before.values();
        back.retain(|name, _| is_changed(name));
        Self { row, back }
    }
}

/// The one dialog and the last message. A handle.
#[derive(Clone, Copy)]
pub struct Dialogs {
    pub(crate) open: RwSignal<Open>,
    pub(crate) done: RwSignal<Option<Done>>,
    /// Something was typed into the form that is open.
    pub typed: RwSignal<bool>,
    /// What is to be done again before it is thrown away; empty when nothing is.
    pub(super) asking: RwSignal<String>,
    /// The login has ended: nothing can be sent any more.
    pub signed_out: RwSignal<bool>,
    /// What the user is asked about, see [`Open::Undo`].
    undoes: StoredValue<Option<Undo>>,
}

impl Dialogs {
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(Open::Nothing),
            done: RwSignal::new(None),
            typed: RwSignal::new(false),
            asking: RwSignal::new(String::new()),
            signed_out: RwSignal::new(false),
            undoes: StoredValue::new(None),
        }
    }

    /// Whether what was typed may be thrown away. It is not lost by one slip of a finger: the first time this asks.
    pub(super) fn may_discard(self, question: String) -> bool {
        let is_asked = self.asking.with_untracked(|asked| *asked == question);
        let may = is_asked || !self.typed.get_untracked();
        self.asking.set(if may { String::new() } else { question });
        may
    }

    pub(crate) fn show(self, what: Open) {
        self.done.set(None);
        self.open.set(what);
    }

    pub(crate) fn close(self) {
        self.open.set(Open::Nothing);
    }

    /// The patient whose record is open, and nothing else with it.
    pub fn patient(self) -> Option<i64> {
        match self.open.get() {
            Open::Patient(id) => Some(id),
            _ => None,
        }
    }

    /// Opens this patient's record or closes it, as an address wants it. What somebody is typing stays.
    pub fn go_to(self, patient: Option<i64>) {
        let is_free = matches!(self.open.get_untracked(), Open::Nothing | Open::Patient(_));
        if is_free {
            self.open.set(patient.map_or(Open::Nothing, Open::Patient));
        }
    }

    /// Asks whether this is to be taken back.
    pub(super) fn undo(self, undo: Undo) {
        self.undoes.set_value(Some(undo));
        self.show(Open::Undo);
    }

    pub(crate) fn finish(self, text: String, undo: Option<Undo>) {
        self.open.set(Open::Nothing);
        self.done.set(Some(Done { text, undo }));
    }
}

/// Covers the whole list: one patient's record is never seen beside others' (PAL-1040). The browser's own modal dialog
/// keeps the focus inside, closes on Escape and gives the focus back.
#[component]
pub(crate) fn Dialog() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let node = NodeRef::<html::Dialog>::new();
    react(move || {
        let wanted = dialogs.open.get() != Open::Nothing;
        let Some(dialog) = node.get() else { return };
        if wanted && !dialog.open() {
            // Fails only for an element that is not in the document.
            let _ = dialog.show_modal();
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    let Dialogs { typed, asking, .. } = dialogs;
    react(move || {
        dialogs.open.track();
        typed.set(false);
        asking.set(String::new());
    });
    let on_input = input(move |event: Event| {
        let field = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        // What is kept at once is beside every form.
        typed.update(|typed| {
            *typed |= field.is_some_and(|field| field.closest("form").is_ok_and(|form| form.is_some()));
        });
        asking.set(String::new());
    });
    let on_escape = input(move |event: Event| {
        if !dialogs.may_discard(t.text("record.escape")) {
            event.prevent_default();
        }
    });
    // The browser tells it a moment later: something else may have been opened by then.
    let closed = input(move |_: Event| {
        if !node.get_untracked().is_some_and(|dialog| dialog.open()) {
            dialogs.close();
        }
    });
    view! {
        <dialog node_ref=node aria-labelledby="dialog-title" on:input=on_input on:cancel=on_escape on:close=closed>
            <Truth/>
            <Stopped/>
            <p class="warning asking" role="alert" class:hidden=when(move || asking.with(String::is_empty))>
                {asking}
            </p>
            {part(move || match dialogs.open.get() {
                Open::Nothing => ().into_any(),
                Open::Patient(id) => view! { <PatientDialog id/> }.into_any(),
                Open::Admit => view! { <AdmitDialog/> }.into_any(),
                Open::Edit(id) => view! { <EditDialog id/> }.into_any(),
                Open::Transfer(id) => view! { <TransferDialog id/> }.into_any(),
                Open::Status(id, status) => view! { <StatusDialog id status/> }.into_any(),
                Open::Delete(id) => view! { <DeleteDialog id/> }.into_any(),
                Open::Undo => dialogs.undoes.get_value().map(|undo| view! { <UndoDialog undo/> }.into_any()).into_any(),
                Open::Unsaved => view! { <UnsavedDialog/> }.into_any(),
                Open::ClearAll => view! { <ClearAllDialog/> }.into_any(),
                Open::Columns => view! { <ColumnsDialog/> }.into_any(),
                Open::SaveView => view! { <SaveViewDialog/> }.into_any(),
                Open::Wall => view! { <WallDialog/> }.into_any(),
                Open::Help => view! { <HelpDialog/> }.into_any(),
            })}
        </dialog>
    }
}

/// What the header says of the list holds for a dialog too, which covers it: nothing old is shown without a word.
#[component]
fn Truth() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    part(move || {
        let time = |at| clock.zone().time_with_seconds(at);
        let says = |first, at, then| format!("{} {}", t.fill(first, &[("time", &time(at))]), t.text(then));
        let words = match (live.state.get(), live.paused.get()) {
            (LinkState::Lost { since, .. }, _) => says("bar.lost.since", since, "bar.lost.old"),
            (_, Some(since)) => says("bar.paused.at", since, "bar.paused.what"),
            _ => return ().into_any(),
        };
        let over = dialogs.signed_out.get().then(|| {
            view! {
                " "{t.text("record.signed_out.what")}" "
                <a href="/sign-in" target="_blank" rel="noopener">{t.text("record.signed_out.sign_in")}</a>
            }
            .into_any()
        });
        view! { <p class="stale" role="status"><span aria-hidden="true">"⚠ "</span>{words}{over}</p> }.into_any()
    })
}

/// Title of the dialog; takes the focus when it appears, so that it is read first.
#[component]
pub(super) fn DialogTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let node = NodeRef::<html::H2>::new();
    react(move || {
        if let Some(title) = node.get() {
            let _ = title.focus();
        }
    });
    view! { <h2 id="dialog-title" tabindex="-1" node_ref=node>{text}</h2> }
}

/// What a dialog about a patient shows when there is none any more.
#[component]
pub(super) fn Gone() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    view! {
        <DialogTitle text=t.text("record.gone.title")/>
        <p>{t.text("record.gone.told")}</p>
        <div class="buttons">
            <button type="button" on:click=press(move || dialogs.close())>{t.text("list.back")}</button>
        </div>
    }
}
