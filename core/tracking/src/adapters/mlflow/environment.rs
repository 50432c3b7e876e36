//! What the environment says: the variables that MLflow's own client reads.

use std::{env, fs};

use serde_json::Value;
use ureq::tls::{PemItem, RootCerts, parse_pem};

use super::{
    Mlflow, TIMEOUT,
    address::{self, Address},
    auth::Credentials,
    client::Settings,
    unusable,
};
use crate::TrackerError;

/// The values of variables by their names.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

const URI: &str = "MLFLOW_TRACKING_URI";
const INSECURE_TLS: &str = "MLFLOW_TRACKING_INSECURE_TLS";
const CERTIFICATES: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";

/// A variable of this process.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The server that the variables name.
pub(super) fn server(variable: Variables<'_>) -> Result<Mlflow, TrackerError> {
    let uri = variable(URI).ok_or_else(address::not_set)?;
    let (address, in_uri) = Address::parse(&uri)?;
    let credentials = Credentials::from_environment(variable)?.or(in_uri);
    let is_set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let insecure_tls = match is_set(INSECURE_TLS).as_deref() {
        None => false,
        Some(value) => match value.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                return Err(unusable(
                    &format!("{INSECURE_TLS} is {value:?}"),
                    "set it to `true` or `false`",
                ));
            }
        },
    };
    let authorities = match is_set(CERTIFICATES) {
        Some(path) => Some(certificates(&path)?),
        None => None,
    };
    let settings = Settings {
        timeout: TIMEOUT,
        insecure_tls,
        authorities,
    };
    Ok(Mlflow::made(address, credentials, settings))
}

/// The server of a target; signed in to only where the variables name it too.
pub(super) fn server_for(target: &Value, variable: Variables<'_>) -> Result<Mlflow, TrackerError> {
    let Some(uri) = target.get("uri").and_then(Value::as_str) else {
        return Err(unusable(
            &format!("{target} says not which server"),
            "give it as {\"uri\": \"http://…\"}",
        ));
    };
    let wanted = Mlflow::new(uri)?;
    match variable(URI).map(|uri| Address::parse(&uri)) {
        Some(Ok((address, _))) if address == wanted.address => server(variable),
        _ => Ok(wanted),
    }
}

/// The certificates in a file.
fn certificates(path: &str) -> Result<RootCerts, TrackerError> {
    let wrong = |reason: String| {
        unusable(
            &format!("{CERTIFICATES} names {path}: {reason}"),
            "let it name a file of certificates in PEM form",
        )
    };
    let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(set: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn a_target_gets_no_credentials_of_another_server() {
        const SET: &[(&str, &str)] = &[
            (URI, "http://mine:5000/"),
            ("MLFLOW_TRACKING_TOKEN", "s3cret"),
        ];
        let mine = json!({ "uri": "http://mine:5000" });
        let other = json!({ "uri": "http://other:5000" });
        let has = |target: &Value, variable: &dyn Fn(&str) -> Option<String>| {
            let made = server_for(target, variable).unwrap();
            made.credentials.is_some()
        };
        assert!(has(&mine, &with(SET)));
        assert!(!has(&other, &with(SET)));
        assert!(!has(&other, &with(&SET[1..])));
        assert!(server_for(&json!({}), &with(SET)).is_err());
    }

    #[test]
    fn the_environment_says_what_is_wrong_with_it() {
        let error = |set| server(&with(set)).unwrap_err().to_string();
        assert!(error(&[]).contains("MLFLOW_TRACKING_URI is not set"));
        let said = error(&[(URI, "http://host"), (INSECURE_TLS, "maybe")]);
        assert!(said.contains(INSECURE_TLS), "{said}");
        let said = error(&[(URI, "http://host"), (CERTIFICATES, "/not/there.pem")]);
        assert!(said.contains("/not/there.pem"), "{said}");
    }
}
