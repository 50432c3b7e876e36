//! Where the server is.

use percent_encoding::percent_decode_str;
use ureq::http::Uri;

use super::{auth::Credentials, unusable};
use crate::TrackerError;

/// The address of a server, without credentials and without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Reads what `MLFLOW_TRACKING_URI` may hold. Credentials in it are taken out.
    pub(super) fn parse(uri: &str) -> Result<(Self, Option<Credentials>), TrackerError> {
        let uri = uri.trim();
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let dialect = scheme.split('+').next().unwrap_or(scheme);
        match dialect.to_ascii_lowercase().as_str() {
            "http" | "https" => {}
            "" if uri.is_empty() => return Err(not_set()),
            "" if uri == "databricks" => return Err(databricks()),
            "" | "file" => {
                return Err(unusable(
                    "the tracking URI names a directory, and MLflow's files are MLflow's to write",
                    &format!("{START} --backend-store-uri sqlite:////path/to/mlflow.db`{GIVE}"),
                ));
            }
            "sqlite" | "mysql" | "postgresql" | "postgres" | "mssql" => {
                return Err(unusable(
                    "the tracking URI names a database, and MLflow's tables are MLflow's to write",
                    &format!("{START} --backend-store-uri …` with that URI{GIVE}"),
                ));
            }
            "databricks" | "databricks-uc" | "uc" => return Err(databricks()),
            _ => {
                return Err(unusable(
                    &format!("the tracking URI has the scheme `{scheme}`, not http or https"),
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
            // The text is not shown: it may hold a password.
            return Err(unusable(
                "the tracking URI is no address",
                "set MLFLOW_TRACKING_URI to one such as http://127.0.0.1:5000",
            ));
        };
        if parsed.query().is_some() {
            return Err(unusable(
                "the tracking URI has a query (`?…`)",
                "set MLFLOW_TRACKING_URI to the address alone",
            ));
        }
        let (user, place) = match authority.as_str().rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority.as_str()),
        };
        let scheme = dialect.to_ascii_lowercase();
        let path = parsed.path().trim_end_matches('/');
        let credentials = user.map(|user| {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            Credentials::basic(&decode(user), &decode(password))
        });
        let address = Self(format!("{scheme}://{}{path}", place.to_ascii_lowercase()));
        Ok((address, credentials.transpose()?))
    }

    /// The address as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

const START: &str = "start a server, `mlflow server";
const GIVE: &str = ", and set MLFLOW_TRACKING_URI to its address";

fn databricks() -> TrackerError {
    unusable(
        "the tracking URI names Databricks, whose sign-in is not spoken here",
        "set MLFLOW_TRACKING_URI to the address of an MLflow server",
    )
}

pub(super) fn not_set() -> TrackerError {
    unusable(
        "MLFLOW_TRACKING_URI is not set",
        "set it to the address of a server, such as http://127.0.0.1:5000",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_without_its_credentials() {
        let cases = [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            (" HTTP://Host:5000/ ", "http://host:5000"),
            ("https://host/mlflow/", "https://host/mlflow"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("https://me:s%40crt@host:1", "https://host:1"),
        ];
        for (uri, address) in cases {
            let (parsed, credentials) = Address::parse(uri).unwrap();
            assert_eq!(parsed.as_str(), address);
            assert_eq!(credentials.is_some(), uri.contains('@'), "{uri}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_and_no_secret_shown() {
        let cases = [
            ("", "MLFLOW_TRACKING_URI is not set"),
            ("./mlruns", "a directory"),
            ("/home/me/mlruns", "a directory"),
            ("file:///home/me/mlruns", "a directory"),
            ("sqlite:///s3cret.db", "a database"),
            ("postgresql+psycopg2://me:s3cret@db/mlflow", "a database"),
            ("databricks", "Databricks"),
            ("databricks://profile", "Databricks"),
            ("ftp://me:s3cret@host", "scheme `ftp`"),
            ("http://me:s3cret@", "no address"),
            ("http://me:s3cret@ho st", "no address"),
            ("http://host?token=s3cret", "a query"),
        ];
        for (uri, reason) in cases {
            let error = Address::parse(uri).unwrap_err();
            assert!(matches!(error, TrackerError::TrackerInit { .. }), "{uri}");
            let text = error.to_string();
            assert!(text.contains(reason), "{uri}: {text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
