//! Requests to the server.

use std::{fs::File, net::IpAddr, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protea_text::Secret;
use serde_json::Value;
use ureq::{
    Agent, RequestBuilder,
    config::Config,
    http::{HeaderValue, Uri, header},
    typestate::WithBody,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use super::{
    answer::{self, Failure},
    auth::Credentials,
};

/// Sends requests to the REST API of a server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    address: String,
    authorization: Option<HeaderValue>,
    secrets: Vec<Secret>,
    timeout: Duration,
}

/// Settings of a client, apart from the address and the credentials.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Time limit of a request.
    pub(super) timeout: Duration,
    #[cfg(feature = "tls")]
    pub(super) tls: super::tls::Tls,
}

/// Requests at the same time. MLflow's server has four workers by default.
pub(super) const CONNECTIONS: usize = 4;
/// Time limit of a request that a person waits for.
const INTERACTIVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit for each write of an upload, and for reading the answer.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(60);
/// Time limit for the answer to an upload. The server answers after it has copied the file to its
/// own store.
const STORE_TIMEOUT: Duration = Duration::from_secs(600);
/// MLflow's server closes idle connections after five seconds.
const MAX_IDLE_AGE: Duration = Duration::from_secs(4);

const API: &str = "/api/2.0/mlflow/";

impl Client {
    pub(super) fn new(
        address: &str,
        credentials: Option<&Credentials>,
        settings: &Settings,
    ) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could send credentials, or a part of a run, to another server.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT.min(settings.timeout)))
            .timeout_resolve(Some(CONNECT_TIMEOUT.min(settings.timeout)))
            .timeout_global(Some(settings.timeout))
            .max_idle_age(MAX_IDLE_AGE)
            .max_idle_connections_per_host(idle_connections(address))
            .user_agent(concat!("protea/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let config = config.tls_config(settings.tls.config());
        Self {
            agent: Agent::with_parts(
                config.build(),
                DefaultConnector::default(),
                Lookup::default(),
            ),
            address: address.to_owned(),
            authorization: credentials.map(Credentials::header),
            secrets: credentials.map(Credentials::secret).into_iter().collect(),
            timeout: settings.timeout,
        }
    }

    /// The time limit of a request.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A `GET` request, such as `runs/get`.
    pub(super) fn get(&self, call: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        self.get_within(self.timeout, call, query)
    }

    /// A `GET` request that a person waits for.
    pub(super) fn get_interactive(
        &self,
        call: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        self.get_within(INTERACTIVE_TIMEOUT.min(self.timeout), call, query)
    }

    fn get_within(
        &self,
        timeout: Duration,
        call: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let mut url = format!("{}{API}{call}", self.address);
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let request = self.agent.get(&url).config();
        let mut request = request.timeout_global(Some(timeout)).build();
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        answer::object(request.call(), &self.secrets)
    }

    /// A `POST` request, such as `runs/create`.
    pub(super) fn post(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        self.post_bytes(call, body.to_string().as_bytes())
    }

    /// A `POST` request that a person waits for.
    pub(super) fn post_interactive(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{API}{call}", self.address);
        let timeout = INTERACTIVE_TIMEOUT.min(self.timeout);
        let request = self.agent.post(url).config().timeout_global(Some(timeout));
        self.send(request.build(), body.to_string().as_bytes())
    }

    /// A `POST` request with a body that is already encoded as JSON.
    pub(super) fn post_bytes(&self, call: &str, body: &[u8]) -> Result<Value, Failure> {
        self.send(
            self.agent.post(format!("{}{API}{call}", self.address)),
            body,
        )
    }

    /// A `PATCH` request.
    pub(super) fn patch(&self, call: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.patch(format!("{}{API}{call}", self.address));
        self.send(request, body.to_string().as_bytes())
    }

    /// Uploads a file to the server's artefact store, at a path with `/` between its parts.
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
            .timeout_per_write(Some(TRANSFER_TIMEOUT))
            .timeout_recv_response(Some(STORE_TIMEOUT))
            .timeout_recv_body(Some(TRANSFER_TIMEOUT))
            .build();
        answer::accepted(request.send(file), &self.secrets)
    }

    fn send(&self, request: RequestBuilder<WithBody>, body: &[u8]) -> Result<Value, Failure> {
        let request = self
            .authorized(request)
            .header(header::CONTENT_TYPE, "application/json");
        answer::object(request.send(body), &self.secrets)
    }

    fn authorized(&self, request: RequestBuilder<WithBody>) -> RequestBuilder<WithBody> {
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }
}

/// How many connections are kept for further requests.
///
/// None to a server on this machine, where a connection costs less than its reuse: MLflow's server
/// sends the head and the body of an answer in two parts, the second when the first is acknowledged,
/// and Linux delays acknowledgements by 40 ms on a connection on which requests and answers alternate.
fn idle_connections(address: &str) -> usize {
    let uri: Option<Uri> = address.parse().ok();
    let is_local = uri.as_ref().and_then(Uri::host).is_some_and(|host| {
        let number = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || number
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    });
    if is_local { 0 } else { CONNECTIONS }
}

/// Resolves host names. Distinguishes a name that cannot be resolved from a broken connection: both
/// are errors of input and output in ureq, and the standard library has no kind for the first.
#[derive(Debug, Default)]
struct Lookup(DefaultResolver);

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let resolved = self.0.resolve(uri, config, timeout);
        resolved.map_err(|error| match error {
            ureq::Error::Io(_) => ureq::Error::HostNotFound,
            other => other,
        })
    }
}

/// The characters that are percent-encoded in a part of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_to_this_machine_are_not_kept() {
        for (address, idle) in [
            ("http://127.0.0.1:5000", 0),
            ("http://localhost:5000/mlflow", 0),
            ("http://[::1]:5000", 0),
            ("http://localhost.example.org", CONNECTIONS),
            ("https://mlflow.example.org", CONNECTIONS),
            ("http://10.0.0.1:5000", CONNECTIONS),
        ] {
            assert_eq!(idle_connections(address), idle, "{address}");
        }
    }
}
