//! The WebSocket: one task per connection, from the upgrade to the close frame.

mod connection;
mod dispatch;
mod requester;
mod subscriptions;
mod upgrade;

pub(crate) use self::upgrade::{bare, multiplexed};
