use app::wire::{Role, UserInfo};

/// Somebody who is signed in, as the database knew them a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The session or token behind it.
    pub(crate) credential_id: i64,
    pub(crate) account_id: i64,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// A token: no person, but a program of theirs.
    pub(crate) is_token: bool,
    /// The password has to be replaced before anything else.
    pub(crate) must_change_password: bool,
}

impl Principal {
    pub(crate) fn info(&self) -> UserInfo {
        UserInfo { name: self.name.clone(), role: self.role }
    }
}
