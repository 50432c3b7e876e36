//! Credentials for the server.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use protea_text::Secret;
use ureq::http::HeaderValue;

use super::unusable;
use crate::TrackerError;

/// Credentials as an HTTP header. They are never printed.
#[derive(Clone)]
pub(super) struct Credentials {
    scheme: &'static str,
    header: HeaderValue,
}

impl Credentials {
    /// A user name and a password.
    pub(super) fn basic(user: &str, password: &str) -> Result<Self, TrackerError> {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self::new("Basic", &pair)
    }

    /// A token.
    pub(super) fn bearer(token: &str) -> Result<Self, TrackerError> {
        Self::new("Bearer", token)
    }

    /// The credentials in the environment, by the rules of MLflow's own client: a user name with a
    /// password takes precedence over a token.
    pub(super) fn from_env(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TrackerError> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (read(USERNAME), read(PASSWORD), read(TOKEN)) {
            (Some(user), Some(password), _) => Self::basic(&user, &password).map(Some),
            (_, _, Some(token)) => Self::bearer(&token).map(Some),
            (Some(_), None, None) => Err(incomplete(USERNAME, PASSWORD)),
            (None, Some(_), None) => Err(incomplete(PASSWORD, USERNAME)),
            (None, None, None) => Ok(None),
        }
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// What must not be in a message, also if the server quotes it.
    pub(super) fn secret(&self) -> Secret {
        Secret::new(String::from_utf8_lossy(self.header.as_bytes()))
    }

    fn new(scheme: &'static str, secret: &str) -> Result<Self, TrackerError> {
        let value = HeaderValue::from_str(&format!("{scheme} {secret}"));
        let mut header = value.map_err(|_| {
            unusable(
                "the token contains characters that are not allowed in an HTTP header, such as a \
                 line break",
                &format!("set {TOKEN} to the token alone"),
            )
        })?;
        header.set_sensitive(true);
        Ok(Self { scheme, header })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} …", self.scheme)
    }
}

const USERNAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";

/// The remedy if the server refuses access.
pub(super) const REMEDY: &str = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or \
                                 MLFLOW_TRACKING_TOKEN, and MLFLOW_TRACKING_URI to this server";

fn incomplete(set: &str, missing: &str) -> TrackerError {
    unusable(
        &format!("{set} is set but {missing} is not"),
        &format!("set both, or {TOKEN}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<Credentials>, TrackerError> {
        Credentials::from_env(&|name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn header(set: &[(&str, &str)]) -> String {
        let credentials = read(set).unwrap().unwrap();
        credentials.header().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_password_takes_precedence_over_a_token() {
        let user = [(USERNAME, "me"), (PASSWORD, "päss:word")];
        let both = [user[0], user[1], (TOKEN, "t0ken")];
        assert_eq!(header(&user), "Basic bWU6cMOkc3M6d29yZA==");
        assert_eq!(header(&both), header(&user));
        assert_eq!(header(&[(TOKEN, "t0ken")]), "Bearer t0ken");
        assert_eq!(header(&[user[0], (TOKEN, "t0ken")]), "Bearer t0ken");
        assert!(read(&[(USERNAME, "")]).unwrap().is_none());
    }

    #[test]
    fn a_password_alone_is_an_error_without_secrets() {
        let error = read(&[(PASSWORD, "s3cret")]).unwrap_err().to_string();
        assert!(error.contains("MLFLOW_TRACKING_USERNAME is not"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
        let error = read(&[(TOKEN, "s3cret\n")]).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        let debug = format!("{:?}", Credentials::basic("me", "s3cret").unwrap());
        assert_eq!(debug, "Basic …");
    }
}
