//! The WebSocket: one task per connection, from the upgrade to the close frame.

mod connection;
mod dispatch;
mod peer;
mod requester;
mod subscriptions;
mod sync;
mod upgrade;

pub(crate) use self::upgrade::{bare, multiplexed};
