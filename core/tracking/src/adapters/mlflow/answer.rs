//! What may come of a request.

use std::io;

use serde_json::Value;
use ureq::{
    Body, Timeout,
    http::{Response, header},
};

use super::{auth, refused, unavailable, unusable};
use crate::TrackerError;

/// Why a request got no good answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No server is there.
    Absent(String),
    /// There is one, but an answer did not come, or not whole.
    NoAnswer(String),
    /// The connection cannot be trusted.
    Tls(String),
    /// What answers speaks something else.
    NotMlflow(String),
    /// The server says no.
    Status {
        /// The HTTP status.
        status: u16,
        /// MLflow's own code, such as `RESOURCE_DOES_NOT_EXIST`; none where it was not MLflow that
        /// said no.
        code: Option<String>,
        /// What it said, shortened.
        message: String,
    },
}

/// No answer that is asked for here is longer, in bytes.
const LONGEST_ANSWER: u64 = 64 << 20;
/// What is shown of a server's message, in characters.
const LONGEST_MESSAGE: usize = 500;
const NO_ADDRESS: &str = "failed to lookup address information";

/// The JSON object that was answered.
pub(super) fn object(result: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
    let body = good(result)?;
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    json.filter(Value::is_object).ok_or_else(|| other(&body))
}

/// That a file was taken: the answer is empty, or an object.
pub(super) fn taken(result: Result<Response<Body>, ureq::Error>) -> Result<(), Failure> {
    let body = good(result)?;
    match body.trim_ascii_start() {
        [] | [b'{', ..] => Ok(()),
        _ => Err(other(&body)),
    }
}

fn other(body: &[u8]) -> Failure {
    let start = String::from_utf8_lossy(&body[..body.len().min(LONGEST_MESSAGE)]);
    Failure::NotMlflow(format!("it answers with {:?}", shorten(&start, 60)))
}

fn good(result: Result<Response<Body>, ureq::Error>) -> Result<Vec<u8>, Failure> {
    let mut response = result.map_err(failure)?;
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(LONGEST_ANSWER)
        .read_to_vec()
        .map_err(failure)?;
    if status.is_success() {
        return Ok(body);
    }
    if status.is_redirection() {
        let to = response.headers().get(header::LOCATION);
        let to = to.and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        let message = format!("it redirects to {}", without_secrets(to));
        let status = status.as_u16();
        return Err(Failure::Status {
            status,
            code: None,
            message,
        });
    }
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let text = |name: &str| Some(json.as_ref()?.get(name)?.as_str()?.to_owned());
    Err(Failure::Status {
        status: status.as_u16(),
        code: text("error_code"),
        message: match text("message") {
            Some(message) => shorten(&message, LONGEST_MESSAGE),
            None => shorten(&String::from_utf8_lossy(&body), 60),
        },
    })
}

fn failure(error: ureq::Error) -> Failure {
    let text = error.to_string();
    match error {
        ureq::Error::HostNotFound => Failure::Absent("its host is not known".to_owned()),
        ureq::Error::ConnectionFailed => Failure::Absent("no connection can be made".to_owned()),
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Failure::Absent("no connection can be made in time".to_owned())
        }
        ureq::Error::Timeout(_) => Failure::NoAnswer("no answer in time".to_owned()),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Failure::Absent(error.to_string()),
            // What the handshake of a connection says.
            io::ErrorKind::InvalidData => Failure::Tls(text),
            // The standard library has no kind for it, and begins its message so.
            _ if text.contains(NO_ADDRESS) => Failure::Absent("its host is not known".to_owned()),
            _ => Failure::NoAnswer(error.to_string()),
        },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => Failure::Tls(text),
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
            Failure::NotMlflow(format!("its answer is not HTTP as expected: {text}"))
        }
        ureq::Error::BodyExceedsLimit(_) => {
            Failure::NotMlflow(format!("its answer is longer than {LONGEST_ANSWER} bytes"))
        }
        _ => Failure::NoAnswer(text),
    }
}

impl Failure {
    /// Whether it is MLflow that says this.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Status { code: Some(code), .. } if code == wanted)
    }

    /// Whether the server has no such call.
    pub(super) fn is_no_such_call(&self) -> bool {
        self.is("ENDPOINT_NOT_FOUND")
            || matches!(
                self,
                Self::Status {
                    status: 404 | 405 | 501,
                    code: None,
                    ..
                }
            )
    }

    /// What it means for somebody who gave the server `what`.
    pub(super) fn of(self, what: &str) -> TrackerError {
        match self {
            Self::Absent(reason) | Self::NoAnswer(reason) | Self::Tls(reason) => {
                unavailable(reason)
            }
            // It may be what stands in front of the server, while that is away.
            Self::NotMlflow(reason) => unavailable(format!("not MLflow's answer: {reason}")),
            Self::Status {
                status: 401 | 403,
                message,
                ..
            } => unusable(
                &format!("the server refuses access: {message}"),
                auth::REMEDY,
            ),
            Self::Status {
                status: 300..=399,
                message,
                ..
            } => unusable(
                &format!("the server is elsewhere: {message}"),
                "set MLFLOW_TRACKING_URI to the address that it redirects to, if you trust it",
            ),
            Self::Status {
                status: status @ (408 | 429 | 500..),
                message,
                ..
            } => unavailable(format!("status {status}: {message}")),
            Self::Status {
                status: status @ (404 | 405),
                code: None,
                message,
            } => unavailable(format!("not MLflow's answer: status {status}: {message}")),
            Self::Status {
                status,
                code,
                message,
            } => {
                let code = code.unwrap_or_else(|| format!("status {status}"));
                refused(what, format!("{code}: {message}"))
            }
        }
    }

    /// For `map_err`.
    pub(super) fn on(what: &str) -> impl FnOnce(Self) -> TrackerError {
        move |failure| failure.of(what)
    }
}

/// An answer that lacks what every MLflow server puts there.
pub(super) fn garbled(call: &str, lacks: &str) -> TrackerError {
    unavailable(format!(
        "not MLflow's answer: that of `{call}` has no `{lacks}`"
    ))
}

/// An address without a user's name and password, and without what stands after `?` and `#`.
fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let place = match address.split_once("://") {
        Some((scheme, rest)) => {
            let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let place = place.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{place}{path}")
        }
        None => address.to_owned(),
    };
    shorten(&place, 200)
}

fn shorten(text: &str, most: usize) -> String {
    let text = text.trim();
    let line: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        line + "…"
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        let shown = without_secrets("https://me:s3cret@host/path?token=s3cret");
        assert_eq!(shown, "https://host/path");
        assert_eq!(without_secrets("/login?next=s3cret"), "/login");
    }

    #[test]
    fn what_can_be_sent_later_is_told_from_what_never_can() {
        let status = |status, code: Option<&str>| {
            let code = code.map(str::to_owned);
            let message = "m".to_owned();
            Failure::Status {
                status,
                code,
                message,
            }
            .of("x")
        };
        for code in [408, 429, 500, 502, 503, 504, 404] {
            assert!(status(code, None).is_temporary(), "{code}");
        }
        for (code, name) in [
            (400, None),
            (413, None),
            (404, Some("RESOURCE_DOES_NOT_EXIST")),
        ] {
            assert!(
                matches!(status(code, name), TrackerError::Refused { .. }),
                "{code}"
            );
        }
        for code in [401, 403, 302] {
            assert!(
                matches!(status(code, None), TrackerError::TrackerInit { .. }),
                "{code}"
            );
        }
    }
}
