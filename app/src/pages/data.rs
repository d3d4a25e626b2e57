//! What a page is made from, as it travels with it: in data blocks behind all that is seen. The rows come in pieces, so that
//! the browser can do other things between two of them; the page itself comes last, and says by being there that all is.

use std::sync::Arc;

use leptos::prelude::*;
use serde::Serialize;

use super::ListPage;
use crate::patient::Patient;

/// The id of the block that has the [`ListPage`].
pub const PAGE: &str = "page-data";

/// The class of the blocks that have the rows.
pub const ROWS: &str = "rows-data";

/// Rows in a block.
const PIECE: usize = 250;

/// The data blocks of a page.
pub(crate) fn blocks(page: &ListPage, rows: &[Arc<Patient>]) -> AnyView {
    let rows = rows.chunks(PIECE).map(|rows| {
        view! { <script type="application/json" class=ROWS inner_html=json(&rows)></script> }.into_any()
    });
    view! {
        {rows.collect_view()}
        <script type="application/json" id=PAGE inner_html=json(page)></script>
    }
    .into_any()
}

/// In a script element nothing is escaped, and nothing but its end is looked for.
fn json(value: &impl Serialize) -> String {
    // String keys and whole numbers only: nothing in it can fail to encode.
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}
