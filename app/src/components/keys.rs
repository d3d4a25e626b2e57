//! Everything by keyboard: single keys for what is done often, and the sheet that lists them.

use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent},
};

use super::{
    Dialogs,
    dialog::{DialogTitle, Open},
    erased::{input, press, when},
};
use crate::{
    language::use_language,
    list::arrange::{Layout, Whose},
    live::{Live, View},
};

/// Where it is kept that a user does not want single keys (WCAG 2.1.4).
const KEYS: &str = "keys";

/// Keys, and what each does.
const SHEET: [(&[&str], &str); 13] = [
    (&["/"], "list.keys.search"),
    (&["Ctrl F"], "list.keys.find"),
    (&["j", "↓"], "list.keys.next"),
    (&["k", "↑"], "list.keys.before"),
    (&["Enter"], "list.keys.open"),
    (&["s"], "list.keys.seen"),
    (&["*"], "list.keys.star"),
    (&["u"], "list.keys.waiting"),
    (&["p"], "list.keys.pause"),
    (&["m"], "list.keys.mine"),
    (&["a"], "list.keys.admit"),
    (&["Esc"], "list.keys.close"),
    (&["?"], "list.keys.sheet"),
];

/// Listens for keys as long as the page lives.
pub(crate) fn listen(live: Live, view: View, dialogs: Dialogs) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if is_covered() {
            return;
        }
        if is_find(&event) && untrack(|| view.is_in_part()) && find() {
            event.prevent_default();
            return;
        }
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let is_off = live.personal.with_untracked(|personal| personal.contains_key(KEYS));
        if is_typing(&event) || is_off {
            return;
        }
        if press_key(&event.key(), live, view, dialogs) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

/// Whether a dialog is before everything. The document is asked: it has closed one that Escape was pressed in before it says
/// so, and the next key may be faster.
fn is_covered() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// Whether the key opens the browser's own search.
fn is_find(event: &KeyboardEvent) -> bool {
    let is_f = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("f");
    (is_f || event.key() == "F3") && !event.alt_key() && !event.shift_key()
}

/// Goes to the list's search, which finds rows that are not in the document too; nothing when that has been done already.
fn find() -> bool {
    let field = document().query_selector("#search:not(:focus)").ok().flatten();
    field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()).is_some_and(|field| {
        field.select();
        field.focus().is_ok()
    })
}

/// Whether the key belongs to a field.
fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest("input, select, textarea, [open] > summary").ok().flatten().is_some())
}

/// Whether it means something here.
fn press_key(key: &str, live: Live, view: View, dialogs: Dialogs) -> bool {
    let may_write = live.user.with_value(|user| user.role.may_write());
    let is_ward = || live.query.with_untracked(|query| query.layout == Layout::Ward);
    match key {
        "/" => focus("#search"),
        "j" | "ArrowDown" => step(1),
        "k" | "ArrowUp" => step(-1),
        // There they stand beside each other.
        "ArrowRight" | "ArrowLeft" if is_ward() => sideways(key).is_some_and(|by| step(by.into())),
        "s" => here().as_ref().and_then(id_of).is_some_and(|id| {
            live.clear_mark(id);
            true
        }),
        "*" => here().as_ref().and_then(id_of).is_some_and(|id| {
            live.star(id);
            true
        }),
        "u" => {
            view.take_over();
            true
        }
        "p" => {
            live.pause(live.paused.with_untracked(Option::is_none));
            true
        }
        "m" => {
            live.query.update(|query| query.whose.toggle(Whose::Mine));
            true
        }
        "a" if may_write && !live.blocked.get_untracked() => {
            dialogs.show(Open::Admit);
            true
        }
        "?" => {
            dialogs.show(Open::Help);
            true
        }
        _ => false,
    }
}

/// One on or one back, as the text runs, by an arrow to a side.
pub(super) fn sideways(key: &str) -> Option<i16> {
    let to_the_right = if document().dir() == "rtl" { -1 } else { 1 };
    match key {
        "ArrowRight" => Some(to_the_right),
        "ArrowLeft" => Some(-to_the_right),
        _ => None,
    }
}

/// Gives the focus to the first that the selector finds; whether there is one.
pub(super) fn focus(selector: &str) -> bool {
    let element = document().query_selector(selector).ok().flatten();
    element.and_then(|element| element.dyn_into::<HtmlElement>().ok()).is_some_and(|element| element.focus().is_ok())
}

/// The patient that has the focus, in the list or in the ward.
fn here() -> Option<Element> {
    document().active_element()?.closest("[data-id]").ok().flatten()
}

fn id_of(patient: &Element) -> Option<i64> {
    patient.get_attribute("data-id")?.parse().ok()
}

/// To the name of the next patient, or of the first.
fn step(by: i32) -> bool {
    let names = document().get_elements_by_class_name("name");
    let here = here().and_then(|patient| patient.query_selector(".name").ok().flatten());
    let at = here.and_then(|here| (0..names.length()).find(|at| names.item(*at).as_ref() == Some(&here)));
    let next = at.map_or(Some(0), |at| at.checked_add_signed(by)).and_then(|at| names.item(at));
    next.and_then(|name| name.dyn_into::<HtmlElement>().ok()).is_some_and(|name| name.focus().is_ok())
}

/// The sheet of keys.
#[component]
pub(super) fn HelpDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let wanted = when(move || live.value_of(KEYS).is_none());
    let want =
        input(move |event| live.remember(KEYS.to_owned(), (!event_target_checked(&event)).then(|| "off".to_owned())));
    view! {
        <div class="record-list">
            <DialogTitle text=t.text("list.keys.title")/>
            <dl class="keys">
                {SHEET.iter().map(|(keys, does)| view! {
                    <div><dt><kbd>{keys.join(&t.text("list.keys.or"))}</kbd></dt><dd>{t.text(does)}</dd></div>
                }).collect_view()}
            </dl>
            <label class="check">
                <input type="checkbox" prop:checked=wanted on:change=want/>
                {t.text("list.keys.use")}
            </label>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>{t.text("list.back")}</button>
            </div>
        </div>
    }
    .into_any()
}
