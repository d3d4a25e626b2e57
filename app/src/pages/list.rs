use leptos::prelude::*;

use super::ListPage;
use crate::{
    components::{
        Announcer, Clock, Dialog, Dialogs, Header, PatientTable, Toast, Toolbar, UnsavedStrip, listen, react,
    },
    list::{
        arrange::{Query, StatusFilter},
        columns::Column,
        index::Rows,
    },
    live::{Live, View, personal},
};

/// The list's page: rendered on the server, then taken over by the browser from the same data.
#[component]
pub fn ListApp(page: ListPage, rows: Rows) -> impl IntoView {
    provide_context(page.language);
    let clock = Clock::new(page.now, page.zone);
    let live = Live::new(
        rows,
        page.user,
        page.personal,
        page.presence,
        Query::from_address(&page.address),
        clock.now,
    );
    let view = View::new(live);
    let dialogs = Dialogs::new();
    let columns = Memo::new(move |_| Column::from_kept(live.value_of(personal::COLUMNS).as_deref()));
    provide_context(live);
    provide_context(view);
    provide_context(clock);
    provide_context(dialogs);
    provide_context(columns);
    react(move || view.obey());
    react(move || view.follow());
    // The browser's half hands in what connects all this; on the server there is nothing to connect.
    if let Some(Connect(connect)) = use_context::<Connect>() {
        // Once: it follows nothing.
        react(move || {
            untrack(|| {
                listen(live, view, dialogs);
                connect(&Page { live, view, clock, dialogs });
            });
        });
    }
    if let Some(early) = use_context::<Early>() {
        react(move || live.query.update(|query| early.clone().apply(query)));
    }
    view! {
        <Header/>
        <UnsavedStrip/>
        <main>
            <Toolbar/>
            <PatientTable/>
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

/// The page's parts, for the browser's half.
#[derive(Clone, Copy)]
pub struct Page {
    /// The list.
    pub live: Live,
    /// What is shown of it.
    pub view: View,
    /// What time it is.
    pub clock: Clock,
    /// What covers it.
    pub dialogs: Dialogs,
}

/// What the browser's half runs once the page has come to life.
#[derive(Clone, Copy)]
pub struct Connect(pub fn(&Page));
