//! The focus does not fall out of the page: when what has it goes, what is nearest has it next (WCAG 2.4.3).

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::prelude::{document, set_timeout};
use web_sys::Element;

use crate::browser;

/// What cannot have the focus though it is in the document.
const COVERED: &str = ":disabled, .unseen, .unseen *, .hidden, .hidden *, dialog:not([open]) *";

/// Who comes to these is still at the row where they were before.
const BESIDE: &str = ".toasts, .waiting";

/// A dialog's title: of several the one that is seen.
const TITLE: &str = "dialog[open] > #dialog-title, dialog[open] :not(.hidden) > #dialog-title";

/// Follows the focus for as long as the page lives.
pub(crate) fn follow() {
    let focus = Focus::default();
    let [came, left, keys] = std::array::from_fn(|_| focus.clone());
    browser::on_focus(move |target| came.borrow_mut().take(target));
    // Where it goes to is known a moment later: what moves may have it again, and a dialog gives it back.
    let look_soon = move || {
        let left = left.clone();
        set_timeout(move || look(&left), Duration::ZERO);
    };
    browser::on_focus_lost(look_soon.clone());
    // Not every browser says that what had the focus was taken away.
    browser::on_change(move || {
        if browser::is_focus_nowhere() && focus.borrow().last.is_some() {
            look_soon();
        }
    });
    browser::on_hand(move |by_key| keys.borrow_mut().by_key = by_key);
}

type Focus = Rc<RefCell<Place>>;

/// Where the focus is or was.
#[derive(Default)]
struct Place {
    last: Option<Element>,
    /// Before a dialog covered everything.
    before: Option<Element>,
    /// The patient, and their place among the names that are in the document.
    row: Option<(String, u32)>,
    /// The last thing that was done was done by a key. Who points misses no focus, and one that is put on a row would hold
    /// it.
    by_key: bool,
}

impl Place {
    fn take(&mut self, target: Element) {
        if is_in(&target, "dialog").is_none() {
            if let Some(row) = is_in(&target, "[data-id]") {
                self.row = row.get_attribute("data-id").zip(place_of(&row));
            } else if is_in(&target, BESIDE).is_none() {
                self.row = None;
            }
            self.before = Some(target.clone());
        }
        self.last = Some(target);
    }

    /// What is nearest to what is gone, and what is nearest to that.
    fn nearest(&self) -> Vec<Element> {
        if browser::find("dialog[open]").is_some() {
            return browser::find(TITLE).into_iter().collect();
        }
        // Nobody was anywhere before the dialog, or nobody looks for it.
        let Some(before) = self.before.clone().filter(|_| self.by_key) else { return Vec::new() };
        let row = self.row.as_ref();
        let name = row.and_then(|(id, _)| browser::find(&format!("[data-id=\"{id}\"] .name")));
        let next = row.and_then(|(_, at)| {
            let names = document().get_elements_by_class_name("name");
            names.item((*at).min(names.length().saturating_sub(1)))
        });
        [Some(before), name, next, browser::find("#search")].into_iter().flatten().collect()
    }
}

/// If nothing has the focus because what had it is gone: gives it to what is nearest.
fn look(focus: &Focus) {
    if !browser::is_focus_nowhere() {
        return;
    }
    let Some(last) = focus.borrow_mut().last.take() else { return };
    if can_have(&last) {
        // It was left on purpose.
        if is_in(&last, "dialog").is_none() {
            focus.borrow_mut().before = None;
        }
        return;
    }
    let nearest = focus.borrow().nearest();
    if let Some(next) = nearest.into_iter().find(can_have) {
        browser::focus(next);
    }
}

fn can_have(element: &Element) -> bool {
    element.is_connected() && !element.matches(COVERED).unwrap_or_default()
}

fn is_in(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}

fn place_of(row: &Element) -> Option<u32> {
    let name = row.query_selector(".name").ok().flatten()?;
    let names = document().get_elements_by_class_name("name");
    (0..names.length()).find(|at| names.item(*at).as_ref() == Some(&name))
}
