//! Which rows the screen shows, and how high they are: only the browser knows.

use std::{cell::Cell, rc::Rc, time::Duration};

use app::{components::react, list::window::Reach, live::View};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::browser::{self, End, Scroller};

/// Between two steps beyond the screen: keys, and the painting of what can be seen, have their turn.
const STEP: Duration = Duration::from_millis(50);

/// Tells the view, and gives those rows room that are not in the document.
pub(crate) fn follow(view: View) {
    // Rows that come into the document are not as high as was thought: an end is gone to again until it is reached.
    let end = Rc::new(Cell::new(None));
    let waits = Rc::new(Cell::new(false));
    // At most once a frame, after the frame's rows are there.
    let sought = end.clone();
    let look_soon = move || {
        if !waits.replace(true) {
            let (waits, sought) = (waits.clone(), sought.clone());
            request_animation_frame(move || {
                waits.set(false);
                let before = view.window.get_untracked();
                look(view);
                if sought.get().is_some_and(go_to) && view.window.with_untracked(|window| *window == before) {
                    sought.set(None);
                }
            });
        }
    };
    browser::on_end(move |asked| end.set(asked.filter(|end| !go_to(*end))));
    browser::on_scroll(look_soon.clone());
    browser::on_resize(look_soon.clone());
    react(move || {
        view.window.track();
        view.shown.track();
        view.board.track();
        make_room(view);
        look_soon();
    });
    react(move || {
        if view.reach.get() < Reach::FULL {
            let step = set_timeout_with_handle(move || view.reach.update(Reach::further), STEP).ok();
            on_cleanup(move || step.iter().for_each(TimeoutHandle::clear));
        }
    });
}

fn make_room(view: View) {
    view.window.with_untracked(|window| {
        browser::set_height("rows-before", window.before);
        browser::set_height("rows-between", window.between);
        browser::set_height("rows-after", window.after);
    });
}

fn look(view: View) {
    if view.board.with_untracked(Option::is_some) {
        // Of a house no tiles are shown, and whatever is marked there is out of view.
        view.sees(browser::tiles_on_screen().map_or(0..0, |(first, last)| first..last + 1));
        return;
    }
    // A list that comes in the place of a ward has not been given any room yet, nor has what has just come between two pieces.
    make_room(view);
    let Some(sight) = browser::sight("rows") else { return };
    view.look(sight.top, sight.bottom, &sight.rows);
}

/// Whether the list was at this end before.
fn go_to(end: End) -> bool {
    let list = browser::find(".table").as_ref().and_then(Scroller::of);
    list.is_none_or(|list| list.scroll_to(end))
}
