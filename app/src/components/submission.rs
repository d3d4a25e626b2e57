use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    live::{Live, Outcome, WriteRequest},
    patient::{Data, FieldErrors, Patient},
};

/// Somebody else changed the row while this user did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conflict {
    /// The row that this user started from.
    pub(super) base: Arc<Patient>,
    /// The row as it is now.
    pub(super) current: Arc<Patient>,
    /// Who changed it last.
    pub(super) by: String,
    /// What this user wants to save.
    pub(super) mine: Data,
}

/// The state of a dialog's write. A handle.
#[derive(Clone, Copy)]
pub(super) struct Submission {
    pub(super) busy: RwSignal<bool>,
    pub(super) errors: RwSignal<FieldErrors>,
    pub(super) problem: RwSignal<Option<String>>,
    pub(super) conflict: RwSignal<Option<Conflict>>,
}

impl Submission {
    pub(super) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            errors: RwSignal::new(FieldErrors::default()),
            problem: RwSignal::new(None),
            conflict: RwSignal::new(None),
        }
    }

    /// Sends a create.
    pub(super) fn create(self, live: Live, data: Data, saved: impl FnOnce(Arc<Patient>) + 'static) {
        let request = WriteRequest { action: "create", pk: None, version: None, data: Some(data) };
        self.send(live, request, None, Box::new(|row| _ = row.map(saved)));
    }

    /// Sends changed values of the row that `base` is a version of.
    pub(super) fn patch(self, live: Live, base: Arc<Patient>, data: Data, saved: impl FnOnce(Arc<Patient>) + 'static) {
        let (pk, version) = (Some(base.id), Some(base.version));
        let request = WriteRequest { action: "patch", pk, version, data: Some(data) };
        self.send(live, request, Some(base), Box::new(|row| _ = row.map(saved)));
    }

    /// Sends a delete of the row that `base` is a version of.
    pub(super) fn delete(self, live: Live, base: Arc<Patient>, saved: impl FnOnce() + 'static) {
        let (pk, version) = (Some(base.id), Some(base.version));
        let request = WriteRequest { action: "delete", pk, version, data: None };
        self.send(live, request, Some(base), Box::new(|_| saved()));
    }

    fn send(
        self,
        live: Live,
        request: WriteRequest,
        base: Option<Arc<Patient>>,
        saved: Box<dyn FnOnce(Option<Arc<Patient>>)>,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.errors.set(FieldErrors::default());
        self.problem.set(None);
        let mine = request.data.clone().unwrap_or_default();
        live.write(request, move |outcome| {
            // The dialog may have been closed meanwhile, and its signals with it.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Outcome::Saved(row) => saved(row),
                Outcome::Invalid(errors) => self.errors.set(errors),
                Outcome::Refused(reason) => self.problem.set(Some(reason)),
                Outcome::Conflict { current, by } => match base {
                    Some(base) => self.conflict.set(Some(Conflict { base, current, by, mine })),
                    None => self.problem.set(Some("Somebody else was faster. Try again.".to_owned())),
                },
            }
        });
    }
}

/// Why a write did not work, where no field is to blame.
#[component]
pub(super) fn Problem(submission: Submission) -> impl IntoView {
    view! {
        <div role="alert">
            {move || submission.problem.get().map(|problem| view! { <p class="problem">{problem}</p> })}
        </div>
    }
}

/// The button that sends, and the one that does not.
#[component]
pub(super) fn Buttons(
    submission: Submission,
    /// What the first button does.
    #[prop(into)]
    label: String,
    /// It cannot be taken back.
    #[prop(optional)]
    danger: bool,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<super::Dialogs>();
    let blocked = Signal::derive(move || submission.busy.get() || live.blocked.get());
    view! {
        <Problem submission/>
        <p class="problem" role="status" class:hidden=move || !live.blocked.get()>
            "The list is not live: nothing can be saved until the connection is back."
        </p>
        <div class="buttons">
            <button type="submit" class=if danger { "danger" } else { "primary" } disabled=blocked>{label}</button>
            <button type="button" on:click=move |_| dialogs.close()>"Cancel"</button>
        </div>
    }
    .into_any()
}
