//! What a page is made from, as it travels with it: in data blocks behind all that is seen. The rows come in pieces, so that
//! the browser can do other things between two of them; the page itself comes last, and says by being there that all is.

/// The id of the block that has the [`ListPage`](super::ListPage).
pub const PAGE: &str = "page-data";

/// The class of the blocks that have the rows.
pub const ROWS: &str = "rows-data";

/// Rows in a block.
#[cfg(feature = "ssr")]
const PIECE: usize = 250;

/// The data blocks of a page. They come behind the end of the document, as a part of its body (HTML, "after after body").
#[cfg(feature = "ssr")]
pub fn blocks(
    page: &super::ListPage,
    rows: Vec<std::sync::Arc<crate::patient::Patient>>,
) -> impl Iterator<Item = String> + Send + 'static {
    let page = block(&format!("id=\"{PAGE}\""), page);
    let pieces = (0..rows.len()).step_by(PIECE).map(move |start| {
        let end = rows.len().min(start + PIECE);
        block(&format!("class=\"{ROWS}\""), &&rows[start..end])
    });
    pieces.chain([page])
}

#[cfg(feature = "ssr")]
fn block(attribute: &str, value: &impl serde::Serialize) -> String {
    // String keys and whole numbers only: nothing in it can fail to encode. Nothing is escaped in a script element, and
    // nothing but its end is looked for.
    let json = serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"application/json\" {attribute}>{json}</script>")
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        language::Language,
        pages::ListPage,
        patient::{Patient, UtcTime, display::Zone},
        wire::{Position, Role, UserInfo},
    };

    #[test]
    fn a_page_ends_with_itself_and_no_value_ends_a_block() {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "</script><b>", "last_name": "<!--", "admission_date": "2026-11-01"});
        let row = Arc::new(Patient::admit(data.as_object().unwrap(), now).unwrap());
        let page = ListPage {
            position: Position { epoch: "e".into(), seq: 7, at: None },
            beds: Vec::new(),
            user: UserInfo { name: "sister".into(), role: Role::Viewer },
            personal: None,
            presence: true,
            zone: Zone::default(),
            language: Language::De,
            now,
            address: "q=</script>".into(),
        };
        let blocks: Vec<String> = blocks(&page, vec![row.clone(); PIECE + 1]).collect();
        let json = |block: &String| {
            let json = block.strip_suffix("</script>").unwrap().split_once('>').unwrap().1.to_owned();
            assert!(!json.contains('<'));
            json
        };
        let rows = |block| serde_json::from_str::<Vec<Arc<Patient>>>(&json(block)).unwrap();
        assert_eq!(blocks.len(), 3);
        assert_eq!(rows(&blocks[0]), vec![row.clone(); PIECE]);
        assert_eq!(rows(&blocks[1]), [row]);
        assert!(blocks[2].starts_with(r#"<script type="application/json" id="page-data">"#));
        assert_eq!(serde_json::from_str::<ListPage>(&json(&blocks[2])).unwrap().address, page.address);
    }
}
