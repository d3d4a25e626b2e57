use leptos::prelude::*;

use super::{
    Sheet, StillPage,
    parts::Ground,
    {changes::changes, handover::handover, history::history, past::past, sorry::sorry, undo::undo},
};

/// A page that holds still, with its way back to the list.
#[component]
pub fn StillBody(
    /// What to show.
    page: StillPage,
) -> impl IntoView {
    let today = page.zone.today(page.now);
    let ground = Ground { language: page.language, zone: page.zone.clone(), query: page.query.clone(), today };
    let here = path(&page.sheet);
    let link = |path: &'static str, key: &'static str| {
        let current = (here == Some(path)).then_some("page");
        view! { <a href=ground.query.address_of(path, &[]) aria-current=current>{ground.text(key)}</a> }
    };
    let list = ground.query.address_of("/", &[]);
    let content = match &page.sheet {
        Sheet::History(it) => history(&ground, it),
        Sheet::Undo(it) => undo(&ground, it),
        Sheet::Past(it) => past(&ground, it, page.now),
        Sheet::Changes(it) => changes(&ground, it, page.now),
        Sheet::Handover(it, notes) => handover(&ground, it, notes, page.now, &page.user.name),
        Sheet::Sorry(it) => sorry(&ground, it),
    };
    view! {
        <header class="bar still-bar">
            <p class="brand"><a href=list>"← "{ground.text("still.back")}</a></p>
            <nav aria-label=ground.text("still.pages") class="still-links">
                {link("/changes", "still.menu.changes")}
                {link("/past", "still.menu.past")}
                {link("/print", "still.menu.print")}
            </nav>
            <p class="who">{page.user.name.clone()}</p>
        </header>
        <main class="still-main">{content}</main>
    }
}

/// The page's own address, where it is one that every list leads to.
fn path(sheet: &Sheet) -> Option<&'static str> {
    match sheet {
        Sheet::Past(_) => Some("/past"),
        Sheet::Changes(_) => Some("/changes"),
        Sheet::Handover(..) => Some("/print"),
        Sheet::History(_) | Sheet::Undo(_) | Sheet::Sorry(_) => None,
    }
}
