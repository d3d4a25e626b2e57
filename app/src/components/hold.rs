//! Nothing moves under somebody's hand: what is shown is held while pointer, finger or focus is on it.

use leptos::{
    ev::FocusEvent,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, EventTarget, HtmlElement},
};

use super::erased::react;
use crate::live::View;

/// Where a hand may be. A handle.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    view: View,
    /// Selects what is held by the focus.
    held: &'static str,
    pointed: StoredValue<bool>,
    last: StoredValue<Option<HtmlElement>, LocalStorage>,
}

impl Hold {
    /// On what `held` selects, for as long as that is shown.
    pub(super) fn new(view: View, held: &'static str) -> Self {
        on_cleanup(move || view.held.set(false));
        Self { view, held, pointed: StoredValue::new(false), last: StoredValue::new_local(None) }
    }

    fn of(self, target: Option<EventTarget>) -> Option<Element> {
        target?.dyn_into::<Element>().ok()?.closest(self.held).ok()?
    }

    /// The focus has come to something; gives what is held by that.
    pub(super) fn focused(self, event: &FocusEvent) -> Option<Element> {
        self.last.set_value(event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()));
        let held = self.of(event.target());
        if held.is_some() {
            self.view.held.set(true);
        }
        held
    }

    /// The focus leaves something; whether it has left all that can be held.
    pub(super) fn left(self, event: &FocusEvent) -> bool {
        let has_left = self.of(event.related_target()).is_none();
        if has_left {
            self.view.held.set(self.pointed.get_value());
        }
        has_left
    }

    /// A press beside everything is meant to leave.
    pub(super) fn pressed(self) {
        self.last.set_value(None);
    }

    /// The pointer has come.
    pub(super) fn over(self) {
        self.pointed.set_value(true);
        self.view.held.set(true);
    }

    /// The pointer has gone.
    pub(super) fn away(self) {
        self.pointed.set_value(false);
        self.view.held.set(self.of(document().active_element().map(Into::into)).is_some());
    }

    /// What moves is taken out of the document for a moment, and the focus with it: gives it back to the element that had
    /// it last or, where that is gone for good, to the one that `instead` finds.
    pub(super) fn keep_focus(self, instead: impl Fn() -> Option<Element> + Copy + 'static) {
        react(move || {
            self.view.shown.track();
            self.view.window.track();
            self.view.board.track();
            request_animation_frame(move || {
                // What was to be held may be gone by now.
                let Some(last) = self.last.try_get_value().flatten() else { return };
                let is_nowhere = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
                if !is_nowhere {
                    return;
                }
                let again = || instead()?.dyn_into::<HtmlElement>().ok();
                if let Some(element) = if last.is_connected() { Some(last) } else { again() } {
                    // Fails only for an element that is not in the document.
                    let _ = element.focus();
                }
            });
        });
    }
}
