use leptos::prelude::*;

use super::{ListPage, Page, Use, begin, connect};
use crate::{
    components::WallSheet,
    list::{index::Rows, wall::Wall},
};

/// The display on the wall: rendered on the server, then taken over by the browser from the same data.
#[component]
pub fn WallApp(page: ListPage, rows: Rows) -> impl IntoView {
    let wall = Wall::from_address(&page.address);
    let (live, view, clock) = begin(page, rows, wall.query.clone());
    let ended = RwSignal::new(false);
    connect(&Page { live, view, clock, use_of: Use::Wall(ended) }, || {});
    view! { <WallSheet wall ended/> }
}
