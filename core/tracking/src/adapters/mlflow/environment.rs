//! The server that is set by the environment variables of MLflow's own client.

use serde_json::Value;

use super::{
    Mlflow, TIMEOUT,
    address::{self, Address},
    auth::Credentials,
    client::Settings,
    unusable,
    variables::Variables,
};
use crate::TrackerError;

const URI: &str = "MLFLOW_TRACKING_URI";

/// The server that the variables describe.
pub(super) fn server(variable: Variables<'_>) -> Result<Mlflow, TrackerError> {
    let uri = variable(URI).ok_or_else(address::not_set)?;
    let (address, in_uri) = Address::parse(&uri)?;
    let credentials = Credentials::from_env(variable)?.or(in_uri);
    let settings = Settings {
        timeout: TIMEOUT,
        #[cfg(feature = "tls")]
        tls: super::tls::Tls::from_env(variable)?,
    };
    Ok(Mlflow::build(address, credentials, settings))
}

/// The server of a target, with the credentials of the variables only if they describe this server.
pub(super) fn server_for(target: &Value, variable: Variables<'_>) -> Result<Mlflow, TrackerError> {
    let Some(uri) = target.get("uri").and_then(Value::as_str) else {
        return Err(unusable(
            &format!("the target {target} has no `uri`"),
            "use {\"uri\": \"http://…\"}",
        ));
    };
    let wanted = Mlflow::new(uri)?;
    match variable(URI).map(|uri| Address::parse(&uri)) {
        Some(Ok((address, _))) if address == wanted.address => server(variable),
        _ => Ok(wanted),
    }
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
            let server = server_for(target, variable).unwrap();
            server.credentials.is_some()
        };
        assert!(has(&mine, &with(SET)));
        assert!(!has(&other, &with(SET)));
        assert!(!has(&other, &with(&SET[1..])));
        assert!(server_for(&json!({}), &with(SET)).is_err());
    }

    #[test]
    fn a_missing_address_is_an_error() {
        let text = server(&with(&[])).unwrap_err().to_string();
        assert!(text.contains("MLFLOW_TRACKING_URI is not set"), "{text}");
    }
}
