use leptos::prelude::*;

use super::{ListPage, Page, Use, begin, connect};
use crate::{
    components::{
        Announcer, Dialog, Dialogs, Header, PatientTable, Toast, Toolbar, UnsavedStrip, WardView, listen, react,
    },
    list::{
        arrange::{Layout, Query, StatusFilter},
        columns::Column,
        index::Rows,
    },
    live::personal,
};

/// The list's page: rendered on the server, then taken over by the browser from the same data.
#[component]
pub fn ListApp(page: ListPage, rows: Rows) -> impl IntoView {
    let query = Query::from_address(&page.address);
    let (live, view, clock) = begin(page, rows, query);
    let dialogs = Dialogs::new();
    let columns = Memo::new(move |_| Column::from_kept(live.value_of(personal::COLUMNS).as_deref()));
    let is_ward = Memo::new(move |_| live.query.with(|query| query.layout == Layout::Ward));
    provide_context(dialogs);
    provide_context(columns);
    connect(&Page { live, view, clock, use_of: Use::List(dialogs) }, move || listen(live, view, dialogs));
    if let Some(early) = use_context::<Early>() {
        react(move || live.query.update(|query| early.clone().apply(query)));
    }
    view! {
        <Header/>
        <UnsavedStrip/>
        <main>
            <Toolbar/>
            {move || if is_ward.get() { view! { <WardView/> }.into_any() } else { view! { <PatientTable/> }.into_any() }}
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
        query.status = StatusFilter::from_value(&self.status).unwrap_or_default();
    }
}
