//! Settings of TLS connections. Compiled with the feature `tls` only.

use std::fs;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::{unusable, variables::Variables};
use crate::TrackerError;

const INSECURE_TLS: &str = "MLFLOW_TRACKING_INSECURE_TLS";
const CERTIFICATES: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";

/// Which certificates of a server to accept. The default are those of public authorities.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls {
    /// Whether to accept any certificate.
    accepts_any: bool,
    /// The authorities to accept instead of the public ones.
    authorities: Option<RootCerts>,
}

impl Tls {
    /// The settings in the variables that MLflow's own client reads.
    pub(super) fn from_env(variable: Variables<'_>) -> Result<Self, TrackerError> {
        let read = |name: &str| variable(name).filter(|value| !value.is_empty());
        let accepts_any = match read(INSECURE_TLS).as_deref() {
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
        let authorities = read(CERTIFICATES).map(|path| certificates(&path));
        Ok(Self {
            accepts_any,
            authorities: authorities.transpose()?,
        })
    }

    pub(super) fn config(&self) -> TlsConfig {
        let mut config = TlsConfig::builder().disable_verification(self.accepts_any);
        if let Some(authorities) = &self.authorities {
            config = config.root_certs(authorities.clone());
        }
        config.build()
    }
}

/// The certificates in a file.
fn certificates(path: &str) -> Result<RootCerts, TrackerError> {
    let invalid = |reason: String| {
        unusable(
            &format!("{CERTIFICATES} is {path}: {reason}"),
            "set it to a file with certificates in PEM format",
        )
    };
    let pem = fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        let item = item.map_err(|error| invalid(error.to_string()))?;
        if let PemItem::Certificate(certificate) = item {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(invalid("it contains no certificate".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_variable() {
        let error = |name: &str, value: &str| {
            let variable = |asked: &str| (asked == name).then(|| value.to_owned());
            Tls::from_env(&variable).unwrap_err().to_string()
        };
        let text = error(INSECURE_TLS, "maybe");
        assert!(text.contains(INSECURE_TLS), "{text}");
        let text = error(CERTIFICATES, "/not/there.pem");
        assert!(text.contains("/not/there.pem"), "{text}");
    }
}
