//! Reads a request within bounds of size and time.

use std::{
    io::{self, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

use url::form_urlencoded;

/// The largest size of the head of a request in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// The largest number of headers of a request.
const MOST_HEADERS: usize = 64;
/// How long a client may take to send a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The content.
    Get,
    /// Only the head of the answer.
    Head,
    /// Any other method. This server refuses it.
    Other,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// The path, still encoded, without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The client sent something else, or more than allowed.
    #[error("{0}")]
    Malformed(&'static str),
    /// The client sent more than allowed.
    #[error("the request is too large")]
    TooLarge,
    /// The connection ended, or the client took too long.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
}

impl Request {
    /// The value of a header. `None` if it is missing or there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The first value of a key of the query.
    pub fn value(&self, key: &str) -> Option<&str> {
        let found = self.query.iter().find(|(other, _)| other == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The parts of the path between slashes, decoded. `None` if a part is not UTF-8.
    pub fn segments(&self) -> Option<Vec<String>> {
        let parts = self.path.strip_prefix('/')?.split('/');
        parts.map(decoded).collect()
    }

    fn parse(head: &[u8]) -> Result<Self, RequestError> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => {
                return Err(RequestError::Malformed("the request is not complete"));
            }
            Err(httparse::Error::TooManyHeaders) => return Err(RequestError::TooLarge),
            Err(_) => return Err(RequestError::Malformed("this is not an HTTP request")),
        }
        let target = parsed.path.unwrap_or_default();
        if !target.starts_with('/') {
            return Err(RequestError::Malformed("the target must be a path"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Self {
            method: match parsed.method.unwrap_or_default() {
                "GET" => Method::Get,
                "HEAD" => Method::Head,
                _ => Method::Other,
            },
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: parsed
                .headers
                .iter()
                .map(|header| {
                    let value = String::from_utf8_lossy(header.value).into_owned();
                    (header.name.to_owned(), value)
                })
                .collect(),
        };
        let has_body =
            request
                .headers
                .iter()
                .any(|(name, value)| match name.to_ascii_lowercase().as_str() {
                    "content-length" => value.trim() != "0",
                    "transfer-encoding" => true,
                    _ => false,
                });
        if has_body && request.method != Method::Other {
            return Err(RequestError::Malformed("a request must not have a body"));
        }
        Ok(request)
    }
}

/// `%41` as `A`. `None` if the result is not UTF-8.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = after.get(..2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

/// Reads a request.
///
/// # Errors
///
/// [`RequestError`].
pub fn read(stream: &mut TcpStream) -> Result<Request, RequestError> {
    let deadline = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut block = [0; 2048];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(&mut block)?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        // The end of the head may lie across two blocks.
        let from = head.len().saturating_sub(3);
        head.extend_from_slice(&block[..read]);
        if let Some(end) = head[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            return Request::parse(&head[..from + end + 4]);
        }
        if head.len() > LONGEST_HEAD {
            return Err(RequestError::TooLarge);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request, RequestError> {
        Request::parse(text.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn a_request_is_taken_apart() {
        let request =
            parse("GET /run/a%2Fb%20c?q=x+y&sort=MFO.fmax HTTP/1.1\nHost: localhost\n\n").unwrap();
        assert_eq!(request.method, Method::Get);
        assert_eq!(request.segments().unwrap(), ["run", "a/b c"]);
        assert_eq!(request.value("q"), Some("x y"));
        assert_eq!(request.header("host"), Some("localhost"));
        let twice = parse("GET / HTTP/1.1\nHost: a\nHost: b\n\n").unwrap();
        assert_eq!(twice.header("host"), None);
        let broken = parse("GET /%zz HTTP/1.1\n\n").unwrap();
        assert_eq!(broken.segments(), None);
    }

    #[test]
    fn what_is_no_request_for_this_server_is_refused() {
        for text in [
            "GET http://evil/ HTTP/1.1\n\n",
            "GET / HTTP/1.1\nContent-Length: 5\n\n",
            "GET / HTTP/1.1\nTransfer-Encoding: chunked\n\n",
            "nonsense\n\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let many = format!("GET / HTTP/1.1\n{}\n", "A: b\n".repeat(MOST_HEADERS + 1));
        assert!(matches!(parse(&many), Err(RequestError::TooLarge)));
        let post = parse("POST / HTTP/1.1\nContent-Length: 5\n\n").unwrap();
        assert_eq!(post.method, Method::Other);
    }
}
