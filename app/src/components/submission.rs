use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Dialogs,
    erased::{part, press, text, when},
};
use crate::{
    edits::{Outcome, Refusal, Theirs},
    language::{Language, use_language},
    live::{Live, WriteRequest},
    patient::{Data, FieldErrors, Patient},
    wording::refusal,
};

/// Somebody else changed the row while this user did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conflict {
    /// The row that this user started from.
    pub(super) base: Arc<Patient>,
    /// The row as it is now, and who did that.
    pub(super) theirs: Theirs,
    /// What this user wants to save.
    pub(super) mine: Data,
}

type Check = Arc<dyn Fn() -> FieldErrors + Send + Sync>;

/// The state of a dialog's write. A handle.
#[derive(Clone, Copy)]
pub(super) struct Submission {
    pub(super) busy: RwSignal<bool>,
    pub(super) errors: RwSignal<FieldErrors>,
    /// Rung when the server has found something wrong with the fields.
    pub(super) rejected: Trigger,
    /// What is wrong with the fields as they are, as far as this page can know.
    check: StoredValue<Option<Check>>,
    /// Fields that say themselves what is wrong with them.
    fields: StoredValue<Vec<&'static str>>,
    /// Fields that were left and not checked yet.
    left: StoredValue<Vec<&'static str>>,
    pub(super) problem: RwSignal<Option<Refusal>>,
    pub(super) conflict: RwSignal<Option<Conflict>>,
    /// The key of the stuck edit that the user decides about here.
    pub(super) decides: StoredValue<Option<String>>,
    /// The key of the write whose answer is still to come.
    under_way: StoredValue<Option<String>>,
    page: StoredValue<(Live, Dialogs)>,
    t: Language,
}

impl Submission {
    pub(super) fn new() -> Self {
        let live = expect_context::<Live>();
        let submission = Self {
            busy: RwSignal::new(false),
            errors: RwSignal::new(FieldErrors::default()),
            rejected: Trigger::new(),
            check: StoredValue::new(None),
            fields: StoredValue::new(Vec::new()),
            left: StoredValue::new(Vec::new()),
            problem: RwSignal::new(None),
            conflict: RwSignal::new(None),
            decides: StoredValue::new(None),
            under_way: StoredValue::new(None),
            page: StoredValue::new((live, expect_context())),
            t: use_language(),
        };
        // A dialog that is closed while its write is under way hears no answer.
        on_cleanup(move || {
            if let Some(key) = submission.under_way.try_get_value().flatten() {
                live.unattend(&key);
            }
        });
        submission
    }

    /// How fields are checked while somebody fills them in.
    pub(super) fn check_by(self, check: impl Fn() -> FieldErrors + Send + Sync + 'static) {
        self.check.set_value(Some(Arc::new(check)));
    }

    /// Checks one field as it is now; what is said of the others stays.
    pub(super) fn check(self, name: &str) {
        if let Some(check) = self.check.get_value() {
            let wrong = check();
            self.errors.update(|errors| errors.put(name, wrong.of(name).to_vec()));
        }
    }

    /// A field was left. It is not checked at once: a message that appears while a button is pressed moves the button away from
    /// under the finger.
    pub(super) fn leave(self, name: &'static str) {
        self.left.update_value(|left| left.push(name));
    }

    /// Checks the fields that were left, after whatever key or press has left them.
    pub(super) fn check_left(self) {
        for name in self.left.try_update_value(std::mem::take).unwrap_or_default() {
            self.check(name);
        }
    }

    /// Whether there is something to decide before anything else.
    pub(super) fn in_conflict(self) -> Signal<bool> {
        when(move || self.conflict.with(Option::is_some))
    }

    /// What was to be decided here is decided, without a write.
    pub(super) fn settle(self) {
        if let Some(key) = self.decides.get_value() {
            self.page.get_value().0.forget(&key);
        }
    }

    /// This field says itself what is wrong with it.
    pub(super) fn has_field(self, name: &'static str) {
        self.fields.update_value(|fields| fields.push(name));
    }

    /// What is wrong where no field that can be seen says so.
    fn unsaid(self) -> FieldErrors {
        let says = |name: &str| self.fields.with_value(|fields| fields.contains(&name));
        let is_hidden = self.conflict.with(Option::is_some);
        let mut unsaid = FieldErrors::default();
        self.errors.with(|errors| {
            let others = errors.iter().filter(|(name, _)| is_hidden || !says(name));
            others.for_each(|(name, messages)| unsaid.put(name, messages.to_vec()));
        });
        unsaid
    }

    /// Sends a create.
    pub(super) fn create(self, data: Data, saved: impl FnOnce(Arc<Patient>) + 'static) {
        self.send("create", None, Some(data), Box::new(|row| _ = row.map(saved)));
    }

    /// Sends changed values of the row that `base` is a version of, or keeps them until the list is live.
    pub(super) fn patch(self, base: Arc<Patient>, data: Data, saved: impl FnOnce(Arc<Patient>) + 'static) {
        self.send("patch", Some(base), Some(data), Box::new(|row| _ = row.map(saved)));
    }

    /// Sends a delete of the row that `base` is a version of.
    pub(super) fn delete(self, base: Arc<Patient>, saved: impl FnOnce() + 'static) {
        self.send("delete", Some(base), None, Box::new(|_| saved()));
    }

    fn send(
        self,
        action: &'static str,
        base: Option<Arc<Patient>>,
        data: Option<Data>,
        saved: Box<dyn FnOnce(Option<Arc<Patient>>)>,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.errors.set(FieldErrors::default());
        self.problem.set(None);
        let mine = data.clone().unwrap_or_default();
        let request = WriteRequest { action, base: base.clone(), data, decides: self.decides.get_value() };
        let (live, dialogs) = self.page.get_value();
        let key = live.write(request, move |outcome| {
            self.busy.set(false);
            // Being answered, there is nothing to turn away from any more.
            let key = self.under_way.try_update_value(Option::take).flatten();
            if self.decides.with_value(Option::is_some) && key.is_some() {
                // What was decided is forgotten; if this was not done, it is what there is to decide.
                self.decides.set_value(key);
            }
            match (outcome, base) {
                (Outcome::Saved(row), _) => saved(row),
                (Outcome::Kept, base) => {
                    let name = base.map(|base| base.display_name()).unwrap_or_default();
                    dialogs.finish(self.t.fill("record.done.kept", &[("name", &name)]), None);
                }
                (Outcome::Invalid(errors), _) => {
                    self.errors.set(errors);
                    self.rejected.notify();
                }
                (Outcome::Refused(why), _) => self.problem.set(Some(why)),
                (Outcome::Conflict(theirs), Some(base)) => self.conflict.set(Some(Conflict { base, theirs, mine })),
                (Outcome::Conflict(_), None) => self.problem.set(Some(Refusal::Overtaken)),
            }
        });
        self.under_way.set_value(key);
    }
}

/// Why a write did not work, where no field says so.
#[component]
pub(super) fn Problem(submission: Submission) -> impl IntoView {
    let t = submission.t;
    view! {
        <div role="alert">
            {part(move || {
                let unsaid = Some(submission.unsaid()).filter(|unsaid| !unsaid.is_empty()).map(Refusal::Invalid);
                let why = submission.problem.get().or(unsaid);
                why.map(|why| view! { <p class="problem">{refusal(t, &why)}</p> }.into_any()).into_any()
            })}
        </div>
    }
    .into_any()
}

/// The button that sends, and the one that does not.
#[component]
pub(super) fn Buttons(
    submission: Submission,
    /// What the first button does.
    #[prop(into)]
    label: String,
    /// It can be kept on this device until the list is live.
    #[prop(optional)]
    keeps: bool,
    /// It cannot be taken back.
    #[prop(optional)]
    danger: bool,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = submission.t;
    let is_kept = move || keeps && live.keeps.get();
    // Not disabled: what cannot be pressed for a moment keeps the focus.
    let is_idle = when(move || submission.busy.get() || (live.blocked.get() && !is_kept()));
    let label =
        text(move || if live.blocked.get() && is_kept() { t.text("record.not_live.keep") } else { label.clone() });
    let class = text(move || if is_kept() { "warning" } else { "problem" }.to_owned());
    let why = text(move || {
        t.text(if submission.busy.get() {
            "record.not_live.sent"
        } else if is_kept() {
            "record.not_live.kept"
        } else {
            "record.not_live.refused"
        })
    });
    view! {
        <Problem submission/>
        <p role="status" class=class class:hidden=when(move || !live.blocked.get())>{why}</p>
        <div class="buttons">
            <button type="submit" class=if danger { "danger" } else { "primary" } aria-disabled=text(move || is_idle.get().to_string())>{label}</button>
            <button type="button" on:click=press(move || dialogs.close())>{t.text("list.cancel")}</button>
        </div>
    }
    .into_any()
}
