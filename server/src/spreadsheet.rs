//! Texts in tables that people open with a spreadsheet program.

use std::borrow::Cow;

/// What a formula begins with; in some countries the wide forms too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// After these, some programs begin another cell: where a comma stands in numbers, a semicolon separates cells.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// A text as a cell of a table: a spreadsheet program would take one that begins like a formula for one, and do what it says
/// (OWASP, "CSV Injection").
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let parts = || text.split_inclusive(SEPARATORS);
    if !parts().any(|part| part.starts_with(FORMULA)) {
        return Cow::Borrowed(text);
    }
    let quoted = parts().map(|part| format!("{}{part}", if part.starts_with(FORMULA) { "'" } else { "" }));
    Cow::Owned(quoted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_quoted_and_all_else_is_left_as_it_is() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for (text, quoted) in [("x;=1;@y\n-1", "x;'=1;'@y\n'-1"), ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1")] {
            assert_eq!(cell(text), quoted);
        }
        for text in ["", "Ada", "1-1", "'=1", " =1", "a; b\nc", "é;ü"] {
            assert_eq!(cell(text), text);
        }
    }
}
