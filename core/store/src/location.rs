//! Paths and URIs.

use std::path::{Component, Path, PathBuf};

use url::Url;

use super::StoreError;

/// The URI of a path or URI that a user wrote. A relative path is relative to the current
/// directory.
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
    // Not treated as a path: messages show paths, and this text may contain a password.
    if let Some((scheme, _)) = location.split_once("://")
        && scheme.len() > 1
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    {
        return Err(StoreError::Location {
            location: format!("{scheme}://…"),
            reason: "the part after the scheme is invalid".to_owned(),
        });
    }
    if location.is_empty() {
        return Err(unclear("it is empty".to_owned()));
    }
    let path = std::path::absolute(location).map_err(|error| unclear(error.to_string()))?;
    Url::from_file_path(&path).map_err(|()| unclear("it has no absolute form".to_owned()))
}

/// The path of a local URI.
///
/// # Errors
///
/// [`StoreError::Elsewhere`] for a remote URI; [`Store::stage`](super::Store::stage) fetches those.
pub fn local_path(uri: &Url) -> Result<PathBuf, StoreError> {
    if !is_local(uri) {
        return Err(StoreError::Elsewhere { uri: redacted(uri) });
    }
    uri.to_file_path().map_err(|()| StoreError::Location {
        location: uri.to_string(),
        reason: "it does not name a path on this machine".to_owned(),
    })
}

/// A URI for messages and records: without user, password, query and fragment, which can contain
/// credentials. Keeps the user of an Azure URI, which is the container.
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

/// As [`redacted`], as a [`Url`].
#[must_use]
pub fn without_secrets(uri: &Url) -> Url {
    let mut stripped = uri.clone();
    if uri.scheme() != "az" {
        // Fails only for URIs without a host, which have no user.
        let _ = stripped.set_username("");
    }
    let _ = stripped.set_password(None);
    if !is_local(uri) {
        stripped.set_query(None);
        stripped.set_fragment(None);
    }
    stripped
}

/// Whether a URI is local.
#[must_use]
pub fn is_local(uri: &Url) -> bool {
    uri.scheme() == "file"
}

/// Whether the store supports a URI's scheme.
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

/// The URI of a path relative to a directory, whose URI may end with `/` or not.
#[must_use]
pub fn child_uri(directory: &Url, relative: &str) -> Url {
    let mut uri = directory.clone();
    if let Ok(mut parts) = uri.path_segments_mut() {
        parts.pop_if_empty();
        for part in relative.split('/').filter(|part| !part.is_empty()) {
            parts.push(part);
        }
    }
    uri
}

/// The path of a local file relative to `directory`, with `/` between its parts; `None` if it is
/// elsewhere. The URI may have any form that names the file: with `//` or `/./`, percent-encoded, or
/// through a symbolic link, as runners make it by joining strings.
#[must_use]
pub fn relative_name(directory: &Path, file: &Url) -> Option<String> {
    let path = local_path(file).ok()?;
    let climbs = |path: &Path| path.components().any(|part| part == Component::ParentDir);
    let relative = match path.strip_prefix(directory) {
        Ok(relative) if !climbs(relative) => relative.to_owned(),
        _ => {
            let real = path.canonicalize().ok()?;
            let root = directory.canonicalize().ok()?;
            real.strip_prefix(root).ok()?.to_owned()
        }
    };
    let parts: Vec<_> = relative
        .iter()
        .map(|part| part.to_str())
        .collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Whether a listed path stays inside the manifest's directory, on every system.
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

    #[cfg(unix)]
    #[test]
    fn every_form_of_a_uri_gives_the_name_in_its_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("my export");
        std::fs::create_dir_all(directory.join("a")).unwrap();
        for name in ["model.json", "a/part 1.bin", "100%.txt"] {
            std::fs::write(directory.join(name), "x").unwrap();
        }
        let link = scratch.path().join("link");
        std::os::unix::fs::symlink(&directory, &link).unwrap();
        let base = format!("file://{}/my%20export", scratch.path().display());
        let through = format!("file://{}", link.display());
        for (uri, wanted) in [
            (format!("{base}/model.json"), Some("model.json")),
            (format!("{base}//model.json"), Some("model.json")),
            (format!("{base}///model.json"), Some("model.json")),
            (format!("{base}/./model.json"), Some("model.json")),
            (format!("{base}/a/../model.json"), Some("model.json")),
            (format!("{base}/%6dodel.json"), Some("model.json")),
            (format!("{base}/a/part%201.bin"), Some("a/part 1.bin")),
            (format!("{base}/a//part%201.bin"), Some("a/part 1.bin")),
            (format!("{base}/100%25.txt"), Some("100%.txt")),
            (format!("{through}/model.json"), Some("model.json")),
            (base.clone(), None),
            ("file:///model.json".to_owned(), None),
        ] {
            let found = relative_name(&directory, &Url::parse(&uri).unwrap());
            assert_eq!(found.as_deref(), wanted, "{uri}");
        }
        let published = Url::parse("s3://bucket/runs/7").unwrap();
        for base in [published.clone(), child_uri(&published, "")] {
            assert_eq!(
                child_uri(&base, "a/part 1.bin").as_str(),
                "s3://bucket/runs/7/a/part%201.bin"
            );
        }
    }

    #[test]
    fn what_may_sign_somebody_in_is_not_shown() {
        let cases = [
            ("s3://bucket/data", "s3://bucket/data"),
            ("s3://KEY:SECRET@bucket/data", "s3://bucket/data"),
            ("https://u:p@h:8/d?sv=1&sig=x#y", "https://h:8/d"),
            ("az://box@account/d?sig=x", "az://box@account/d"),
            ("memory://x/y", "memory://x/y"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(&locate(text).unwrap()), expected);
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
            let uri = child_uri(&Url::parse(directory).unwrap(), "a b/ü#.obo");
            assert_eq!(redacted(&uri), "s3://b/d/a%20b/%C3%BC%23.obo");
        }
        let uri = child_uri(&Url::parse("s3://b").unwrap(), "x");
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
