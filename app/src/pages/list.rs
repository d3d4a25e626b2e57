use leptos::prelude::*;

use super::ListPage;
use crate::{
    components::{Announcer, Clock, Dialog, Dialogs, Header, PatientTable, Toast, Toolbar, UnsavedStrip, react},
    list::arrange::{Query, StatusFilter},
    live::Live,
};

/// The list's page: rendered on the server, then taken over by the browser from the same data.
#[component]
pub fn ListApp() -> impl IntoView {
    let page = SharedValue::new(expect_context::<ListPage>).into_inner();
    let clock = Clock::new(page.now, page.zone);
    let live = Live::new(page.snapshot, page.user, clock.now);
    provide_context(live);
    provide_context(clock);
    provide_context(Dialogs::new());
    // The browser's half hands in what connects all this; on the server there is nothing to connect.
    if let Some(Connect(connect)) = use_context::<Connect>() {
        react(move || connect(live, clock));
    }
    if let Some(early) = use_context::<Early>() {
        react(move || live.query.update(|query| early.clone().apply(query)));
    }
    let shown = Memo::new(move |_| live.arranged());
    view! {
        <Header shown/>
        <UnsavedStrip/>
        <main>
            <Toolbar shown/>
            <PatientTable shown/>
        </main>
        <Toast/>
        <Announcer/>
        <Dialog/>
    }
}

/// What somebody typed or chose before the page had come to life.
#[derive(Clone, Debug, Default)]
pub struct Early {
    /// In the search field.
    pub search: String,
    /// The ward's value.
    pub ward: String,
    /// The status' value.
    pub status: String,
}

impl Early {
    fn apply(self, query: &mut Query) {
        query.search = self.search;
        query.ward = Some(self.ward).filter(|ward| !ward.is_empty());
        query.status = StatusFilter::from_value(&self.status);
    }
}

/// What the browser's half runs once the page has come to life.
#[derive(Clone, Copy)]
pub struct Connect(pub fn(Live, Clock));
