//! Who somebody is and what they may do: accounts, sessions of browsers and tokens of programs.

mod accounts;
mod cookie;
mod password;
mod principal;
mod secret;
mod sweep;
mod throttle;

pub use self::{
    accounts::{AccountError, Accounts},
    secret::Secret,
};
pub(crate) use self::{
    accounts::{LONGEST_PASSWORD, SHORTEST_PASSWORD, is_short_enough},
    cookie::{Presented, from_headers, same_origin, session_cookie, signed_out_cookie},
    principal::Principal,
    sweep::{Guard, Sweeper},
    throttle::Throttle,
};
