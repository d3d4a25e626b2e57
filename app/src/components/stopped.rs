use leptos::prelude::*;

use crate::language::use_language;

/// The page's program has not arrived, or has failed: without it nothing else here can say that nothing is live. The page's
/// own small script shows it, see [`shell`](crate::shell).
#[component]
pub(super) fn Stopped(
    /// Nobody is there to press anything: the page loads itself again.
    #[prop(optional)]
    alone: bool,
) -> impl IntoView {
    let t = use_language();
    // An empty address is the page's own.
    let again = (!alone).then(|| view! { <a class="button" href="">{t.text("bar.lost.reload")}</a> });
    view! {
        <section class="banner stopped" role="alert">
            <p><strong>{t.text("bar.stopped.what")}</strong>" "{t.text("bar.stopped.why")}</p>
            {again}
        </section>
    }
    .into_any()
}
