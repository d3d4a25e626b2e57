use leptos::prelude::*;

use super::ListPage;
use crate::{
    components::{Announcer, Clock, Dialog, Dialogs, Header, PatientTable, Toast, Toolbar},
    live::Live,
};

/// The list's page: rendered on the server, then taken over by the browser from the same data.
#[component]
pub fn ListApp() -> impl IntoView {
    let page = SharedValue::new(expect_context::<ListPage>).into_inner();
    let live = Live::new(page.snapshot, page.user);
    let clock = Clock::new(page.now, page.zone);
    provide_context(live);
    provide_context(clock);
    provide_context(Dialogs::new());
    // The browser's half hands in what connects all this; on the server there is nothing to connect.
    if let Some(Connect(connect)) = use_context::<Connect>() {
        Effect::new(move || connect(live, clock));
    }
    let shown = Memo::new(move |_| live.arranged());
    view! {
        <Header shown/>
        <main>
            <Toolbar shown/>
            <PatientTable shown/>
        </main>
        <Toast/>
        <Announcer/>
        <Dialog/>
    }
}

/// What the browser's half runs once the page has come to life.
#[derive(Clone, Copy)]
pub struct Connect(pub fn(Live, Clock));
