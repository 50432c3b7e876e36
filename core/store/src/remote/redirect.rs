//! Redirects of a server, followed without giving anything away.
//!
//! A signature, a password or a session token is for the server that the user named. The HTTP client
//! follows no redirect; this module decides.

use std::{error::Error, fmt};

use http::{
    HeaderMap, Method, Response, StatusCode,
    header::{
        ACCEPT, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LOCATION, RANGE,
        USER_AGENT,
    },
};
use url::Url;

/// What happens to a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    /// A web server: followed; another server gets no credentials.
    Follow,
    /// A store whose requests are signed for one server: refused.
    Refuse,
}

/// How many redirects in a row are followed.
pub(super) const MAX: usize = 10;

/// The headers that another server may get: they describe what is wanted.
const HARMLESS: [http::HeaderName; 7] = [
    ACCEPT,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE,
    RANGE,
    USER_AGENT,
];

/// A redirect that is not followed.
#[derive(Debug)]
pub(super) struct Refused {
    /// Where it leads, without user and query.
    to: String,
    reason: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the server redirects to {}, which is not followed: {}",
            self.to, self.reason
        )
    }
}

impl Error for Refused {}

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl Asked {
    /// The request that a redirect asks for; none if the response is no redirect.
    pub(super) fn redirected<T>(
        &self,
        response: &Response<T>,
        redirects: Redirects,
    ) -> Result<Option<Self>, Refused> {
        let is_redirect = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let location = response.headers().get(LOCATION).filter(|_| is_redirect);
        let Some(location) = location else {
            return Ok(None);
        };
        let joined = location.to_str().ok().and_then(|to| self.url.join(to).ok());
        let refused = |reason| Refused {
            to: joined
                .as_ref()
                .map_or_else(|| "an invalid address".to_owned(), shown),
            reason,
        };
        let Some(url) = joined.clone() else {
            return Err(refused("it is not a URL"));
        };
        if redirects == Redirects::Refuse {
            return Err(refused(
                "the request is signed for the server that it was sent to; set the endpoint or the \
                 region of the bucket",
            ));
        }
        if self.method != Method::GET && self.method != Method::HEAD {
            return Err(refused("only requests that read follow a redirect"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("it is not a web address"));
        }
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return Err(refused("the connection would no longer be encrypted"));
        }
        let mut next = Self {
            url,
            ..self.clone()
        };
        if next.url.origin() != self.url.origin() {
            next.headers = self
                .headers
                .iter()
                .filter(|(name, _)| HARMLESS.contains(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
        // A user in the address of a redirect would be sent as a credential.
        let _ = next.url.set_username("");
        let _ = next.url.set_password(None);
        Ok(Some(next))
    }

    /// The error for too many redirects.
    pub(super) fn too_many(&self) -> Refused {
        Refused {
            to: shown(&self.url),
            reason: "there are too many redirects in a row",
        }
    }
}

/// An address without user and query.
fn shown(url: &Url) -> String {
    crate::location::redacted(url)
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, COOKIE, REFERER};

    use super::*;

    fn asked() -> Asked {
        let mut headers = HeaderMap::new();
        for name in [AUTHORIZATION, COOKIE, REFERER, RANGE] {
            headers.insert(name, "secret".parse().unwrap());
        }
        headers.insert("x-amz-security-token", "secret".parse().unwrap());
        Asked {
            method: Method::GET,
            url: Url::parse("https://host/d/a?sig=secret").unwrap(),
            headers,
        }
    }

    fn redirect(to: &str, redirects: Redirects) -> Result<Option<Asked>, Refused> {
        let response = Response::builder().status(307).header(LOCATION, to);
        asked().redirected(&response.body(()).unwrap(), redirects)
    }

    #[test]
    fn another_server_gets_what_is_wanted_and_no_credentials() {
        let next = redirect("https://u:p@cdn/x?own=1", Redirects::Follow);
        let next = next.unwrap().unwrap();
        assert_eq!(next.url.as_str(), "https://cdn/x?own=1");
        let names: Vec<_> = next.headers.keys().collect();
        assert_eq!(names, [RANGE]);
        for same in ["/d/b", "b", "https://host:443/d/b"] {
            let next = redirect(same, Redirects::Follow).unwrap().unwrap();
            assert_eq!(next.url.as_str(), "https://host/d/b");
            assert_eq!(next.headers, asked().headers);
        }
    }

    #[test]
    fn what_is_signed_or_would_be_readable_is_refused() {
        for (to, redirects, words) in [
            (
                "https://host/d/b",
                Redirects::Refuse,
                "is signed for the server",
            ),
            (
                "http://host/d/b",
                Redirects::Follow,
                "no longer be encrypted",
            ),
            ("file:///etc/passwd", Redirects::Follow, "not a web address"),
            (
                "https://u:p@o/a?sig=secret",
                Redirects::Refuse,
                "https://o/a, which",
            ),
        ] {
            let error = redirect(to, redirects).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(
                !error.contains("secret") && !error.contains("u:p"),
                "{error}"
            );
        }
        let unchanged = Response::builder().status(304).header(LOCATION, "http://x");
        let next = asked().redirected(&unchanged.body(()).unwrap(), Redirects::Refuse);
        assert!(next.unwrap().is_none());
    }
}
