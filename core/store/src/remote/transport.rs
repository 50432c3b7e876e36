//! The HTTP transport: adds user and query of the URI (such as a signature for a directory) to
//! every request to a web server, and limits how much of an error response is read.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION, uri::PathAndQuery};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpService,
    },
};
use percent_encoding::percent_decode_str;
use protea_text::Secret;
use url::Url;

use super::{
    fault,
    redirect::{self, Asked, Redirects},
};

/// The most bytes that are read of an error response.
const LONGEST_REFUSAL: usize = 64 << 10;

/// The `Authorization` header for the user of a URI, if it has one.
fn headers(uri: &Url) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if uri.username().is_empty() && uri.password().is_none() {
        return headers;
    }
    let mut credentials: Vec<u8> = percent_decode_str(uri.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(uri.password().unwrap_or_default()));
    let encoded = STANDARD.encode(credentials);
    if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {encoded}")) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// Sends the requests of `object_store`. Adds the credentials of a web server's URI to requests to
/// that server, handles redirects, and reads only the start of an error response, which
/// `object_store` would read into memory completely.
#[derive(Debug)]
pub(super) struct Transport {
    connection: Connection,
    redirects: Redirects,
    query: Option<Secret>,
    headers: HeaderMap,
}

/// How a connection is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    /// Whether `http://` is allowed.
    pub(super) plain: bool,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
}

impl Transport {
    /// The transport for a store whose requests are signed.
    pub(super) fn signed(connection: Connection) -> Self {
        Self {
            connection,
            redirects: Redirects::Refuse,
            query: None,
            headers: HeaderMap::new(),
        }
    }

    /// The transport for the web server of a URI.
    pub(super) fn to_web(uri: &Url, connection: Connection) -> Self {
        let query = uri.query().filter(|query| !query.is_empty());
        Self {
            connection,
            redirects: Redirects::Follow,
            query: query.map(Secret::new),
            headers: headers(uri),
        }
    }

    /// A client that follows no redirect and sends no `Referer`.
    fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .user_agent(concat!("protea/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .https_only(!self.connection.plain)
            .http1_only()
            .connect_timeout(self.connection.connect_timeout)
            .read_timeout(self.connection.read_timeout)
            // Compression would hide the size of an object.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = self
            .client()
            .map_err(|error| object_store::Error::Generic {
                store: "HTTP",
                source: Box::new(error),
            })?;
        Ok(HttpClient::new(Service {
            client: HttpClient::new(client),
            redirects: self.redirects,
            query: self.query.clone(),
            headers: self.headers.clone(),
        }))
    }
}

#[derive(Debug)]
struct Service {
    client: HttpClient,
    redirects: Redirects,
    query: Option<Secret>,
    headers: HeaderMap,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(query) = &self.query {
            add(&mut request, query.expose()).map_err(unknown)?;
        }
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let mut asked = Asked {
            method: request.method().clone(),
            url: Url::parse(&request.uri().to_string()).map_err(unknown)?,
            headers: request.headers().clone(),
        };
        let mut response = self.execute(request).await?;
        let mut redirects = 0;
        while let Some(next) = asked
            .redirected(&response, self.redirects)
            .map_err(unknown)?
        {
            redirects += 1;
            if redirects > redirect::MAX {
                return Err(unknown(next.too_many()));
            }
            response = self.execute(request_of(&next)?).await?;
            asked = next;
        }
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let mut body = body.bytes_stream();
        let mut text = Vec::new();
        // If the rest cannot be read, the response is an error all the same.
        while let Some(Ok(bytes)) = body.next().await {
            let room = LONGEST_REFUSAL - text.len();
            text.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if text.len() == LONGEST_REFUSAL {
                break;
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(HttpResponse::from_parts(parts, text.into()))
    }
}

impl Service {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answered = self.client.execute(request).await;
        answered.map_err(|error| {
            if fault::is_distrust(&error) {
                // `object_store` would retry it like a connection failure.
                unknown(error)
            } else {
                error
            }
        })
    }
}

/// An error that is not tried again.
fn unknown(error: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, error)
}

fn request_of(asked: &Asked) -> Result<HttpRequest, HttpError> {
    let mut request = http::Request::new(HttpRequestBody::empty());
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = Uri::try_from(asked.url.as_str()).map_err(unknown)?;
    *request.headers_mut() = asked.headers.clone();
    Ok(request)
}

fn add(request: &mut HttpRequest, query: &str) -> Result<(), http::Error> {
    let mut parts = request.uri().clone().into_parts();
    let asked = format!("{}?{query}", request.uri().path());
    parts.path_and_query = Some(PathAndQuery::try_from(asked)?);
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_signs_in_and_a_query_is_not_shown() {
        let uri = Url::parse("https://Aladdin:open%20sesame@h/d?sig=secret").unwrap();
        assert_eq!(
            headers(&uri)[AUTHORIZATION].to_str().unwrap(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        let connection = Connection {
            plain: false,
            connect_timeout: Duration::from_secs(1),
            read_timeout: Duration::from_secs(1),
        };
        let transport = Transport::to_web(&uri, connection);
        let debug = format!("{transport:?}");
        assert!(
            !debug.contains("=secret") && !debug.contains("QWxhZG"),
            "{debug}"
        );
        let plain = Url::parse("https://h/d").unwrap();
        assert!(headers(&plain).is_empty());
        assert!(Transport::to_web(&plain, connection).query.is_none());
    }
}
