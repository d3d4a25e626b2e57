//! One type for all of a kind. Each type of closure in a view, and each type of view that it gives, is a piece of
//! WebAssembly of its own; through these, two hundred closures are five types.

use std::sync::Arc;

use leptos::{
    ev::{Event, MouseEvent, SubmitEvent},
    prelude::*,
};

/// Runs this whenever what it reads has changed.
pub fn react(run: impl FnMut() + 'static) {
    fn erased(run: Box<dyn FnMut()>) {
        Effect::new(run);
    }
    erased(Box::new(run));
}

/// A text that follows what it reads.
pub(super) fn text(read: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(read)
}

/// A condition that follows what it reads.
pub(super) fn when(read: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(read)
}

/// A choice in a select, chosen when that is so. As an attribute it is in the page before a script runs; as a property it
/// counts, too, once somebody has chosen by hand.
pub(super) fn one_of(value: String, words: String, is_chosen: Signal<bool>) -> AnyView {
    view! { <option value=value selected=is_chosen prop:selected=is_chosen>{words}</option> }.into_any()
}

/// A part of a view that follows what it reads.
pub(super) type Part = Box<dyn FnMut() -> AnyView + Send>;

/// See [`Part`].
pub(super) fn part(read: impl FnMut() -> AnyView + Send + 'static) -> Part {
    Box::new(read)
}

/// An entry of a list that changes: by what it is known again, and what is shown of it.
pub(super) type Entry = (String, Arc<dyn Fn() -> AnyView + Send + Sync>);

/// See [`Entry`].
pub(super) fn entry(key: String, show: impl Fn() -> AnyView + Send + Sync + 'static) -> Entry {
    (key, Arc::new(show))
}

/// A list that follows what it reads: entries that stay are not touched when others come and go.
pub(super) fn each(entries: impl Fn() -> Vec<Entry> + Send + Sync + 'static) -> AnyView {
    fn erased(entries: Arc<dyn Fn() -> Vec<Entry> + Send + Sync>) -> AnyView {
        view! { <For each=move || entries() key=|(key, _)| key.clone() let((_, show))>{show()}</For> }.into_any()
    }
    erased(Arc::new(entries))
}

/// What a press of a button does.
pub(super) fn press(mut run: impl FnMut() + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(move |_| run())
}

/// What sending a form does, instead of what the browser would do.
pub(super) fn submit(mut run: impl FnMut() + 'static) -> Box<dyn FnMut(SubmitEvent)> {
    Box::new(move |event| {
        event.prevent_default();
        run();
    })
}

/// What an input does when it is changed.
pub(super) fn input(run: impl FnMut(Event) + 'static) -> Box<dyn FnMut(Event)> {
    Box::new(run)
}
