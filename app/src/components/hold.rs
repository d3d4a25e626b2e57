//! Nothing moves under somebody's hand: what is shown is held while pointer, finger or focus is on it.

use std::time::Duration;

use leptos::{
    ev::{FocusEvent, PointerEvent, TouchEvent},
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
    web_sys::{
        AddEventListenerOptions, Element, EventTarget, HtmlElement,
        js_sys::{Function, Object, Reflect},
    },
};

use super::erased::react;
use crate::live::View;

/// How long a finger that was lifted may still mean what it was on.
const LIFTED: Duration = Duration::from_millis(500);

/// What a finger can be on.
const TOUCHED: &str = "#rows, #ward-plan";

/// A finger has come.
const COMES: &str = "touchstart";

/// A finger has gone, or is the browser's.
const GOES: [&str; 2] = ["touchend", "touchcancel"];

/// Where a hand may be. A handle.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    view: View,
    /// Selects what is held by the focus.
    held: &'static str,
    pointed: StoredValue<bool>,
    /// A finger is on it.
    touched: StoredValue<bool>,
    /// How often the pointer has come.
    come: StoredValue<u32>,
    last: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// Rows are just being put where they belong: what leaves the document for that has not been left.
    moving: StoredValue<bool>,
}

impl Hold {
    /// On what `held` selects, for as long as that is shown.
    pub(super) fn new(view: View, held: &'static str) -> Self {
        on_cleanup(move || view.held.set(false));
        let this = Self {
            view,
            held,
            pointed: StoredValue::new(false),
            touched: StoredValue::new(false),
            come: StoredValue::new(0),
            last: StoredValue::new_local(None),
            moving: StoredValue::new(false),
        };
        // Once: it follows nothing.
        react(move || this.follow_fingers());
        this
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
        let has_left = self.of(event.related_target()).is_none() && !self.moving.get_value();
        if has_left {
            self.view.held.set(self.pointed.get_value());
        }
        let to = event.related_target().and_then(|to| to.dyn_into::<Element>().ok());
        // A dialog gives the focus back.
        if has_left && to.as_ref().is_some_and(|to| to.closest("dialog").is_ok_and(|dialog| dialog.is_none())) {
            self.last.set_value(None);
        }
        if has_left && to.is_none() {
            // It goes nowhere, as by a press beside everything: then it is not to come back. What is taken out of the document
            // or is in a window that is not looked at has not been left for good.
            queue_microtask(move || {
                let is_there = self.last.try_get_value().flatten().is_some_and(|last| last.is_connected());
                if is_there && is_nowhere() {
                    self.last.set_value(None);
                }
            });
        }
        has_left
    }

    /// A press beside everything is meant to leave.
    pub(super) fn pressed(self) {
        self.last.set_value(None);
    }

    /// The pointer has come.
    pub(super) fn over(self) {
        self.come.update_value(|come| *come += 1);
        self.pointed.set_value(true);
        self.view.held.set(true);
    }

    /// The pointer has gone. A finger that begins to scroll is no pointer any more, but still there.
    pub(super) fn away(self, event: &PointerEvent) {
        if !self.touched.get_value() {
            self.gone(event.pointer_type() == "touch");
        }
    }

    /// A finger goes before the press counts that it has made: what it was on stays there until then.
    fn gone(self, is_finger: bool) {
        let come = self.come.get_value();
        let let_go = move || {
            // It has come back, or what was held is gone.
            if self.come.try_get_value() == Some(come) {
                self.pointed.set_value(false);
                self.view.held.set(self.of(document().active_element().map(Into::into)).is_some());
            }
        };
        if is_finger { set_timeout(let_go, LIFTED) } else { let_go() }
    }

    /// Listens for fingers by events of their own, for as long as this is shown.
    fn follow_fingers(self) {
        let listener = StoredValue::new_local(None::<Function>);
        let follow = move |event: TouchEvent| {
            // A finger may stay for longer than what is shown.
            let Some(listener) = listener.try_get_value().flatten() else { return };
            if event.type_() == COMES {
                if let Some(target) = touched(&event) {
                    self.touched.set_value(true);
                    self.over();
                    // When it is out of the document by then, nobody else is told.
                    listen(&target, &GOES, &listener);
                }
            } else if self.touched.get_value() && !has_fingers(&event) {
                self.touched.set_value(false);
                self.gone(true);
            }
        };
        let follow: Function = Closure::<dyn Fn(TouchEvent)>::new(follow).into_js_value().unchecked_into();
        let everywhere = window();
        listen(&everywhere, &[COMES], &follow);
        listen(&everywhere, &GOES, &follow);
        listener.set_value(Some(follow));
        on_cleanup(move || {
            let Some(follow) = listener.try_get_value().flatten() else { return };
            for name in [COMES].into_iter().chain(GOES) {
                // Fails for no listener that is a function.
                let _ = window().remove_event_listener_with_callback(name, &follow);
            }
        });
    }

    /// To be called right before rows are put where they belong. The one that had the focus has it again when that is done,
    /// wherever it is then: who has scrolled it away does not want to be taken back to it.
    pub(super) fn moves(self) {
        // On the server nobody has the focus.
        if cfg!(target_arch = "wasm32") && !self.moving.get_value() {
            self.moving.set_value(true);
            // After all of what follows from one change, and before anybody can do anything.
            queue_microtask(move || {
                let Some(last) = self.last.try_get_value() else { return };
                self.moving.set_value(false);
                if !is_nowhere() || self.view.focused.get_untracked().is_none() {
                    return;
                }
                if let Some(last) = last.filter(|last| last.is_connected()) {
                    focus_in_place(&last);
                } else {
                    // It has gone for good.
                    self.view.focused.set(None);
                    self.view.held.set(self.pointed.get_value());
                }
            });
        }
    }

    /// What moves is taken out of the document for a moment, and the focus with it: gives it back to the element that had
    /// it last or, where that is gone for good, to the one that `instead` finds.
    pub(super) fn keep_focus(self, instead: impl Fn() -> Option<Element> + Copy + 'static) {
        react(move || {
            self.view.shown.track();
            self.view.board.track();
            request_animation_frame(move || {
                // What was to be held may be gone by now.
                let Some(last) = self.last.try_get_value().flatten() else { return };
                if !is_nowhere() {
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

/// What a finger has come to, if that can be held.
fn touched(event: &TouchEvent) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(TOUCHED).ok()?.map(|_| target)
}

/// Whether fingers are still on the screen, wherever.
fn has_fingers(event: &TouchEvent) -> bool {
    let touches = Reflect::get(event, &"touches".into());
    touches.and_then(|touches| Reflect::get(&touches, &"length".into())).is_ok_and(|length| length.is_truthy())
}

/// Without keeping the browser from scrolling until the listener has had its say.
fn listen(target: &EventTarget, names: &[&str], listener: &Function) {
    let options = AddEventListenerOptions::new();
    options.set_passive(true);
    for name in names {
        // Fails for no listener that is a function.
        let _ = target.add_event_listener_with_callback_and_add_event_listener_options(name, listener, &options);
    }
}

/// Whether nothing has the focus.
fn is_nowhere() -> bool {
    document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}

/// Gives the focus without bringing into view what gets it.
fn focus_in_place(element: &HtmlElement) {
    let options = Object::new();
    let focus = Reflect::set(&options, &"preventScroll".into(), &true.into())
        .and_then(|_| Reflect::get(element, &"focus".into()));
    if let Some(focus) = focus.ok().and_then(|focus| focus.dyn_into::<Function>().ok()) {
        // Fails only for an element that is not in the document.
        let _ = focus.call1(element, &options);
    }
}
