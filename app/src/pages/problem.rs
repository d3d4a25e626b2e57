use leptos::prelude::*;

use super::ProblemPage;

/// What has happened, and what to do, with the way back to the list.
#[component]
pub fn Problem(
    /// What to show.
    page: ProblemPage,
) -> impl IntoView {
    let t = page.language;
    let id = page.id.map(|id| view! { " "<code>{id}</code> });
    view! {
        <main class="door">
            <h1>{t.text(page.title)}</h1>
            <p class="door-lead" role="alert">{t.text(page.words)}{id}</p>
            <p><a href="/">{t.text("door.back")}</a></p>
        </main>
    }
}
