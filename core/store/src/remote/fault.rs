//! What an error of the store crate means, in words without secrets.

use std::error::Error;

use object_store::client::HttpError;

use crate::StoreError;

/// Nobody reads more of what a server says.
const LONGEST: usize = 300;

/// What an error means for who called.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing is there.
    NotFound,
    /// Something is there already.
    Exists,
    /// It is not the object any more that it was.
    Changed,
    /// The server sends whole objects only.
    NoRanges,
    /// The store knows the caller too little.
    Denied(String),
    /// The network, or a server for now.
    Passing(String),
    /// Whatever else.
    Final(String),
}

impl Fault {
    pub(super) fn of(error: &object_store::Error) -> Self {
        use object_store::Error as E;
        match error {
            E::NotFound { .. } => Self::NotFound,
            E::AlreadyExists { .. } => Self::Exists,
            E::Precondition { .. } | E::NotModified { .. } => Self::Changed,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Self::Denied(reason(error)),
            E::NotSupported { .. } => Self::NoRanges,
            _ if is_passing(error) => Self::Passing(reason(error)),
            // Not every call of the crate sorts these out.
            _ => match status(error) {
                Some(401 | 403) => Self::Denied(reason(error)),
                Some(404) => Self::NotFound,
                _ => Self::Final(reason(error)),
            },
        }
    }

    /// The error to end with, where nothing else is to be done about it.
    pub(super) fn into_error(self, uri: String) -> StoreError {
        match self {
            Self::NotFound => StoreError::NotFound { uri },
            Self::Exists => StoreError::Published { uri },
            Self::Changed => StoreError::Changed { uri },
            Self::NoRanges => StoreError::Failed {
                uri,
                reason: "it does not support what is asked for".to_owned(),
            },
            Self::Denied(reason) => StoreError::Denied { uri, reason },
            Self::Passing(reason) | Self::Final(reason) => StoreError::Failed { uri, reason },
        }
    }
}

/// Whether the connection broke or timed out, so that another try may go well.
fn is_passing(error: &(dyn Error + 'static)) -> bool {
    !is_distrust(error) && causes(error).any(|cause| cause.is::<HttpError>())
}

/// Whether a server's certificate is not trusted, which it will not be at the next try either.
pub(super) fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.to_string().contains("certificate"))
}

/// An error and what is behind it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The status that the server answered, where the error says so.
fn status(error: &object_store::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// Why, from the innermost cause or from what the server says of itself.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let text = innermost.to_string();
    // The rest of such a document may quote the request, with its signature.
    let said = match (element(&text, "Code"), element(&text, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => match text.split_once('<') {
            Some((before, _)) => before.trim().trim_end_matches(':').to_owned(),
            None => text,
        },
    };
    without_queries(&said)
}

fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    Some(content.trim())
}

/// A text on one line, of reasonable length, with the queries and users of its URLs left out.
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
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
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
