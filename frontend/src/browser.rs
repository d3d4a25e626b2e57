//! The few things that are asked of the browser itself.

use app::patient::UtcTime;
use futures::channel::mpsc::UnboundedSender;
use leptos::prelude::window;
use wasm_bindgen::{JsCast as _, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// Now, by the device's clock.
pub(crate) fn now() -> UtcTime {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are far below 2^53")]
    let micros = (js_sys::Date::now() * 1000.0) as i64;
    UtcTime::from_unix_micros(micros)
        .unwrap_or_else(|| unreachable!("a browser's clock is within the years 1970…275760"))
}

/// The address of the list's socket on the server that the page came from.
pub(crate) fn socket_url() -> String {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/ws/patients/", location.host().unwrap_or_default())
}

/// Leaves the page for the sign-in.
pub(crate) fn go_to_sign_in() {
    // Fails only where navigation is forbidden; the banner then stays.
    let _ = window().location().assign("/sign-in");
}

/// What is in the field or select with this id; empty when there is none.
pub(crate) fn value_of(id: &str) -> String {
    let Some(element) = leptos::prelude::document().get_element_by_id(id) else { return String::new() };
    match element.dyn_into::<web_sys::HtmlInputElement>() {
        Ok(input) => input.value(),
        Err(element) => {
            element.dyn_into::<web_sys::HtmlSelectElement>().map(|select| select.value()).unwrap_or_default()
        }
    }
}

/// What the server answers to a plain request; `None` when it does not.
pub(crate) async fn status_of(path: &str) -> Option<u16> {
    let answer = JsFuture::from(window().fetch_with_str(path)).await.ok()?;
    Some(answer.dyn_into::<web_sys::Response>().ok()?.status())
}

/// What this tab keeps over a reload; `None` where the browser refuses to keep anything.
pub(crate) fn session_storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

/// What this device keeps for good.
pub(crate) fn local_storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// What is kept under this name.
pub(crate) fn stored(storage: Option<web_sys::Storage>, name: &str) -> Option<String> {
    storage?.get_item(name).ok().flatten()
}

/// Keeps a text under this name; nothing when it is empty.
pub(crate) fn store(storage: Option<web_sys::Storage>, name: &str, text: &str) {
    if let Some(storage) = storage {
        // Fails when the device is full: then the page asks before it is left, and that has to do.
        let _ = if text.is_empty() { storage.remove_item(name) } else { storage.set_item(name, text) };
    }
}

/// What happened to the page or the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The page is looked at again, or the network is back: the device may have been asleep.
    Back,
    /// The browser knows that there is no network.
    Offline,
}

/// Reports the page's and the network's coming and going, for as long as the page lives.
pub(crate) fn watch(report: UnboundedSender<Wake>) {
    let document = leptos::prelude::document();
    let visible = {
        let (report, document) = (report.clone(), document.clone());
        move |_| {
            if document.visibility_state() == web_sys::VisibilityState::Visible {
                let _ = report.unbounded_send(Wake::Back);
            }
        }
    };
    listen(&document, "visibilitychange", visible.clone());
    // A page that comes out of the back/forward cache.
    listen(&window(), "pageshow", visible);
    let online = report.clone();
    listen(&window(), "online", move |_| _ = online.unbounded_send(Wake::Back));
    listen(&window(), "offline", move |_| _ = report.unbounded_send(Wake::Offline));
}

/// Lets the browser ask before the page is left, whenever this holds.
pub(crate) fn ask_before_leaving(asks: impl Fn() -> bool + 'static) {
    listen(&window(), "beforeunload", move |event| {
        if asks() {
            event.prevent_default();
        }
    });
}

fn listen(target: &web_sys::EventTarget, event: &str, run: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(run);
    // Adding a listener fails for no name that we use.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}
