//! The HTML document around a page.

use std::sync::Arc;

use leptos::{config::LeptosOptions, hydration::AutoReload, nonce::use_nonce, prelude::*};

#[cfg(feature = "ssr")]
use crate::pages::{
    Problem, ProblemPage,
    still::{StillBody, StillPage},
};
use crate::{
    language::Language,
    list::index::Rows,
    pages::{ListApp, ListPage, PasswordForm, PasswordPage, SignInForm, SignInPage, WallApp},
    patient::Patient,
};

/// The list: works without a script as a read-only page, and comes to life with it.
pub fn list(options: LeptosOptions, page: ListPage, rows: Vec<Arc<Patient>>) -> impl IntoView {
    let language = page.language;
    let rows = Rows::new(page.position.clone(), rows, page.beds.clone());
    view! {
        <Document title=language.text("bar.title") language options=options.clone() script=true class="page">
            <ListApp page rows/>
            // Behind what is seen: on a slow line nothing is asked for that takes the place of the first rows.
            <HydrationScripts options/>
        </Document>
    }
}

/// The display on a wall.
pub fn wall(options: LeptosOptions, page: ListPage, rows: Vec<Arc<Patient>>) -> impl IntoView {
    let language = page.language;
    let rows = Rows::new(page.position.clone(), rows, page.beds.clone());
    view! {
        <Document title=language.text("wall.page_title") language options=options.clone() script=true class="wall">
            <WallApp page rows/>
            // Behind what is seen: on a slow line nothing is asked for that takes the place of the first rows.
            <HydrationScripts options/>
        </Document>
    }
}

/// Sign-in: a plain form, no script at all.
pub fn sign_in(options: LeptosOptions, page: SignInPage) -> impl IntoView {
    let language = page.language;
    view! {
        <Document title=language.text("door.title_sign_in") language options script=false>
            <SignInForm page/>
        </Document>
    }
}

/// A new password: a plain form, no script at all.
pub fn password(options: LeptosOptions, page: PasswordPage) -> impl IntoView {
    let language = page.language;
    view! {
        <Document title=language.text("door.title_password") language options script=false>
            <PasswordForm page/>
        </Document>
    }
}

/// A page that holds still: no script at all.
#[cfg(feature = "ssr")]
pub fn still(options: LeptosOptions, page: StillPage) -> impl IntoView {
    let (language, class) = (page.language, page.class());
    view! {
        <Document title=format!("{} · Wardwatch", page.title()) language options script=false class>
            <StillBody page/>
        </Document>
    }
}

/// Why there is no other page: no script at all.
#[cfg(feature = "ssr")]
pub fn problem(options: LeptosOptions, page: ProblemPage) -> impl IntoView {
    let language = page.language;
    view! {
        <Document title=format!("{} · Wardwatch", language.text(page.title)) language options script=false>
            <Problem page/>
        </Document>
    }
}

/// Tells the style sheet, before anything is painted, that controls which need a script may be shown. From then on it
/// watches over the WebAssembly, which says itself that it is `alive`: when it cannot be had, does not come for half a
/// minute, or fails, the page is `stopped` and says so. A display on a wall, where nobody is there to do it, loads itself
/// again once it can be had: what it shows is better than the browser's own page about a network.
const SCRIPT: &str = "{
    const page = document.documentElement.classList;
    page.add('scripted');
    const again = () => fetch(location.href).then(answer => answer.ok ? location.reload() : wait(), wait);
    const wait = () => setTimeout(() => page.contains('alive') || again(), 30000);
    const stop = () => {
        if (page.contains('stopped')) return;
        page.remove('alive');
        page.add('stopped');
        if (document.body.className === 'wall') wait();
    };
    const isEnd = error => error instanceof WebAssembly.RuntimeError || !page.contains('alive');
    addEventListener('error', event => isEnd(event.error) && stop());
    addEventListener('unhandledrejection', event => isEnd(event.reason) && stop());
    setTimeout(() => page.contains('alive') || stop(), 30000);
}";

#[component]
fn Document(
    #[prop(into)] title: String,
    language: Language,
    options: LeptosOptions,
    script: bool,
    #[prop(optional)] class: &'static str,
    children: Children,
) -> impl IntoView {
    provide_context(language);
    view! {
        <!DOCTYPE html>
        <html lang=language.code() dir=language.direction()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                // By hand: a view's text has a comment after it, which a title shows.
                <title inner_html=title.replace('&', "&amp;").replace('<', "&lt;")></title>
                // The bar's colours, for a tablet on which this is installed.
                <meta name="theme-color" content="#00594c" media="(prefers-color-scheme: light)"/>
                <meta name="theme-color" content="#17201f" media="(prefers-color-scheme: dark)"/>
                <link rel="icon" href="/icon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="stylesheet" href="/pkg/wardwatch.css"/>
                {script.then(|| view! { <script nonce=use_nonce()>{SCRIPT}</script> })}
                <AutoReload options=options/>
            </head>
            <body class=class>{children()}</body>
        </html>
    }
}
