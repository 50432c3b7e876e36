//! Writes an answer with its security headers.

use std::{
    io::{self, Write},
    net::TcpStream,
    sync::Arc,
};

use super::Method;

/// The policy of every page: it may load from this server only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of HTTP")]
pub enum Status {
    Ok,
    SeeOther,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    InternalError,
    Unavailable,
}

impl Status {
    /// The number and its phrase.
    const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::SeeOther => "303 See Other",
            Self::BadRequest => "400 Bad Request",
            Self::Unauthorized => "401 Unauthorized",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::TooLarge => "431 Request Header Fields Too Large",
            Self::InternalError => "500 Internal Server Error",
            Self::Unavailable => "503 Service Unavailable",
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    status: Status,
    content_type: &'static str,
    policy: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Arc<[u8]>,
}

impl Response {
    /// An answer of this type.
    pub fn new(content_type: &'static str, body: impl Into<Arc<[u8]>>) -> Self {
        Self {
            status: Status::Ok,
            content_type,
            policy: POLICY,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::new("application/json", value.to_string().into_bytes())
    }

    /// A message.
    pub fn message(status: Status, text: &str) -> Self {
        let text = format!("{text}\n");
        Self::new("text/plain; charset=utf-8", text.into_bytes()).with_status(status)
    }

    /// Changes the status.
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Adds a header. `value` must have no line break.
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Changes the Content-Security-Policy.
    pub fn with_policy(mut self, policy: &'static str) -> Self {
        self.policy = policy;
        self
    }

    /// Writes the answer.
    ///
    /// # Errors
    ///
    /// If the client is gone or does not read.
    pub fn write(&self, stream: &mut TcpStream, method: Method) -> io::Result<()> {
        let mut head = head(self.status, self.content_type, self.policy);
        head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        for (name, value) in &self.headers {
            debug_assert!(!value.contains(['\r', '\n']));
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if method != Method::Head {
            bytes.extend_from_slice(&self.body);
        }
        stream.write_all(&bytes)?;
        stream.flush()
    }
}

fn head(status: Status, content_type: &str, policy: &str) -> String {
    format!(
        "HTTP/1.1 {}\r\nContent-Type: {content_type}\r\nContent-Security-Policy: {policy}\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n",
        status.line()
    )
}

/// Writes the head of a stream of server-sent events.
///
/// # Errors
///
/// If the client is gone or does not read.
pub fn write_stream_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = head(Status::Ok, "text/event-stream", POLICY);
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())
}
