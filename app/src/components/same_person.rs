use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::{DialogTitle, Open},
    erased::{part, press, submit, when},
};
use crate::{
    language::use_language,
    list::alike::may_be_one_person,
    live::Live,
    patient::Patient,
    wording::{born, status_word, two_identifiers, whole_place},
};

/// Patients who may be the one that is to be admitted, and what to do if they are not. A handle.
#[derive(Clone, Copy)]
pub(super) struct SamePerson {
    found: RwSignal<Vec<Arc<Patient>>>,
}

impl SamePerson {
    pub(super) fn new() -> Self {
        Self { found: RwSignal::new(Vec::new()) }
    }

    /// Looks for them, and says whether there is something to ask.
    pub(super) fn ask(self, live: Live, patient: &Patient) -> bool {
        self.found.set(live.find_all(|other| may_be_one_person(other, patient)));
        self.asks().get_untracked()
    }

    /// Whether there is a question to answer before anything else.
    pub(super) fn asks(self) -> Signal<bool> {
        when(move || self.found.with(|found| !found.is_empty()))
    }
}

/// The question: shown instead of the form, which keeps what was typed.
#[component]
pub(super) fn SamePersonPart(
    same: SamePerson,
    /// Two identifiers of who is to be admitted, as typed.
    identifiers: Signal<String>,
    /// They are somebody else.
    admit: Callback<()>,
) -> impl IntoView {
    let t = use_language();
    let clock = expect_context::<Clock>();
    let dialogs = expect_context::<Dialogs>();
    let candidate = move |patient: Arc<Patient>| {
        let id = patient.id;
        let facts = [
            two_identifiers(t, &patient, clock.today(), &clock.zone()),
            born(t, &patient, clock.today(), &clock.zone()),
            format!("{}, {}", status_word(t, patient.status), whole_place(t, &patient)),
            t.fill("admit.since", &[("time", &clock.zone().date_time(patient.admission_date))]),
        ];
        let open = press(move || {
            if dialogs.may_discard(t.text("admit.open_again")) {
                dialogs.show(Open::Patient(id));
            }
        });
        let label = t.fill("admit.open", &[("name", &patient.display_name())]);
        view! {
            <li>
                {facts.into_iter().map(|fact| view! { <p>{fact}</p> }).collect_view()}
                <button type="button" on:click=open>{label}</button>
            </li>
        }
        .into_any()
    };
    let back = move || {
        same.found.set(Vec::new());
        dialogs.asking.set(String::new());
    };
    let question = move || {
        let send = submit(move || {
            same.found.set(Vec::new());
            admit.run(());
        });
        view! {
            <form on:submit=send>
                <DialogTitle text=t.text("admit.same_person")/>
                <p>{t.text("admit.wanted")}</p>
                <p class="identifiers">{identifiers}</p>
                <p>{t.text("admit.known")}</p>
                <ul class="candidates">{same.found.get().into_iter().map(candidate).collect_view()}</ul>
                <p class="hint">{t.text("admit.why")}</p>
                <div class="buttons">
                    <button type="submit" class="primary">{t.text("admit.another")}</button>
                    <button type="button" on:click=press(back)>{t.text("admit.back")}</button>
                </div>
            </form>
        }
        .into_any()
    };
    part(move || if same.asks().get() { question() } else { ().into_any() }).into_any()
}
