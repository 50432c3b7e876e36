//! Which requests are allowed. Pages of other origins must not read the workspace: neither under a name
//! that their owner lets point to this machine (DNS rebinding), nor by a request that a browser sends for
//! them. On an address that other machines can reach, a token is required.

use std::net::IpAddr;

use crate::http::{Method, Request, Response, Status};

/// The cookie with the token.
const COOKIE: &str = "protea-token";

/// The rules.
#[derive(Clone, Debug)]
pub struct Access {
    /// The token, if one is needed.
    token: Option<String>,
    /// Allowed names in the `Host` header, besides addresses and `localhost`.
    names: Vec<String>,
}

impl Access {
    pub fn new(token: Option<String>, names: Vec<String>) -> Self {
        Self { token, names }
    }

    /// The answer to a request that is refused, or that brings its token in the address.
    pub fn check(&self, request: &Request) -> Result<(), Response> {
        if request.method == Method::Other {
            let refusal = Response::message(
                Status::MethodNotAllowed,
                "This server changes nothing: only GET and HEAD are allowed.",
            );
            return Err(refusal.with_header("Allow", "GET, HEAD".to_owned()));
        }
        let host = request.header("host").unwrap_or_default();
        if !self.is_own(host) {
            return Err(Response::message(
                Status::Forbidden,
                "The Host header is not an address of this server. If you use another name for it, give that with --host-name.",
            ));
        }
        // Another port of this machine is the same site, and not the same origin. Programs other than
        // browsers do not send the header.
        let is_foreign = match request.header("sec-fetch-site") {
            None => false,
            Some(site) => !["same-origin", "none"].contains(&site),
        };
        if is_foreign && request.header("sec-fetch-mode") != Some("navigate") {
            return Err(Response::message(
                Status::Forbidden,
                "Pages of other sites may not ask this server.",
            ));
        }
        let Some(token) = &self.token else {
            return Ok(());
        };
        if request
            .value("token")
            .is_some_and(|given| equal(given, token))
        {
            let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
            // The token must not stay in the address, where histories and screenshots have it. Two
            // slashes would be the address of another server.
            let path = format!("/{}", request.path.trim_start_matches(['/', '\\']));
            return Err(Response::message(Status::SeeOther, "")
                .with_header("Set-Cookie", cookie)
                .with_header("Location", path));
        }
        let bearer = request.header("authorization");
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let cookie = cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value);
        if [bearer, cookie]
            .into_iter()
            .flatten()
            .any(|given| equal(given, token))
        {
            return Ok(());
        }
        Err(Response::message(
            Status::Unauthorized,
            "This server needs a token. Open the address that `protea serve` printed.",
        )
        .with_header("WWW-Authenticate", "Bearer".to_owned()))
    }

    /// Whether a `Host` header is `localhost`, an address or one of the names. Any port is allowed, because
    /// a tunnel has a port of its own.
    fn is_own(&self, host: &str) -> bool {
        let without_port = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(address, _)| address),
            None => Some(host.rsplit_once(':').map_or(host, |(name, _)| name)),
        };
        let Some(name) = without_port else {
            return false;
        };
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// Compares two strings in a time that does not depend on where they differ.
fn equal(given: &str, token: &str) -> bool {
    given.len() == token.len()
        && given
            .bytes()
            .zip(token.bytes())
            .fold(0, |differences, (a, b)| differences | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_own_names_are_hosts() {
        let access = Access::new(None, vec!["box.lab".to_owned()]);
        for own in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:1",
            "[::1]:8000",
            "10.0.0.7",
            "box.lab:8000",
        ] {
            assert!(access.is_own(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example:8000",
            "127.0.0.1.evil.example",
            "[::1",
            "evil@localhost",
        ] {
            assert!(!access.is_own(foreign), "{foreign}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(equal("abc", "abc"));
        assert!(!equal("ab", "abc") && !equal("abd", "abc") && !equal("", "abc"));
    }
}
