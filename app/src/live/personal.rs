//! What the server keeps for this user, on all their screens.

use std::{collections::BTreeMap, time::Duration};

use leptos::prelude::*;

use super::Live;
use crate::{
    list::arrange::{Mine, starred_key},
    patient::Data,
    replica::{PERSONAL_ID, attend_id, remember_id},
    unseen::SEEN,
    wire::{ClientRequest, How, Personal},
};

/// After this time the server is told again what it could not take in.
const LATER: Duration = Duration::from_secs(5);

/// The list as it was looked at last, as an address.
pub const LIST: &str = "list";
/// Which columns, in which order.
pub const COLUMNS: &str = "columns";
/// The language of the pages, by its code.
pub const LANGUAGE: &str = "language";
/// Lists that have a name: one a line, its name, a tab, its address.
pub const VIEWS: &str = "views";

/// What somebody else has done to a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Who.
    pub by: String,
    /// The fields that were changed.
    pub fields: Vec<String>,
    /// The record was deleted.
    pub is_deleted: bool,
}

impl Live {
    /// Keeps a value for this user, here and on the server; nothing when there is none.
    pub fn remember(self, key: String, value: Option<String>) {
        if self.is_nobodys {
            return;
        }
        self.recalled(&key, value.clone());
        self.untold.update_value(|untold| _ = untold.insert(key, value));
        self.tell();
    }

    /// Tells the server what it does not know, as soon as there is a connection.
    fn tell(self) {
        if self.blocked.get_untracked() {
            return;
        }
        let untold = self.untold.try_update_value(std::mem::take).unwrap_or_default();
        for (key, value) in untold {
            let mut data = Data::new();
            data.insert("key".to_owned(), key.as_str().into());
            data.insert("value".to_owned(), value.clone().into());
            self.ask("remember", &remember_id(&key), None, Some(&data));
            self.told.update_value(|told| {
                let (last, times) = told.entry(key).or_default();
                *last = value;
                *times += 1;
            });
        }
    }

    /// The server has answered to one of what it was told.
    pub(super) fn remembered(self, key: &str) {
        self.told.update_value(|told| {
            if let Some((_, times)) = told.get_mut(key) {
                *times -= 1;
                if *times == 0 {
                    told.remove(key);
                }
            }
        });
    }

    /// The server cannot take it in just now.
    pub(super) fn not_remembered(self, key: &str) {
        let value = self.told.with_value(|told| told.get(key).map(|(value, _)| value.clone()));
        self.remembered(key);
        let is_last = self.told.with_value(|told| !told.contains_key(key));
        if let Some(value) = value.filter(|_| is_last) {
            self.untold.update_value(|untold| _ = untold.entry(key.to_owned()).or_insert(value));
            set_timeout(move || self.tell(), LATER);
        }
    }

    /// The server will not take it in: what it has instead is shown, and the user told.
    pub(super) fn never_remembered(self, key: &str) {
        self.remembered(key);
        self.unkept.set(true);
        self.ask("personal", PERSONAL_ID, None, None);
    }

    fn ask(self, action: &str, request_id: &str, pk: Option<i64>, data: Option<&Data>) {
        let request = ClientRequest { action, request_id, pk, data, ..ClientRequest::default() };
        if let Some(link) = self.link.get_value() {
            // String keys and JSON values only: nothing in it can fail to encode.
            link.send(serde_json::to_string(&request).unwrap_or_default());
        }
    }

    /// The list is in step again: what was not confirmed is told again, and what happened on other screens asked for.
    pub(super) fn get_in_touch(self) {
        if self.is_nobodys {
            return;
        }
        let told = self.told.try_update_value(std::mem::take).unwrap_or_default();
        let is_same_history = self.is_same_history();
        self.untold.update_value(|untold| {
            for (key, (value, _)) in told {
                untold.entry(key).or_insert(value);
            }
            // A position of another history says nothing of what was seen in this one.
            untold.retain(|key, _| is_same_history || !key.starts_with(SEEN));
        });
        if !is_same_history {
            self.pause(false);
        }
        self.tell();
        self.ask("personal", PERSONAL_ID, None, None);
        self.attend_again();
    }

    /// The server cannot say just now what it keeps.
    pub(super) fn ask_personal_later(self) {
        set_timeout(
            move || {
                if !self.blocked.get_untracked() {
                    self.ask("personal", PERSONAL_ID, None, None);
                }
            },
            LATER,
        );
    }

    /// Whether the log is the one that it was when this was asked last.
    fn is_same_history(self) -> bool {
        let epoch = self.replica.with_value(|replica| replica.list().epoch().to_owned());
        self.epoch.try_update_value(|before| std::mem::replace(before, epoch.clone()) == epoch).unwrap_or_default()
    }

    /// All that the server keeps, and the marks that follow from it; those of later changes stay.
    pub(super) fn take_personal(self, personal: Personal) {
        let before = self.with_marks();
        let values = personal.values.iter().filter(|(key, _)| !key.starts_with(SEEN));
        let mut values: BTreeMap<String, String> = values.map(|(key, value)| (key.clone(), value.clone())).collect();
        // What this page knows better: the server has not been told yet.
        for (key, value) in self.known_better() {
            match value {
                Some(value) => values.insert(key, value),
                None => values.remove(&key),
            };
        }
        if self.personal.with_untracked(|before| *before != values) {
            self.personal.set(values);
        }
        let gone = personal.marks.iter().filter_map(|mark| Some((mark.pk, mark.data.clone()?)));
        for (id, row) in gone.collect::<Vec<_>>() {
            if self.with_rows(|rows| !rows.contains_key(&id)) {
                self.delete(&row);
            }
        }
        let head = self.position();
        self.unseen.update_value(|unseen| {
            self.with_rows(|rows| *unseen = unseen.renewed(personal, head, |pk| rows.contains_key(&pk)));
        });
        for id in before.into_iter().chain(self.with_marks()) {
            self.refresh(id);
        }
        self.turn_now();
    }

    /// What the server was not told yet, or has not confirmed.
    fn known_better(self) -> BTreeMap<String, Option<String>> {
        let told =
            self.told.with_value(|told| told.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect());
        let mut values: BTreeMap<String, Option<String>> = told;
        self.untold.with_value(|untold| values.extend(untold.iter().map(|(key, value)| (key.clone(), value.clone()))));
        values.retain(|key, _| !key.starts_with(SEEN));
        values
    }

    /// The server tells of a value; it may be an older one of this screen's own that comes back.
    pub(super) fn told_again(self, key: &str, value: Option<String>) {
        if !self.known_better().contains_key(key) {
            self.recalled(key, value);
        }
    }

    /// A value is another one, here or on another screen of this user's.
    pub(super) fn recalled(self, key: &str, value: Option<String>) {
        if let Some(row) = key.strip_prefix(SEEN) {
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
        self.remember(starred_key(id), (!is_starred).then(|| "yes".to_owned()));
    }

    /// This user attends a patient, so that others see it, or none any more. To be said again before it is forgotten.
    pub fn attend(self, patient: Option<(i64, How)>) {
        if self.attends.get_value() != patient {
            self.others.set((0, Vec::new()));
            self.meanwhile.set_value(Vec::new());
        }
        self.attends.set_value(patient);
        self.attend_again();
    }

    /// Somebody else has changed these fields of a row, or deleted it.
    pub(super) fn touched(self, id: i64, by: &str, fields: &[String], is_deleted: bool) {
        if self.attends.get_value().is_none_or(|(attended, _)| attended != id) {
            return;
        }
        self.meanwhile.update_value(|meanwhile| {
            let known = meanwhile.iter_mut().find(|touch| touch.by == by && touch.is_deleted == is_deleted);
            let Some(touch) = known else {
                meanwhile.push(Touch { by: by.to_owned(), fields: fields.to_vec(), is_deleted });
                return;
            };
            for field in fields {
                if !touch.fields.contains(field) {
                    touch.fields.push(field.clone());
                }
            }
        });
    }

    /// What others have done to the patient whom this user attends, since they do; follows every change.
    pub fn meanwhile(self) -> Vec<Touch> {
        self.turned.track();
        self.meanwhile.get_value()
    }

    /// Says again whom this user attends.
    pub fn attend_again(self) {
        if self.blocked.get_untracked() || !self.presence.get_value() {
            return;
        }
        match self.attends.get_value() {
            Some((pk, how)) => {
                let mut data = Data::new();
                let how = if how == How::Editing { "editing" } else { "viewing" };
                data.insert("how".to_owned(), how.into());
                self.ask("attend", &attend_id(pk), Some(pk), Some(&data));
            }
            None => self.ask("attend", &attend_id(0), None, None),
        }
    }
}
