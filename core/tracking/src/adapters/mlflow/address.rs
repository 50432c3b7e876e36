//! The address of the server.

use percent_encoding::percent_decode_str;
use ureq::http::Uri;

use super::{BACKEND, auth::Credentials, unusable};
use crate::TrackerError;

/// The address of a server, without credentials and without a final slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Parses a value of `MLFLOW_TRACKING_URI`. Credentials in it are returned separately.
    pub(super) fn parse(uri: &str) -> Result<(Self, Option<Credentials>), TrackerError> {
        let uri = uri.trim();
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        // Databases can have a driver in their scheme: `mysql+pymysql://…`.
        let scheme = scheme.split('+').next().unwrap_or(scheme);
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "http" | "https" => {}
            "" if uri.is_empty() => return Err(not_set()),
            "" if uri == "databricks" => return Err(databricks()),
            "" | "file" => {
                return Err(unusable(
                    "the tracking URI is a directory, which only MLflow itself can write",
                    &format!("{START} --backend-store-uri sqlite:////path/to/mlflow.db`{SET}"),
                ));
            }
            "sqlite" | "mysql" | "postgresql" | "postgres" | "mssql" => {
                return Err(unusable(
                    "the tracking URI is a database, which only MLflow itself can write",
                    &format!("{START} --backend-store-uri …` with that URI{SET}"),
                ));
            }
            "databricks" | "databricks-uc" | "uc" => return Err(databricks()),
            _ => {
                return Err(unusable(
                    &format!("the tracking URI has the scheme `{scheme}` instead of http or https"),
                    "set MLFLOW_TRACKING_URI to the address of a server, such as \
                     http://127.0.0.1:5000",
                ));
            }
        }
        let parsed: Option<Uri> = uri.parse().ok();
        let Some((parsed, authority)) = parsed.and_then(|uri| {
            let authority = uri.authority()?.clone();
            (!authority.host().is_empty()).then_some((uri, authority))
        }) else {
            // The URI is not printed: it may contain a password.
            return Err(unusable(
                "the tracking URI is not a valid address",
                "set MLFLOW_TRACKING_URI to an address such as http://127.0.0.1:5000",
            ));
        };
        if parsed.query().is_some() {
            return Err(unusable(
                "the tracking URI has a query (`?…`)",
                "set MLFLOW_TRACKING_URI to the address alone",
            ));
        }
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority.as_str()),
        };
        let path = parsed.path().trim_end_matches('/');
        let credentials = user.map(|user| {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            Credentials::basic(&decode(user), &decode(password))
        });
        let address = Self(format!("{scheme}://{}{path}", host.to_ascii_lowercase()));
        if scheme == "https" && !cfg!(feature = "tls") {
            return Err(TrackerError::TlsUnsupported {
                backend: super::BACKEND.to_owned(),
                address: address.0,
            });
        }
        Ok((address, credentials.transpose()?))
    }

    /// The address as a string.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

const START: &str = "start a server with `mlflow server";
const SET: &str = " and set MLFLOW_TRACKING_URI to its address";

fn databricks() -> TrackerError {
    unusable(
        "the tracking URI is Databricks, whose authentication is not supported",
        "set MLFLOW_TRACKING_URI to the address of an MLflow server",
    )
}

pub(super) fn not_set() -> TrackerError {
    TrackerError::NotSet {
        backend: BACKEND.to_owned(),
        variable: "MLFLOW_TRACKING_URI".to_owned(),
        remedy: "set it to the address of a server, such as http://127.0.0.1:5000".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_removed_from_an_address() {
        let cases = [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            (" HTTP://Host:5000/ ", "http://host:5000"),
            ("http://host/mlflow/", "http://host/mlflow"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("http://me:s%40crt@host:1", "http://host:1"),
        ];
        for (uri, address) in cases {
            let (parsed, credentials) = Address::parse(uri).unwrap();
            assert_eq!(parsed.as_str(), address);
            assert_eq!(credentials.is_some(), uri.contains('@'), "{uri}");
        }
    }

    #[test]
    fn other_uris_are_refused_without_printing_secrets() {
        let cases = [
            ("./mlruns", "a directory"),
            ("/home/me/mlruns", "a directory"),
            ("file:///home/me/mlruns", "a directory"),
            ("sqlite:///s3cret.db", "a database"),
            ("postgresql+psycopg2://me:s3cret@db/mlflow", "a database"),
            ("databricks", "Databricks"),
            ("databricks://profile", "Databricks"),
            ("ftp://me:s3cret@host", "scheme `ftp`"),
            ("http://me:s3cret@", "not a valid address"),
            ("http://me:s3cret@ho st", "not a valid address"),
            ("http://host?token=s3cret", "a query"),
        ];
        for (uri, reason) in cases {
            let error = Address::parse(uri).unwrap_err();
            assert!(matches!(error, TrackerError::TrackerInit { .. }), "{uri}");
            let text = error.to_string();
            assert!(text.contains(reason), "{uri}: {text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
        let error = Address::parse("").unwrap_err();
        assert!(matches!(error, TrackerError::NotSet { .. }), "{error}");
    }

    #[test]
    fn https_needs_the_feature_tls() {
        let parsed = Address::parse("https://me:s3cret@Host/mlflow/");
        if cfg!(feature = "tls") {
            assert_eq!(parsed.unwrap().0.as_str(), "https://host/mlflow");
        } else {
            let error = parsed.unwrap_err();
            assert!(matches!(error, TrackerError::TlsUnsupported { .. }));
            let text = error.to_string();
            assert!(text.contains("https://host/mlflow"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
