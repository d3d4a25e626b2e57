use leptos::prelude::*;

use super::SignInPage;

/// Name and password, as a form that needs no script.
#[component]
pub fn SignInForm(
    /// What to show.
    page: SignInPage,
) -> impl IntoView {
    let t = page.language;
    let failed = page.error.is_some();
    view! {
        <main class="door">
            <h1>"Wardwatch"</h1>
            <p class="door-lead">{t.text("door.lead")}</p>
            {page.error.map(|error| view! { <p class="problem" id="problem" role="alert">{error}</p> })}
            <form method="post" action="/sign-in">
                {page.wall.map(|wall| view! { <input type="hidden" name="wall" value=wall/> })}
                <label for="name">{t.text("door.name")}</label>
                <input
                    id="name"
                    name="name"
                    value=page.name
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    autofocus=!failed
                    aria-describedby=failed.then_some("problem")
                />
                <label for="password">{t.text("door.password")}</label>
                <input
                    id="password"
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    required
                    autofocus=failed
                    aria-describedby=failed.then_some("problem")
                />
                <button type="submit" class="primary">{t.text("door.sign_in")}</button>
            </form>
        </main>
    }
}
