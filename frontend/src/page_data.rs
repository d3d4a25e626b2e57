//! What the page was made from, taken up piece by piece: while ten thousand rows are read, the page scrolls and takes keys.

use app::{
    list::index::Rows,
    pages::{
        ListPage,
        data::{PAGE, ROWS},
    },
};
use gloo_timers::future::TimeoutFuture;

use crate::browser;

/// How long the browser waits for its turn at most, in milliseconds.
const AT_ONCE: f64 = 20.0;

/// `None` when the page has not come to its end, or is not of this program's version.
pub(crate) async fn read() -> Option<(ListPage, Rows)> {
    let mut page: ListPage = serde_json::from_str(&browser::take_text(&format!("#{PAGE}"))?).ok()?;
    let mut rows = Rows::new(page.position.clone(), Vec::new(), std::mem::take(&mut page.beds));
    let mut began = browser::clock();
    while let Some(piece) = browser::take_text(&format!(".{ROWS}")) {
        rows.add(serde_json::from_str(&piece).ok()?);
        if browser::clock() - began > AT_ONCE {
            TimeoutFuture::new(0).await;
            began = browser::clock();
        }
    }
    Some((page, rows))
}
