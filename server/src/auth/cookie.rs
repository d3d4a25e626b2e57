//! Where a request carries its credential, and whether a browser sent it from our own pages.

use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::Secret;
use crate::config::PublicOrigin;

/// The cookie's name. Behind TLS it has the prefix that lets browsers take it from this host over TLS only.
fn name(origin: Option<&PublicOrigin>) -> &'static str {
    if origin.is_some_and(PublicOrigin::is_https) { "__Host-wardwatch" } else { "wardwatch" }
}

/// The cookie of a new session.
pub(crate) fn session_cookie(secret: &Secret, origin: Option<&PublicOrigin>) -> Cookie<'static> {
    Cookie::build((name(origin), secret.reveal().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(origin.is_some_and(PublicOrigin::is_https))
        .build()
}

/// What takes the session's cookie away.
pub(crate) fn signed_out_cookie(origin: Option<&PublicOrigin>) -> Cookie<'static> {
    let mut cookie = session_cookie(&Secret::presented(""), origin);
    cookie.make_removal();
    cookie
}

/// How a request says who it is from.
pub(crate) enum Presented {
    /// A browser's session: only good for requests from our own pages.
    Cookie(Secret),
    /// A program's token.
    Header(Secret),
}

/// `Authorization: Token KEY` or `Bearer KEY`, else the session's cookie.
pub(crate) fn from_headers(headers: &HeaderMap, origin: Option<&PublicOrigin>) -> Option<Presented> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
        return known.then(|| Presented::Header(Secret::presented(key.trim())));
    }
    let jar = CookieJar::from_headers(headers);
    jar.get(name(origin)).map(|cookie| Presented::Cookie(Secret::presented(cookie.value())))
}

/// Whether a browser sent this from a page of ours. A missing `Origin` is no browser's doing: they send it with every
/// WebSocket and every POST.
pub(crate) fn same_origin(headers: &HeaderMap, public: Option<&PublicOrigin>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if let Some(public) = public {
        return public.as_str() == origin;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin_host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some() && origin_host == host
}
