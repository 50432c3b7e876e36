//! Who asks.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use ureq::http::HeaderValue;

use super::unusable;
use crate::TrackerError;

/// What proves to the server who asks. It is never shown.
#[derive(Clone)]
pub(super) struct Credentials {
    scheme: &'static str,
    header: HeaderValue,
}

impl Credentials {
    /// A user's name and password.
    pub(super) fn basic(user: &str, password: &str) -> Result<Self, TrackerError> {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self::new("Basic", &pair)
    }

    /// A token.
    pub(super) fn bearer(token: &str) -> Result<Self, TrackerError> {
        Self::new("Bearer", token)
    }

    /// What the environment holds, as MLflow's own client reads it: name and password win over
    /// a token.
    pub(super) fn from_environment(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TrackerError> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (read(USERNAME), read(PASSWORD), read(TOKEN)) {
            (Some(user), Some(password), _) => Self::basic(&user, &password).map(Some),
            (_, _, Some(token)) => Self::bearer(&token).map(Some),
            (Some(_), None, None) => Err(half(USERNAME, PASSWORD)),
            (None, Some(_), None) => Err(half(PASSWORD, USERNAME)),
            (None, None, None) => Ok(None),
        }
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    fn new(scheme: &'static str, secret: &str) -> Result<Self, TrackerError> {
        let value = HeaderValue::from_str(&format!("{scheme} {secret}"));
        let mut header = value.map_err(|_| {
            unusable(
                "the token has characters that no header can carry, such as a line break",
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

/// What to do where the server does not know who asks.
pub(super) const REMEDY: &str = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or \
                                 MLFLOW_TRACKING_TOKEN, and MLFLOW_TRACKING_URI to this server";

fn half(set: &str, missing: &str) -> TrackerError {
    unusable(
        &format!("{set} is set but {missing} is not"),
        &format!("set both, or {TOKEN}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<Credentials>, TrackerError> {
        Credentials::from_environment(&|name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn header(set: &[(&str, &str)]) -> String {
        let credentials = read(set).unwrap().unwrap();
        credentials.header().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_password_wins_over_a_token() {
        let user = [(USERNAME, "me"), (PASSWORD, "päss:word")];
        let both = [user[0], user[1], (TOKEN, "t0ken")];
        assert_eq!(header(&user), "Basic bWU6cMOkc3M6d29yZA==");
        assert_eq!(header(&both), header(&user));
        assert_eq!(header(&[(TOKEN, "t0ken")]), "Bearer t0ken");
        assert_eq!(header(&[user[0], (TOKEN, "t0ken")]), "Bearer t0ken");
        assert!(read(&[(USERNAME, "")]).unwrap().is_none());
    }

    #[test]
    fn half_a_pair_is_an_error_and_no_secret_is_shown() {
        let error = read(&[(PASSWORD, "s3cret")]).unwrap_err().to_string();
        assert!(error.contains("MLFLOW_TRACKING_USERNAME is not"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
        let error = read(&[(TOKEN, "s3cret\n")]).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        let shown = format!("{:?}", Credentials::basic("me", "s3cret").unwrap());
        assert_eq!(shown, "Basic …");
    }
}
