//! The HTTP transport: adds user and query of the URI (such as a signature for a directory) to
//! every request to a web server, and limits how much of an error response is read.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION, uri::PathAndQuery};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpService, ReqwestConnector,
    },
};
use percent_encoding::percent_decode_str;
use url::Url;

use super::fault;

/// The most bytes that are read of an error response.
const LONGEST_REFUSAL: usize = 64 << 10;

/// The `Authorization` header for the user of a URI, if it has one.
pub(super) fn headers(uri: &Url) -> HeaderMap {
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

/// Adds the query of a web server's URI to every request, and reads only the start of an error
/// response, which `object_store` would read into memory completely.
#[derive(Debug, Default)]
pub(super) struct Transport(Option<Secret>);

/// A query, which can be a signature and is therefore not printed.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a query)")
    }
}

impl Transport {
    /// The transport for the web server of a URI.
    pub(super) fn to_web(uri: &Url) -> Self {
        let query = uri.query().filter(|query| !query.is_empty());
        Self(query.map(|query| Secret(query.to_owned())))
    }
}

impl HttpConnector for Transport {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Service {
            client: ReqwestConnector::default().connect(options)?,
            query: self.0.clone(),
        }))
    }
}

#[derive(Debug)]
struct Service {
    client: HttpClient,
    query: Option<Secret>,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(query) = &self.query {
            add(&mut request, &query.0)
                .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        }
        let answered = self.client.execute(request).await;
        let response = answered.map_err(|error| {
            if fault::is_distrust(&error) {
                // `object_store` would retry it like a connection failure.
                HttpError::new(HttpErrorKind::Unknown, error)
            } else {
                error
            }
        })?;
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
        let transport = Transport::to_web(&uri);
        assert!(!format!("{transport:?}").contains("secret"));
        let plain = Url::parse("https://h/d").unwrap();
        assert!(headers(&plain).is_empty());
        assert!(Transport::to_web(&plain).0.is_none());
    }
}
