use leptos::prelude::*;

use crate::language::use_language;

/// The page's program has not arrived, or has failed: without it nothing else here can say that nothing is live. The page's
/// own small script shows it, see [`shell`](crate::shell).
#[component]
pub(super) fn Stopped() -> impl IntoView {
    let t = use_language();
    view! {
        <section class="banner stopped" role="alert">
            <p><strong>{t.text("bar.stopped.what")}</strong>" "{t.text("bar.stopped.why")}</p>
            // An empty address is the page's own.
            <a class="button" href="">{t.text("bar.lost.reload")}</a>
        </section>
    }
    .into_any()
}
