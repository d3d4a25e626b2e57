//! What the server keeps for this user, on all their screens.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::Live;
use crate::{list::arrange::Mine, patient::Data, wire::ClientRequest};

/// Whose patients are this user's own, if not those with the user's name.
pub const ATTENDING: &str = "attending";
/// The list as it was looked at last, as an address.
pub const LIST: &str = "list";
/// Which columns, in which order.
pub const COLUMNS: &str = "columns";
/// Lists that have a name: one a line, its name, a tab, its address.
pub const VIEWS: &str = "views";

impl Live {
    /// Keeps a value for this user, here and on the server; nothing when there is none.
    pub fn remember(self, key: String, value: Option<String>) {
        self.recalled(&key, value.clone());
        self.untold.update_value(|untold| _ = untold.insert(key, value));
        self.tell();
    }

    /// Tells the server what it does not know, as soon as there is a connection.
    pub(super) fn tell(self) {
        let Some(link) = self.link.get_value().filter(|_| !self.blocked.get_untracked()) else { return };
        let untold = self.untold.try_update_value(std::mem::take).unwrap_or_default();
        for (key, value) in untold {
            let mut data = Data::new();
            data.insert("key".to_owned(), key.as_str().into());
            data.insert("value".to_owned(), value.into());
            let id = format!("remember {key}");
            let request =
                ClientRequest { action: "remember", request_id: &id, data: Some(&data), ..ClientRequest::default() };
            // String keys and JSON values only: nothing in it can fail to encode.
            link.send(serde_json::to_string(&request).unwrap_or_default());
        }
    }

    /// A value is another one, here or on another screen of this user's.
    pub(super) fn recalled(self, key: &str, value: Option<String>) {
        if let Some(row) = key.strip_prefix("seen") {
            let up_to = value.and_then(|value| value.parse().ok()).unwrap_or_default();
            match row.strip_prefix('/').map(str::parse) {
                None => self.seen(None, up_to),
                Some(Ok(id)) => self.seen(Some(id), up_to),
                Some(Err(_)) => {}
            }
            return;
        }
        if self.personal.with_untracked(|personal| personal.get(key) == value.as_ref()) {
            return;
        }
        self.personal.update(|personal| {
            match value {
                Some(value) => personal.insert(key.to_owned(), value),
                None => personal.remove(key),
            };
        });
    }

    /// A value of this user's; follows it.
    pub fn value_of(self, key: &str) -> Option<String> {
        self.personal.with(|personal| personal.get(key).cloned())
    }

    /// Whose patients are this user's own; follows it.
    pub fn mine(self) -> Mine {
        self.mine.get()
    }

    /// Puts a star on a patient, or takes it away.
    pub fn star(self, id: i64) {
        let is_starred = self.mine.with_untracked(|mine| mine.starred.contains(&id));
        self.remember(format!("starred/{id}"), (!is_starred).then(|| "yes".to_owned()));
    }

    pub(super) fn mine_of(personal: &std::collections::BTreeMap<String, String>, name: &str) -> Mine {
        let starred: BTreeSet<i64> =
            personal.keys().filter_map(|key| key.strip_prefix("starred/")?.parse().ok()).collect();
        let attending = personal.get(ATTENDING).map_or(name, String::as_str).to_owned();
        Mine { attending, starred }
    }
}
