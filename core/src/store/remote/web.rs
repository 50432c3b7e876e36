//! What a request to a web server carries beside its path: the query and the user of the URI that
//! was given, such as a signature that is valid for a whole directory.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpService, ReqwestConnector,
    },
};
use percent_encoding::percent_decode_str;
use url::Url;

/// The headers that sign in the user of a URI, if it has one.
pub(super) fn headers(uri: &Url) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if uri.username().is_empty() && uri.password().is_none() {
        return headers;
    }
    let mut said: Vec<u8> = percent_decode_str(uri.username()).collect();
    said.push(b':');
    said.extend(percent_decode_str(uri.password().unwrap_or_default()));
    let encoded = STANDARD.encode(said);
    if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {encoded}")) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// Connects as ever, and adds a query to every request.
#[derive(Debug)]
pub(super) struct WithQuery(Secret);

/// A query, which may be a signature.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a query)")
    }
}

impl WithQuery {
    /// The connector for a URI that has a query.
    pub(super) fn of(uri: &Url) -> Option<Self> {
        let query = uri.query().filter(|query| !query.is_empty())?;
        Some(Self(Secret(query.to_owned())))
    }
}

impl HttpConnector for WithQuery {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Asking {
            client: ReqwestConnector::default().connect(options)?,
            query: self.0.clone(),
        }))
    }
}

#[derive(Debug)]
struct Asking {
    client: HttpClient,
    query: Secret,
}

#[async_trait]
impl HttpService for Asking {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let unfit = |error| HttpError::new::<http::Error>(HttpErrorKind::Unknown, error);
        let mut parts = request.uri().clone().into_parts();
        let asked = format!("{}?{}", request.uri().path(), self.query.0);
        let asked =
            http::uri::PathAndQuery::try_from(asked).map_err(|error| unfit(error.into()))?;
        parts.path_and_query = Some(asked);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| unfit(error.into()))?;
        self.client.execute(request).await
    }
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
        let connector = WithQuery::of(&uri).unwrap();
        assert!(!format!("{connector:?}").contains("secret"));
        let plain = Url::parse("https://h/d").unwrap();
        assert!(headers(&plain).is_empty());
        assert!(WithQuery::of(&plain).is_none());
    }
}
