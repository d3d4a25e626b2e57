//! Nothing moves under somebody's hand, not by a pixel: what comes, goes or grows elsewhere is made up for by scrolling and,
//! where there is nothing to scroll, by room at the ends of the list until the hand has gone.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use app::{components::react, live::View};
use leptos::prelude::*;
use web_sys::Element;

use crate::browser::{self, Scroller};

/// What a hand can be on.
const HELD: &str = "#rows > tr, #ward-plan .tile";

/// Where the list can be given room.
const BEFORE: &str = "slack-before";
const AFTER: &str = "slack-after";

/// Keeps what a hand is on where it is on the screen, unless its user scrolls or asks for another order.
pub(crate) fn follow(view: View) {
    let steady = Steady { view, held: Rc::default(), asked: Rc::default() };
    let [pointed, focused, scrolled, resized, asked, changed, let_go] = std::array::from_fn(|_| steady.clone());
    browser::on_pointer(move |target| pointed.take(target));
    browser::on_focus(move |target| {
        focused.let_go_by_key();
        focused.take(target);
    });
    browser::on_scroll(move || scrolled.scrolled());
    browser::on_resize(move || resized.begin_anew());
    browser::on_change(move || changed.look());
    react(move || {
        view.shown.track();
        view.board.track();
        asked.asked.set(view.held.get_untracked());
        // At the latest: nothing may have changed in the document by it.
        let asked = asked.clone();
        request_animation_frame(move || asked.look());
    });
    react(move || {
        if !view.held.get() {
            let_go.set(None);
            let_go.asked.set(false);
            take_room_back();
        }
    });
}

#[derive(Clone)]
struct Steady {
    view: View,
    held: Rc<RefCell<Option<Held>>>,
    /// What is shown is another list: only a user who asks for it has that done while a hand is on it.
    asked: Rc<Cell<bool>>,
}

/// What the hand is on.
struct Held {
    what: Element,
    scroller: Scroller,
    /// Its upper edge on the screen, in pixels, and how far the list was scrolled.
    at: (f64, f64),
}

impl Steady {
    /// The hand is on this. What is no row leaves the hand where the focus is.
    fn take(&self, target: Element) {
        let row = |element: Element| element.closest(HELD).ok().flatten();
        let pointed = || self.held.borrow().as_ref().map(|held| held.what.clone()).filter(browser::is_pointed_at);
        let what = row(target).or_else(pointed).or_else(|| row(document().active_element()?));
        if what.is_some() && self.held.borrow().as_ref().map(|held| &held.what) == what.as_ref() {
            return;
        }
        let held = what.and_then(|what| Some(Held { at: (0.0, 0.0), scroller: Scroller::of(&what)?, what }));
        self.set(held.map(Held::again));
    }

    /// The focus goes on to something else: what only it has held needs no room any more.
    fn let_go_by_key(&self) {
        let mut held = self.held.borrow_mut();
        if let Some(Held { scroller, .. }) = held.take_if(|held| !browser::is_pointed_at(&held.what)) {
            scroller.scroll_by(-browser::height(BEFORE));
            take_room_back();
        }
    }

    fn set(&self, held: Option<Held>) {
        browser::keeps_place(held.is_none());
        *self.held.borrow_mut() = held;
    }

    /// The screen is another one.
    fn begin_anew(&self) {
        let held = self.held.take();
        let anew = held.and_then(|held| Some(Held { scroller: Scroller::of(&held.what)?, ..held }));
        self.set(anew.map(Held::again));
    }

    /// By the user. What was done here is known.
    fn scrolled(&self) {
        let Some(held) = self.held.take() else { return };
        let is_elsewhere = (held.scroller.position() - held.at.1).abs() >= 1.0;
        let held = if is_elsewhere { held.again() } else { held };
        // What was scrolled away, as under a finger, is in nobody's hand.
        self.set(Some(held).filter(Held::is_in_view));
    }

    /// After something has changed in the document, before that is painted.
    fn look(&self) {
        if self.view.held.get_untracked() {
            let asked = self.asked.take();
            let held = self.held.take().filter(|held| held.what.is_connected());
            self.set(held.map(|held| if asked { held.again() } else { held.put_back() }));
        }
    }
}

fn take_room_back() {
    browser::set_height(BEFORE, 0.0);
    browser::set_height(AFTER, 0.0);
}

impl Held {
    fn top(&self) -> f64 {
        self.what.get_bounding_client_rect().top()
    }

    /// Where it is now is where it is to stay.
    fn again(mut self) -> Self {
        self.at = (self.top(), self.scroller.position());
        self
    }

    fn is_in_view(&self) -> bool {
        let row = self.what.get_bounding_client_rect();
        row.bottom() > self.scroller.top() && row.top() < self.scroller.bottom()
    }

    /// It has been moved by what happened elsewhere: no longer.
    fn put_back(mut self) -> Self {
        let moved = || self.top() - self.at.0;
        if moved().abs() < 1.0 {
            return self;
        }
        self.scroller.scroll_by(moved());
        let left = moved();
        if left <= -1.0 {
            browser::set_height(BEFORE, browser::height(BEFORE) - left);
        } else if left >= 1.0 {
            let blank = self.scroller.bottom() - browser::bottom(AFTER);
            browser::set_height(AFTER, browser::height(AFTER) + left + blank.max(0.0));
            self.scroller.scroll_by(moved());
        }
        self.at.1 = self.scroller.position();
        self
    }
}
