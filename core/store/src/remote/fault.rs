//! Classifies errors of `object_store`, with messages without secrets.

use std::{
    error::Error,
    sync::{Mutex, PoisonError},
};

use object_store::client::HttpError;

use protea_text::{Secret, redact};

use super::redirect::Refused;
use crate::StoreError;

/// The longest message of a server that is shown, in characters.
const LONGEST: usize = 300;

/// What an error means for the caller.
#[derive(Debug)]
pub(super) enum Fault {
    /// The object does not exist.
    NotFound,
    /// The destination exists.
    Exists,
    /// The object was replaced.
    Changed,
    /// The server does not support ranges.
    NoRanges,
    /// The store denies access.
    Denied(String),
    /// A network error or a temporary error of the server.
    Passing(String),
    /// Any other error.
    Final(String),
}

impl Fault {
    pub(super) fn from_error(error: &object_store::Error) -> Self {
        use object_store::Error as E;
        match error {
            E::NotFound { .. } => Self::NotFound,
            E::AlreadyExists { .. } => Self::Exists,
            E::Precondition { .. } | E::NotModified { .. } => Self::Changed,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Self::Denied(reason(error)),
            E::NotSupported { .. } => Self::NoRanges,
            _ if causes(error).any(|cause| cause.is::<Refused>()) => Self::Final(reason(error)),
            _ if is_passing(error) => Self::Passing(reason(error)),
            // Some calls of `object_store` return these as generic errors.
            _ => match status(error) {
                Some(401 | 403) => Self::Denied(reason(error)),
                Some(404) => Self::NotFound,
                _ => Self::Final(reason(error)),
            },
        }
    }

    /// The error for the user.
    pub(super) fn into_error(self, uri: String) -> StoreError {
        match self {
            Self::NotFound => StoreError::NotFound { uri },
            Self::Exists => StoreError::Published { uri },
            Self::Changed => StoreError::Changed { uri },
            Self::NoRanges => StoreError::Failed {
                uri,
                reason: "the request is not supported".to_owned(),
            },
            Self::Denied(reason) => StoreError::Denied { uri, reason },
            Self::Passing(reason) | Self::Final(reason) => StoreError::Failed { uri, reason },
        }
    }
}

/// Whether the connection broke or timed out, so that a retry may succeed.
fn is_passing(error: &(dyn Error + 'static)) -> bool {
    !is_distrust(error) && causes(error).any(|cause| cause.is::<HttpError>())
}

/// Whether a server's certificate is not trusted. A retry does not help.
pub(super) fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.to_string().contains("certificate"))
}

/// An error and its sources.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The HTTP status in the error, if any.
fn status(error: &object_store::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// The reason: the server's error document, or the innermost source.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let text = innermost.to_string();
    // The rest of the document can quote the request with its signature.
    let message = match (element(&text, "Code"), element(&text, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => match text.split_once('<') {
            Some((before, _)) => before.trim().trim_end_matches(':').to_owned(),
            None => text,
        },
    };
    // Before it is shortened: half of a secret is not recognised.
    without_queries(&redact(&message, &secrets()))
}

/// The secrets in files that were read, which a server could quote.
static OF_FILES: Mutex<Vec<Secret>> = Mutex::new(Vec::new());

/// Keeps a secret out of what servers are quoted with.
pub(super) fn remember_secret(value: &str) {
    let mut known = OF_FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if known.iter().all(|secret| secret.expose() != value) {
        known.push(Secret::new(value));
    }
}

/// The secrets of the environment and of the files that were read, which a server could quote.
fn secrets() -> Vec<Secret> {
    const VARIABLES: [&str; 6] = [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
    ];
    let set = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    let known = OF_FILES.lock().unwrap_or_else(PoisonError::into_inner);
    set.map(Secret::new).chain(known.iter().cloned()).collect()
}

fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    Some(content.trim())
}

/// The text on one line, shortened, with users and queries removed from URLs.
fn without_queries(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let Some((scheme, rest)) = word.split_once("://") else {
            return word.to_owned();
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{path}")
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let is_shown = |character: &char| !protea_text::escape::is_unsafe(*character);
    let plain: String = line.chars().filter(is_shown).collect();
    match plain.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} …", &plain[..at]),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_signature_in_it() {
        let document = "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?><Error>\
             <Code>SignatureDoesNotMatch</Code><Message>The signature does not match</Message>\
             <AWSAccessKeyId>AKIAX</AWSAccessKeyId><StringToSign>secret</StringToSign></Error>";
        let error = std::io::Error::other(document);
        assert_eq!(
            reason(&error),
            "SignatureDoesNotMatch: The signature does not match"
        );
        let page = std::io::Error::other("status code: 502 Bad Gateway: <html>…</html>");
        assert_eq!(reason(&page), "status code: 502 Bad Gateway");
        let url = std::io::Error::other("no https://u:p@h/a?sig=secret today\n");
        assert_eq!(reason(&url), "no https://h/a today");
    }
}
