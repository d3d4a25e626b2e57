//! What is seen, as the query part of an address: the same on the server and in the browser, so that a link shows another
//! clinician what it was made from.

use super::arrange::{Layout, Query, SortBy, StatusFilter, Whose};

impl Query {
    /// What the query part of an address says, with or without its question mark; what cannot be read there is left out.
    pub fn from_address(address: &str) -> Self {
        let mut query = Self::default();
        for pair in address.trim_start_matches('?').split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value);
            match key {
                "q" => query.search = value,
                "ward" => query.ward = Some(value).filter(|ward| !ward.is_empty()),
                "status" if let Some(status) = StatusFilter::from_value(&value) => query.status = status,
                "flag" => query.flag = Some(value).filter(|flag| !flag.is_empty()),
                "mine" => query.whose = Whose::from_value(&value),
                "empty" => query.hides_empty = value == "hidden",
                "sort" => query.sort = SortBy::ALL.into_iter().find(|by| by.as_str() == value).unwrap_or_default(),
                "order" => query.descending = value == "descending",
                "view" if value == Layout::Ward.as_str() => query.layout = Layout::Ward,
                _ => {}
            }
        }
        query
    }

    /// The other way round, without a question mark; empty for what is seen by default.
    pub fn to_address(&self) -> String {
        self.address_of("", &[]).trim_start_matches('?').to_owned()
    }

    /// The same to be passed on: an address that says nothing opens what its reader has looked at last.
    pub fn to_link(&self) -> String {
        let address = self.to_address();
        if address.is_empty() { format!("status={}", StatusFilter::default().value()) } else { address }
    }

    /// Of a page that shows the same rows: the page's own values come first.
    pub fn address_of(&self, path: &str, own: &[(&str, &str)]) -> String {
        let own = own.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let pairs = own.chain(self.pairs()).map(|(key, value)| format!("{key}={}", encode(&value)));
        let pairs = pairs.collect::<Vec<_>>().join("&");
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    }

    /// Key and value of all that is not as by default.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let unless_default = |is_default: bool, value: &str| if is_default { String::new() } else { value.to_owned() };
        let pairs = [
            ("q", self.search.clone()),
            ("ward", text(&self.ward)),
            ("status", unless_default(self.status == StatusFilter::default(), self.status.value())),
            ("flag", text(&self.flag)),
            ("mine", self.whose.as_str().to_owned()),
            ("empty", unless_default(!self.hides_empty, "hidden")),
            ("sort", unless_default(self.sort == SortBy::default(), self.sort.as_str())),
            ("order", unless_default(!self.descending, "descending")),
            ("view", unless_default(self.layout == Layout::default(), self.layout.as_str())),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// For a value in the query part of an address (RFC 3986): all but its unreserved characters as their bytes.
fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(byte).collect()
}

/// The other way round; a plus is a space, as forms send it.
fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        let (byte, after) = match first {
            b'+' => (b' ', after),
            b'%' if let Some(byte) = escaped() => (byte, &after[2..]),
            first => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patient::Status;

    #[test]
    fn an_address_says_what_is_seen() {
        let query = Query {
            search: "O'Brien 943 & ł".into(),
            ward: Some("Elm + Ash".into()),
            status: StatusFilter::Only(Status::OnLeave),
            flag: Some("falls".into()),
            whose: Whose::Starred,
            hides_empty: true,
            sort: SortBy::Admission,
            descending: true,
            layout: Layout::Ward,
        };
        assert_eq!(Query::from_address(&query.to_address()), query);
        assert_eq!(Query::default().to_address(), "");
        assert_eq!(Query::default().to_link(), "status=current");
        assert_eq!(Query::from_address(&Query::default().to_link()), Query::default());
        assert_eq!(query.to_link(), query.to_address());
        assert_eq!(Query::default().address_of("/print", &[]), "/print");
        let of_mine = Query { whose: Whose::Mine, ..Query::default() };
        assert_eq!(of_mine.address_of("/past", &[("at", "03:00 +1")]), "/past?at=03%3A00%20%2B1&mine=yes");
        assert_eq!(
            Query::from_address("?q=ada+l%zz%4&sort=nonsense&status=all&utm=1"),
            Query { search: "ada l%zz%4".into(), status: StatusFilter::All, ..Query::default() }
        );
        // A link that was mistyped shows nobody who has gone.
        for status in ["", "nonsense", "All", "discharge"] {
            assert_eq!(Query::from_address(&format!("status={status}")), Query::default(), "{status}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_search_survives_an_address(search in "\\PC{0,20}", ward in proptest::option::of("\\PC{1,9}")) {
            let query = Query { search, ward, ..Query::default() };
            proptest::prop_assert_eq!(Query::from_address(&query.to_address()), query);
        }
    }
}
