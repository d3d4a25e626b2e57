//! Texts in tables that people open with a spreadsheet program.

use std::borrow::Cow;

/// What a formula begins with; in some countries the wide forms too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A text as a cell of a table: a spreadsheet program would take one that begins like a formula for one, and do what it says
/// (OWASP, "CSV Injection").
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_quoted_and_all_else_is_left_as_it_is() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "Ada", "1-1", "'=1", " =1"] {
            assert_eq!(cell(text), text);
        }
    }
}
