//! Who asks over a socket: looked up anew for each request, since a role or a session may have ended meanwhile.

use crate::{
    auth::{AccountError, Principal},
    state::AppState,
};

pub(super) struct Requester {
    credential_id: i64,
    account_id: i64,
}

impl Requester {
    pub(super) fn new(principal: &Principal) -> Self {
        Self { credential_id: principal.credential_id, account_id: principal.account_id }
    }

    /// `None` once the login has ended.
    pub(super) async fn now(&self, state: &AppState) -> Result<Option<Principal>, AccountError> {
        state.accounts.refresh(self.credential_id).await
    }

    /// How long to wait when this is one request too many.
    pub(super) fn throttle(&self, state: &AppState) -> Result<(), std::time::Duration> {
        state.requests.check(&self.account_id)
    }
}
