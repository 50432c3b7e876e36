//! Requests to the server, and what may come of them.

use std::{fs::File, io, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::{
    Agent, Body, RequestBuilder, Timeout,
    http::{HeaderValue, Response, StatusCode, header},
    tls::{RootCerts, TlsConfig},
    typestate::WithBody,
};

use super::{auth, refused, unavailable, unusable};
use crate::TrackerError;

/// A server's REST interface. Connections are used again.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    authorization: Option<HeaderValue>,
}

/// What a client is made of, beside the address and the credentials.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// How long an answer may take.
    pub(super) timeout: Duration,
    /// Whether a server may prove itself with any certificate.
    pub(super) insecure_tls: bool,
    /// The certificates that a server's must go back to; none for those of public authorities.
    pub(super) authorities: Option<RootCerts>,
}

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

const CONNECT: Duration = Duration::from_secs(3);
/// How long an artefact's transfer may stand still.
const STALL: Duration = Duration::from_secs(60);
/// A proxied artefact is carried on to its store before the server answers.
const STORED: Duration = Duration::from_secs(600);
/// Servers close idle connections after five seconds.
const IDLE: Duration = Duration::from_secs(4);
/// No answer that is asked for here is longer, in bytes.
const LONGEST_ANSWER: u64 = 64 << 20;
/// What is shown of a server's message, in characters.
const LONGEST_MESSAGE: usize = 500;

const NO_ADDRESS: &str = "failed to lookup address information";
const API: &str = "/api/2.0/mlflow/";

impl Client {
    pub(super) fn new(
        address: &str,
        authorization: Option<HeaderValue>,
        settings: &Settings,
    ) -> Self {
        let mut tls = TlsConfig::builder().disable_verification(settings.insecure_tls);
        if let Some(authorities) = &settings.authorities {
            tls = tls.root_certs(authorities.clone());
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could carry credentials, or half a run, elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT.min(settings.timeout)))
            .timeout_resolve(Some(CONNECT.min(settings.timeout)))
            .timeout_global(Some(settings.timeout))
            .max_idle_age(IDLE)
            .user_agent(concat!("protea/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        Self {
            agent: config.new_agent(),
            address: address.to_owned(),
            authorization,
        }
    }

    /// Asks for something, such as `runs/get`.
    pub(super) fn get(&self, call: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut url = format!("{}{API}{call}", self.address);
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let mut request = self.agent.get(&url);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        answer(request.call())
    }

    /// Calls something, such as `runs/create`.
    pub(super) fn post(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        self.post_bytes(call, body.to_string().as_bytes())
    }

    /// Calls something with a body that is JSON already.
    pub(super) fn post_bytes(&self, call: &str, body: &[u8]) -> Result<Value, Failure> {
        self.send(
            self.agent.post(format!("{}{API}{call}", self.address)),
            body,
        )
    }

    /// Changes something.
    pub(super) fn patch(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.patch(format!("{}{API}{call}", self.address));
        self.send(request, body.to_string().as_bytes())
    }

    /// Puts a file where the server keeps artefacts, at a path of parts with `/` between them.
    pub(super) fn put_file(&self, path: &str, file: &File) -> Result<(), Failure> {
        let path: Vec<String> = path
            .split('/')
            .map(|part| utf8_percent_encode(part, SEGMENT).to_string())
            .collect();
        let path = path.join("/");
        let url = format!("{}/api/2.0/mlflow-artifacts/artifacts/{path}", self.address);
        let request = self
            .authorized(self.agent.put(url))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .config()
            .timeout_global(None)
            .timeout_per_write(Some(STALL))
            .timeout_recv_response(Some(STORED))
            .timeout_recv_body(Some(STALL))
            .build();
        answer(request.send(file)).map(drop)
    }

    fn send(&self, request: RequestBuilder<WithBody>, body: &[u8]) -> Result<Value, Failure> {
        let request = self
            .authorized(request)
            .header(header::CONTENT_TYPE, "application/json");
        answer(request.send(body))
    }

    fn authorized(&self, request: RequestBuilder<WithBody>) -> RequestBuilder<WithBody> {
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }
}

/// What a part of a path may hold as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn answer(result: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
    let mut response = result.map_err(failure)?;
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(LONGEST_ANSWER)
        .read_to_vec()
        .map_err(failure)?;
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    if status == StatusCode::OK {
        // What a file's place answers with once it has the file.
        if body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        return json.filter(Value::is_object).ok_or_else(|| {
            let start = String::from_utf8_lossy(&body[..body.len().min(LONGEST_MESSAGE)]);
            Failure::NotMlflow(format!("it answers with {:?}", shorten(&start, 60)))
        });
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
