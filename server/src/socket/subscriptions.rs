//! What one level-1 socket has asked to be told, and the frames that a change is to it.

use app::{
    change::Action,
    filter::{Filter, Seen},
    wire::{InstanceData, InstancePush},
};
use serde_json::value::RawValue;

use crate::feed::{Event, encode};

/// Subscriptions at most on one socket: a list needs one, a page a handful.
const MOST: usize = 1000;

/// The socket has [`MOST`] subscriptions already.
#[derive(Debug, thiserror::Error)]
#[error("A socket has at most {MOST} subscriptions.")]
pub(super) struct TooMany;

/// A socket's subscriptions, beside the one to everything that it has from the start.
///
/// A request id is its JSON text: `1` and `"1"` are two.
#[derive(Default)]
pub(super) struct Subscriptions {
    instances: Vec<(i64, Box<RawValue>)>,
    changes: Vec<(Box<RawValue>, Filter)>,
}

impl Subscriptions {
    /// Sent again with the same id, it is the same subscription.
    pub(super) fn subscribe_instance(&mut self, pk: i64, id: &RawValue) -> Result<(), TooMany> {
        if !self.instances.iter().any(|(known, known_id)| *known == pk && known_id.get() == id.get()) {
            self.check_room()?;
            self.instances.push((pk, id.to_owned()));
        }
        Ok(())
    }

    /// Ends the subscription `id`, or every one to this row.
    pub(super) fn unsubscribe_instance(&mut self, pk: i64, id: Option<&RawValue>) {
        self.instances.retain(|(known, known_id)| *known != pk || id.is_some_and(|id| id.get() != known_id.get()));
    }

    /// Sent again with the same id, it takes the other's place.
    pub(super) fn subscribe_changes(&mut self, id: &RawValue, filter: Filter) -> Result<(), TooMany> {
        self.unsubscribe_changes(id);
        self.check_room()?;
        self.changes.push((id.to_owned(), filter));
        Ok(())
    }

    fn check_room(&self) -> Result<(), TooMany> {
        if self.instances.len() + self.changes.len() < MOST { Ok(()) } else { Err(TooMany) }
    }

    pub(super) fn unsubscribe_changes(&mut self, id: &RawValue) {
        self.changes.retain(|(known, _)| known.get() != id.get());
    }

    /// The frames that `event` is to these subscriptions.
    pub(super) fn frames(&self, event: &Event) -> Vec<Box<RawValue>> {
        let to_instances = self
            .instances
            .iter()
            .filter(|(pk, _)| *pk == event.change.patient.id)
            .filter_map(|(_, id)| instance_push(event, id));
        let to_changes = self.changes.iter().filter_map(|(id, filter)| {
            let (action, left) = match filter.sees(&event.change)? {
                Seen::Enters => (Action::Create, false),
                Seen::Changes => (Action::Update, false),
                Seen::Leaves => (Action::Delete, true),
                Seen::Deleted => (Action::Delete, false),
            };
            Some(event.push(action, Some(id), left))
        });
        to_instances.chain(to_changes).collect()
    }
}

/// `None` for a create: nobody can have subscribed to a row that was not there.
fn instance_push(event: &Event, request_id: &RawValue) -> Option<Box<RawValue>> {
    let patient = &event.change.patient;
    let (data, action, response_status) = match event.change.action {
        Action::Create => return None,
        Action::Update => (InstanceData::Row(patient), "update", 200),
        Action::Delete => (InstanceData::Gone { pk: patient.id }, "delete", 204),
    };
    Some(encode(&InstancePush { errors: [], data, action, response_status, request_id }))
}
