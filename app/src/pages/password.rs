use leptos::prelude::*;

use super::PasswordPage;

/// A new password, as a form that needs no script.
#[component]
pub fn PasswordForm(
    /// What to show.
    page: PasswordPage,
) -> impl IntoView {
    let problem = page.error.is_some().then_some("problem");
    view! {
        <main class="door">
            <h1>"Choose a password"</h1>
            <p class="door-lead">
                {if page.must_change {
                    "The password you were given is good for one sign-in. Choose your own to go on."
                } else {
                    "Your other sessions end when you change it."
                }}
            </p>
            {page.changed.then(|| view! { <p class="success" role="status">"The password is changed."</p> })}
            {page.error.map(|error| view! { <p class="problem" id="problem" role="alert">{error}</p> })}
            <form method="post" action="/password">
                // For password managers: whose password this is.
                <input type="hidden" name="username" autocomplete="username" value=page.name/>
                <label for="old">"Present password"</label>
                <input id="old" name="old" type="password" autocomplete="current-password" required autofocus aria-describedby=problem/>
                <label for="new">"New password"</label>
                <input
                    id="new"
                    name="new"
                    type="password"
                    autocomplete="new-password"
                    minlength="8"
                    required
                    aria-describedby="password-rule"
                />
                <p class="hint" id="password-rule">"At least 8 characters. Four random words are better than one odd one."</p>
                <label for="again">"New password again"</label>
                <input id="again" name="again" type="password" autocomplete="new-password" minlength="8" required/>
                <button type="submit" class="primary">"Save"</button>
            </form>
            {(!page.must_change).then(|| view! { <p><a href="/">"Back to the list"</a></p> })}
        </main>
    }
}
