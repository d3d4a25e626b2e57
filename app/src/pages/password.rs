use leptos::prelude::*;

use super::PasswordPage;

/// A new password, as a form that needs no script.
#[component]
pub fn PasswordForm(
    /// What to show.
    page: PasswordPage,
) -> impl IntoView {
    let t = page.language;
    let problem = page.error.is_some().then_some("problem");
    view! {
        <main class="door">
            <h1>{t.text("door.choose")}</h1>
            <p class="door-lead">
                {t.text(if page.must_change { "door.must_change" } else { "door.others_end" })}
            </p>
            {page.changed.then(|| view! { <p class="success" role="status">{t.text("door.changed")}</p> })}
            {page.error.map(|error| view! { <p class="problem" id="problem" role="alert">{error}</p> })}
            <form method="post" action="/password">
                // For password managers: whose password this is.
                <input type="hidden" name="username" autocomplete="username" value=page.name/>
                <label for="old">{t.text("door.old")}</label>
                <input id="old" name="old" type="password" autocomplete="current-password" required autofocus aria-describedby=problem/>
                <label for="new">{t.text("door.new")}</label>
                <input
                    id="new"
                    name="new"
                    type="password"
                    autocomplete="new-password"
                    minlength="8"
                    required
                    aria-describedby="password-rule"
                />
                <p class="hint" id="password-rule">{t.text("door.rule")}</p>
                <label for="again">{t.text("door.again")}</label>
                <input id="again" name="again" type="password" autocomplete="new-password" minlength="8" required/>
                <button type="submit" class="primary">{t.text("door.save")}</button>
            </form>
            {(!page.must_change).then(|| view! { <p><a href="/">{t.text("door.back")}</a></p> })}
        </main>
    }
}
