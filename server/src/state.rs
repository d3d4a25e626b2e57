//! What every request can reach.

use std::sync::Arc;

use app::patient::display::Zone;
use leptos::config::LeptosOptions;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    asides::Asides,
    auth::{Accounts, Sweeper, Throttle},
    config::{PublicOrigin, ServeArgs},
    feed::Feed,
    pages::Turns,
    store::Store,
};

/// Shared by all requests and sockets; clones are handles to the same.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) accounts: Accounts,
    pub(crate) feed: Feed,
    /// What sockets are told beside the log.
    pub(crate) asides: Asides,
    pub(crate) sweeper: Sweeper,
    /// By account: what its sockets may ask for.
    pub(crate) requests: Throttle<i64>,
    /// By name and address: tries of passwords.
    pub(crate) sign_ins: Throttle<(String, std::net::IpAddr)>,
    /// Of pages that hold still.
    pub(crate) turns: Turns,
    /// Of the list's own page: a ward that comes back all at once is served a few at a time.
    pub(crate) list_turns: Turns,
    pub(crate) origin: Option<PublicOrigin>,
    pub(crate) session_seconds: i64,
    pub(crate) outbox_bytes: usize,
    /// Changes that a client may have missed and still go on where it is.
    pub(crate) resume_window: i64,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) leptos: LeptosOptions,
    /// Sockets outlive the requests that opened them: this one knows when all have ended.
    pub(crate) sockets: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl AppState {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The hospital's time, for the years around now.
    pub(crate) fn zone(&self) -> Zone {
        crate::zone::around_now(&self.time_zone)
    }
}

impl std::ops::Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What a configuration says about limits.
pub(crate) fn throttles(args: &ServeArgs) -> (Throttle<i64>, Throttle<(String, std::net::IpAddr)>) {
    let per_second = args.requests_per_second;
    let burst = per_second.saturating_mul(std::num::NonZeroU32::MIN.saturating_add(9));
    let requests = Throttle::new(burst, std::time::Duration::from_secs(1) / per_second.get());
    // Ten slips, then one try every six seconds: no use for guessing, no lock-out for the owner.
    let sign_ins = Throttle::new(std::num::NonZeroU32::MIN.saturating_add(9), std::time::Duration::from_secs(6));
    (requests, sign_ins)
}
