//! Who is at the other end.

use serde::{Deserialize, Serialize};

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The account's name.
    pub name: String,
    /// What the account may do.
    pub role: Role,
}

/// What an account may do; each may also do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// Write patients.
    Clinician,
    /// Manage accounts.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Clinician, Self::Admin];

    /// As written in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Clinician => "clinician",
            Self::Admin => "admin",
        }
    }

    /// Whether patients may be written.
    pub fn may_write(self) -> bool {
        self >= Self::Clinician
    }
}
