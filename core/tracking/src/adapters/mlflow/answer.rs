//! The answers to requests, and what their errors mean.

use std::io;

use protea_text::{Secret, redact};
use serde_json::Value;
use ureq::{
    Body, Timeout,
    http::{Response, header},
};

use super::{auth, refused, unavailable, unusable};
use crate::{TrackerError, truncate::ellipsis};

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No server listens at the address.
    NoServer(String),
    /// There is a server, but its answer did not arrive or is incomplete.
    NoAnswer(String),
    /// The server's certificate is not trusted, or the TLS connection failed otherwise.
    Tls(String),
    /// The answer is not one of MLflow.
    NotMlflow(String),
    /// The server answered with an error.
    Status {
        /// The HTTP status.
        status: u16,
        /// MLflow's own code, such as `RESOURCE_DOES_NOT_EXIST`; none if the answer is not one of
        /// MLflow, such as that of a proxy.
        code: Option<String>,
        /// The server's message, shortened.
        message: String,
    },
}

/// The largest answer to read, in bytes.
const MAX_ANSWER: u64 = 64 << 20;
/// How much of a server's message to print, in characters.
const MAX_MESSAGE: usize = 500;
/// How much of a server's message is searched for credentials, in bytes. The rest is not printed.
const MAX_QUOTED: usize = 64 << 10;

/// The answer, which must be a JSON object.
pub(super) fn object(
    result: Result<Response<Body>, ureq::Error>,
    secrets: &[Secret],
) -> Result<Value, Failure> {
    let body = body(result, secrets)?;
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    json.filter(Value::is_object)
        .ok_or_else(|| not_mlflow(&body, secrets))
}

/// Checks the answer to an upload: it must be empty or a JSON object.
pub(super) fn accepted(
    result: Result<Response<Body>, ureq::Error>,
    secrets: &[Secret],
) -> Result<(), Failure> {
    let body = body(result, secrets)?;
    match body.trim_ascii_start() {
        [] | [b'{', ..] => Ok(()),
        _ => Err(not_mlflow(&body, secrets)),
    }
}

fn not_mlflow(body: &[u8], secrets: &[Secret]) -> Failure {
    Failure::NotMlflow(format!("the answer is {:?}", quoted(body, 60, secrets)))
}

/// What a server says, for a message: without credentials that it may repeat, on one line, at most
/// `limit` characters of it.
fn quoted(text: &[u8], limit: usize, secrets: &[Secret]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(MAX_QUOTED)]);
    single_line(&redact(&text, secrets), limit)
}

/// The body of an answer without an error status.
fn body(
    result: Result<Response<Body>, ureq::Error>,
    secrets: &[Secret],
) -> Result<Vec<u8>, Failure> {
    let mut response = result.map_err(failure)?;
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .read_to_vec()
        .map_err(failure)?;
    if status.is_success() {
        return Ok(body);
    }
    if status.is_redirection() {
        let to = response.headers().get(header::LOCATION);
        let to = to
            .and_then(|to| to.to_str().ok())
            .unwrap_or("an unknown address");
        let to = quoted(without_query(to).as_bytes(), 200, secrets);
        let message = format!("to {to}");
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
        code: text("error_code").map(|code| quoted(code.as_bytes(), 100, secrets)),
        message: match text("message") {
            Some(message) => quoted(message.as_bytes(), MAX_MESSAGE, secrets),
            None => quoted(&body, 60, secrets),
        },
    })
}

fn failure(error: ureq::Error) -> Failure {
    let text = error.to_string();
    match error {
        ureq::Error::HostNotFound => {
            Failure::NoServer("the host name cannot be resolved".to_owned())
        }
        ureq::Error::ConnectionFailed => Failure::NoServer("the connection failed".to_owned()),
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Failure::NoServer("the connection timed out".to_owned())
        }
        ureq::Error::Timeout(_) => Failure::NoAnswer("the answer timed out".to_owned()),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Failure::NoServer(error.to_string()),
            // rustls reports errors of the handshake like this.
            io::ErrorKind::InvalidData => Failure::Tls(text),
            _ => Failure::NoAnswer(error.to_string()),
        },
        ureq::Error::Tls(_) => Failure::Tls(text),
        #[cfg(feature = "tls")]
        ureq::Error::Rustls(_) | ureq::Error::Pem(_) => Failure::Tls(text),
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
            Failure::NotMlflow(format!("the answer is not valid HTTP: {text}"))
        }
        ureq::Error::BodyExceedsLimit(_) => {
            Failure::NotMlflow(format!("the answer is longer than {MAX_ANSWER} bytes"))
        }
        _ => Failure::NoAnswer(text),
    }
}

impl Failure {
    /// Whether this is MLflow's error with this code.
    pub(super) fn has_code(&self, expected: &str) -> bool {
        matches!(self, Self::Status { code: Some(code), .. } if code == expected)
    }

    /// Whether the server does not have this endpoint.
    pub(super) fn is_no_such_endpoint(&self) -> bool {
        self.has_code("ENDPOINT_NOT_FOUND")
            || matches!(
                self,
                Self::Status {
                    status: 404 | 405 | 501,
                    code: None,
                    ..
                }
            )
    }

    /// The error for a caller that sent `what`.
    pub(super) fn into_error(self, what: &str) -> TrackerError {
        match self {
            Self::NoServer(reason) | Self::NoAnswer(reason) | Self::Tls(reason) => {
                unavailable(reason)
            }
            // It can be a proxy in front of a server that is down.
            Self::NotMlflow(reason) => unavailable(not_an_answer(&reason)),
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
                &format!("the server redirects: {message}"),
                "set MLFLOW_TRACKING_URI to that address if you trust it",
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
            } => unavailable(not_an_answer(&format!("status {status}: {message}"))),
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

    /// For `map_err`: sending `what` failed.
    pub(super) fn on(what: &str) -> impl FnOnce(Self) -> TrackerError {
        move |failure| failure.into_error(what)
    }
}

/// The error for an answer without a field that every MLflow server sends.
pub(super) fn missing_field(endpoint: &str, field: &str) -> TrackerError {
    unavailable(not_an_answer(&format!("`{endpoint}` has no `{field}`")))
}

fn not_an_answer(reason: &str) -> String {
    format!("this is not an answer of MLflow: {reason}")
}

/// An address without query and fragment.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// The text in one line, at most `limit` characters of it.
fn single_line(text: &str, limit: usize) -> String {
    let line = text.trim().replace(protea_text::escape::is_unsafe, " ");
    ellipsis(&line, limit).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_quoted_without_secrets() {
        let address = without_query("https://me:s3cret@host/path?token=s3cret");
        assert_eq!(quoted(address.as_bytes(), 200, &[]), "https://host/path");
        assert_eq!(without_query("/login?next=s3cret"), "/login");
        let known = [Secret::new("Basic bWU6czNjcmV0")];
        let body = b"bWU6czNjcmV0\nor s3cret";
        assert_eq!(quoted(body, 200, &known), "*** or ***");
    }

    #[test]
    fn temporary_errors_are_distinguished() {
        let status = |status, code: Option<&str>| {
            let code = code.map(str::to_owned);
            let message = "m".to_owned();
            Failure::Status {
                status,
                code,
                message,
            }
            .into_error("x")
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
