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

/// Tells the page's own script that the program is there and runs.
pub(crate) fn is_alive() {
    if let Some(page) = leptos::prelude::document().document_element() {
        let classes = page.class_list();
        // Fails for no class that we use.
        let _ = classes.add_1("alive").and_then(|()| classes.remove_1("stopped"));
    }
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

/// The text of the first element that the selector finds, which is taken out of the page.
pub(crate) fn take_text(selector: &str) -> Option<String> {
    let element = find(selector)?;
    element.remove();
    element.text_content()
}

/// Milliseconds since some moment, by a clock that is never set.
pub(crate) fn clock() -> f64 {
    window().performance().map(|performance| performance.now()).unwrap_or_default()
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

/// Which page it is.
pub(crate) fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// The query part of the page's address.
pub(crate) fn query() -> String {
    window().location().search().unwrap_or_default()
}

/// Gives the page's address another query part: as a step that can be gone back, or in place of the present one.
pub(crate) fn go_to(query: &str, as_a_step: bool) {
    let address = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    let Ok(history) = window().history() else { return };
    let nothing = wasm_bindgen::JsValue::NULL;
    // Fails when there are too many steps at once: the address is then a little late.
    let _ = if as_a_step {
        history.push_state_with_url(&nothing, "", Some(&address))
    } else {
        history.replace_state_with_url(&nothing, "", Some(&address))
    };
}

/// Reports each step back or forward.
pub(crate) fn on_back(run: impl Fn() + 'static) {
    listen(&window(), "popstate", move |_| run());
}

/// Reports that something was scrolled.
pub(crate) fn on_scroll(run: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(move |_| run());
    // Those of the parts, too: scrolling does not bubble.
    let _ = leptos::prelude::document().add_event_listener_with_callback_and_bool(
        "scroll",
        closure.as_ref().unchecked_ref(),
        true,
    );
    closure.forget();
}

/// Reports that the window has another size.
pub(crate) fn on_resize(run: impl Fn() + 'static) {
    listen(&window(), "resize", move |_| run());
}

/// Whether the pointer is on this.
pub(crate) fn is_pointed_at(element: &web_sys::Element) -> bool {
    element.matches(":hover").unwrap_or_default()
}

/// Reports what the pointer comes to.
pub(crate) fn on_pointer(run: impl Fn(web_sys::Element) + 'static) {
    listen(&leptos::prelude::document(), "pointerover", move |event| _ = target(&event).map(&run));
}

/// Reports what the focus comes to.
pub(crate) fn on_focus(run: impl Fn(web_sys::Element) + 'static) {
    listen(&leptos::prelude::document(), "focusin", move |event| _ = target(&event).map(&run));
}

/// Reports that something has lost the focus, and nothing else has got it at once.
pub(crate) fn on_focus_lost(run: impl Fn() + 'static) {
    listen(&leptos::prelude::document(), "focusout", move |event| {
        if event.dyn_into::<web_sys::FocusEvent>().is_ok_and(|event| event.related_target().is_none()) {
            run();
        }
    });
}

/// Reports each key, and with `false` each press of the pointer.
pub(crate) fn on_hand(run: impl Fn(bool) + 'static) {
    let run = std::rc::Rc::new(run);
    let pressed = run.clone();
    listen(&window(), "keydown", move |_| run(true));
    listen(&window(), "pointerdown", move |_| pressed(false));
}

/// An end of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// Reports what a hand does: that it asks for an end of the list by a key, which the browser then leaves to us, or anything else.
pub(crate) fn on_end(run: impl Fn(Option<End>) + 'static) {
    let run = std::rc::Rc::new(run);
    for kind in ["keydown", "pointerdown", "wheel"] {
        let run = run.clone();
        listen(&window(), kind, move |event| {
            let end = event.dyn_ref().and_then(asked_for);
            if end.is_some() {
                event.prevent_default();
            }
            run(end);
        });
    }
}

fn asked_for(event: &web_sys::KeyboardEvent) -> Option<End> {
    let end = match &*event.key() {
        "Home" => End::First,
        "End" => End::Last,
        _ => return None,
    };
    let is_plain = !(event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key());
    let is_list = |target: web_sys::Element| {
        let is_in = |selector| target.closest(selector).ok().flatten().is_some();
        is_in(".table") && !is_in("input, select, textarea")
    };
    (is_plain && target(event).is_some_and(is_list)).then_some(end)
}

/// Whether nothing has the focus.
pub(crate) fn is_focus_nowhere() -> bool {
    leptos::prelude::document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}

/// Gives the focus to this.
pub(crate) fn focus(element: web_sys::Element) {
    if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
        // Fails only for an element that is not in the document.
        let _ = element.focus();
    }
}

/// The first element that the selector finds.
pub(crate) fn find(selector: &str) -> Option<web_sys::Element> {
    leptos::prelude::document().query_selector(selector).ok()?
}

fn target(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// Reports that something in the page is another one than before, or looks different: after all that is done at once.
pub(crate) fn on_change(run: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn()>::new(run);
    let kinds = web_sys::MutationObserverInit::new();
    kinds.set_subtree(true);
    kinds.set_child_list(true);
    kinds.set_character_data(true);
    kinds.set_attribute_filter(&js_sys::Array::of1(&"class".into()));
    let observer = web_sys::MutationObserver::new(closure.as_ref().unchecked_ref());
    if let (Ok(observer), Some(body)) = (observer, leptos::prelude::document().body()) {
        // Fails for no kinds that we name.
        let _ = observer.observe_with_options(&body, &kinds);
    }
    closure.forget();
}

/// Whether the browser itself keeps what is in view in its place when something changes above it: two cannot do that.
pub(crate) fn keeps_place(keeps: bool) {
    if let Some(page) = leptos::prelude::document().document_element() {
        // Fails for no class that we use.
        let _ = page.class_list().toggle_with_force("held", !keeps);
    }
}

/// What is to be scrolled to move a part of the page: a part around it, or the page where none around it scrolls.
pub(crate) struct Scroller {
    element: web_sys::Element,
    is_page: bool,
}

impl Scroller {
    /// For this element; `None` where there is nothing to scroll.
    pub(crate) fn of(element: &web_sys::Element) -> Option<Self> {
        let part = element.closest(".table, .ward-view").ok().flatten().filter(|part| {
            let style = window().get_computed_style(part).ok().flatten();
            style.is_some_and(|style| style.get_property_value("overflow-y").is_ok_and(|overflow| overflow == "auto"))
        });
        let is_page = part.is_none();
        Some(Self { element: part.or_else(|| leptos::prelude::document().scrolling_element())?, is_page })
    }

    /// How far it is scrolled, and the page with it, in pixels.
    pub(crate) fn position(&self) -> f64 {
        let page = if self.is_page { 0.0 } else { window().scroll_y().unwrap_or_default() };
        f64::from(self.element.scroll_top()) + page
    }

    /// The upper edge of what it shows, on the screen.
    pub(crate) fn top(&self) -> f64 {
        if self.is_page { 0.0 } else { self.element.get_bounding_client_rect().top() }
    }

    /// Scrolls so far down, as far as it goes, in pixels.
    pub(crate) fn scroll_by(&self, pixels: f64) {
        self.element.scroll_by_with_x_and_y(0.0, pixels);
    }

    /// Scrolls to an end; whether it was there before.
    pub(crate) fn scroll_to(&self, end: End) -> bool {
        let before = self.element.scroll_top();
        self.element.set_scroll_top(if end == End::First { 0 } else { i32::MAX });
        (self.element.scroll_top() - before).abs() <= 1
    }

    /// The lower edge of what it shows, on the screen.
    pub(crate) fn bottom(&self) -> f64 {
        let page = || window().inner_height().ok()?.as_f64();
        let part = || self.element.get_bounding_client_rect().bottom();
        if self.is_page { page().unwrap_or_default() } else { part() }
    }
}

/// How high the element with this id is, in pixels.
pub(crate) fn height(id: &str) -> f64 {
    rect(id).map_or(0.0, |rect| rect.height())
}

/// The lower edge of the element with this id, on the screen.
pub(crate) fn bottom(id: &str) -> f64 {
    rect(id).map_or(0.0, |rect| rect.bottom())
}

fn rect(id: &str) -> Option<web_sys::DomRect> {
    Some(leptos::prelude::document().get_element_by_id(id)?.get_bounding_client_rect())
}

/// Makes this element so high, in pixels.
pub(crate) fn set_height(id: &str, pixels: f64) {
    let element = leptos::prelude::document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let height = if pixels > 0.0 { format!("{pixels}px") } else { String::new() };
        // Fails for no property that we use.
        let _ = element.style().set_property("height", &height);
    }
}

/// What is seen of a part of the page that may be scrolled.
pub(crate) struct Sight {
    /// Where the visible part begins and ends, in pixels below the upper edge of the first row.
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    /// The rows that are in the document, by place, and how high they are.
    pub(crate) rows: Vec<(usize, f64)>,
}

/// Of the rows in the table body with this id.
pub(crate) fn sight(id: &str) -> Option<Sight> {
    let body = leptos::prelude::document().get_element_by_id(id)?;
    let before = leptos::prelude::document().get_element_by_id(&format!("{id}-before"))?;
    let frame = body.closest(".table").ok()??.get_bounding_client_rect();
    let edge = before.get_bounding_client_rect().top();
    let screen = window().inner_height().ok()?.as_f64()?;
    let children = body.children();
    let rows = (0..children.length()).filter_map(|index| {
        let row = children.item(index)?;
        let place = row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2)?;
        Some((place, row.get_bounding_client_rect().height()))
    });
    let (top, bottom) = (frame.top().max(0.0), frame.bottom().min(screen));
    Some(Sight { top: top - edge, bottom: bottom - edge, rows: rows.collect() })
}

/// Of the tiles of the ward, by place: the first and the last one that the screen shows.
pub(crate) fn tiles_on_screen() -> Option<(usize, usize)> {
    let document = leptos::prelude::document();
    let frame = document.get_element_by_id("ward-plan")?.closest(".ward-view").ok()??.get_bounding_client_rect();
    let screen = window().inner_height().ok()?.as_f64()?;
    let (top, bottom) = (frame.top().max(0.0), frame.bottom().min(screen));
    let tiles = document.get_elements_by_class_name("patient");
    let places = (0..tiles.length()).filter_map(|index| {
        let tile = tiles.item(index)?;
        let place: usize = tile.get_attribute("data-place")?.parse().ok()?;
        let tile = tile.get_bounding_client_rect();
        (tile.bottom() > top && tile.top() < bottom).then_some(place)
    });
    places.fold(None, |seen, place| {
        let (first, last) = seen.unwrap_or((place, place));
        Some((place.min(first), place.max(last)))
    })
}

fn listen(target: &web_sys::EventTarget, event: &str, run: impl Fn(web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(run);
    // Adding a listener fails for no name that we use.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}
