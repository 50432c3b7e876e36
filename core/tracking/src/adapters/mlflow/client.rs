//! Requests to the server.

use std::{fs::File, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::{
    Agent, RequestBuilder,
    http::{HeaderValue, header},
    tls::{RootCerts, TlsConfig},
    typestate::WithBody,
};

use super::answer::{self, Failure};

/// A server's REST interface. Connections are used again.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
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

/// What a person waits for at the start of something.
const HURRY: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);
/// How long an artefact's transfer may stand still.
const STALL: Duration = Duration::from_secs(60);
/// A proxied artefact is carried on to its store before the server answers.
const STORED: Duration = Duration::from_secs(600);
/// Servers close idle connections after five seconds.
const IDLE: Duration = Duration::from_secs(4);

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
            timeout: settings.timeout,
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
        answer::object(request.call())
    }

    /// Calls something, such as `runs/create`.
    pub(super) fn post(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        self.post_bytes(call, body.to_string().as_bytes())
    }

    /// Calls something that a person waits for.
    pub(super) fn post_in_a_hurry(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{API}{call}", self.address);
        let within = HURRY.min(self.timeout);
        let request = self.agent.post(url).config().timeout_global(Some(within));
        self.send(request.build(), body.to_string().as_bytes())
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
        answer::taken(request.send(file))
    }

    fn send(&self, request: RequestBuilder<WithBody>, body: &[u8]) -> Result<Value, Failure> {
        let request = self
            .authorized(request)
            .header(header::CONTENT_TYPE, "application/json");
        answer::object(request.send(body))
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
