//! Paths and URIs.

use std::path::{Component, Path, PathBuf};

use url::Url;

use super::StoreError;

/// The URI of a path or URI as a user gives it. A relative path is taken from the current directory.
///
/// ```
/// let uri = protea_store::locate("/data/train")?;
/// assert_eq!(uri.as_str(), "file:///data/train");
/// # Ok::<(), protea_store::StoreError>(())
/// ```
///
/// # Errors
///
/// [`StoreError::Location`] when it is neither.
pub fn locate(location: &str) -> Result<Url, StoreError> {
    let unclear = |reason: String| StoreError::Location {
        location: location.to_owned(),
        reason,
    };
    // One letter before a colon is a drive on Windows, not a scheme.
    if let Ok(uri) = Url::parse(location)
        && uri.scheme().len() > 1
        && location.contains("://")
    {
        return Ok(uri);
    }
    // Not taken for a path: it would be shown, with whatever password is in it.
    if let Some((scheme, _)) = location.split_once("://")
        && scheme.len() > 1
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    {
        return Err(StoreError::Location {
            location: format!("{scheme}://…"),
            reason: "what follows the scheme is not understood".to_owned(),
        });
    }
    if location.is_empty() {
        return Err(unclear("it is empty".to_owned()));
    }
    let path = std::path::absolute(location).map_err(|error| unclear(error.to_string()))?;
    Url::from_file_path(&path).map_err(|()| unclear("it has no absolute form".to_owned()))
}

/// The path of a URI of this machine.
///
/// # Errors
///
/// [`StoreError::Elsewhere`] for any other; [`Store::stage`](super::Store::stage) fetches those.
pub fn local_path(uri: &Url) -> Result<PathBuf, StoreError> {
    if !is_local(uri) {
        return Err(StoreError::Elsewhere { uri: redacted(uri) });
    }
    uri.to_file_path().map_err(|()| StoreError::Location {
        location: uri.to_string(),
        reason: "it does not name a path of this machine".to_owned(),
    })
}

/// A URI as it may be shown and recorded: without user, password, query and fragment, any of which
/// may sign somebody in. The user of an Azure URI stays, as it names the container.
///
/// ```
/// use protea_store::{locate, redacted};
///
/// let uri = locate("https://me:secret@example.org/data?sig=secret")?;
/// assert_eq!(redacted(&uri), "https://example.org/data");
/// # Ok::<(), protea_store::StoreError>(())
/// ```
#[must_use]
pub fn redacted(uri: &Url) -> String {
    without_secrets(uri).to_string()
}

/// As [`redacted`], still a URI.
#[must_use]
pub fn without_secrets(uri: &Url) -> Url {
    let mut shown = uri.clone();
    if uri.scheme() != "az" {
        // Refused only by URIs that have no host, and so no user.
        let _ = shown.set_username("");
    }
    let _ = shown.set_password(None);
    if !is_local(uri) {
        shown.set_query(None);
        shown.set_fragment(None);
    }
    shown
}

/// Whether a URI names a path of this machine.
#[must_use]
pub fn is_local(uri: &Url) -> bool {
    uri.scheme() == "file"
}

/// Whether there is a store for a URI's scheme.
#[must_use]
pub fn is_known(uri: &Url) -> bool {
    matches!(
        uri.scheme(),
        "file" | "s3" | "gs" | "az" | "http" | "https" | "memory"
    )
}

/// The URI of an absolute path.
///
/// # Errors
///
/// [`StoreError::Location`] when the path has no URI, as a relative path.
pub fn uri_of(path: &Path) -> Result<Url, StoreError> {
    Url::from_file_path(path).map_err(|()| StoreError::Location {
        location: path.display().to_string(),
        reason: "it is not absolute".to_owned(),
    })
}

/// The URI of something below a directory, whether that was given with a final `/` or without.
#[must_use]
pub fn below(directory: &Url, relative: &str) -> Url {
    let mut uri = directory.clone();
    if let Ok(mut parts) = uri.path_segments_mut() {
        parts.pop_if_empty();
        for part in relative.split('/').filter(|part| !part.is_empty()) {
            parts.push(part);
        }
    }
    uri
}

/// Whether a path that a manifest lists stays below the manifest's directory, on every system.
pub(crate) fn stays_below(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && Path::new(path).components().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_sign_somebody_in_is_not_shown() {
        let cases = [
            ("s3://bucket/data", "s3://bucket/data"),
            ("s3://KEY:SECRET@bucket/data", "s3://bucket/data"),
            ("https://u:p@h:8/d?sv=1&sig=x#y", "https://h:8/d"),
            ("az://box@account/d?sig=x", "az://box@account/d"),
            ("memory://x/y", "memory://x/y"),
        ];
        for (given, expected) in cases {
            assert_eq!(redacted(&locate(given).unwrap()), expected);
        }
    }

    #[test]
    fn a_uri_that_is_not_understood_is_no_path_and_is_not_shown() {
        let error = locate("https://me:secret@:x/d").unwrap_err().to_string();
        assert!(error.contains("https://…"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_name_is_put_below_a_directory_however_it_is_spelt() {
        for directory in ["s3://b/d", "s3://b/d/", "s3://b/d/?sig=x"] {
            let uri = below(&Url::parse(directory).unwrap(), "a b/ü#.obo");
            assert_eq!(redacted(&uri), "s3://b/d/a%20b/%C3%BC%23.obo");
        }
        let uri = below(&Url::parse("s3://b").unwrap(), "x");
        assert_eq!(uri.as_str(), "s3://b/x");
    }

    #[test]
    fn a_listed_path_cannot_leave_its_directory() {
        for path in ["a", "a/b.tsv", "a b/ü"] {
            assert!(stays_below(path), "{path}");
        }
        for path in [
            "", "/a", "../a", "a/../b", "a//b", "a/", "./a", "a\\..\\b", "a\0",
        ] {
            assert!(!stays_below(path), "{path}");
        }
    }
}
