//! Removes credentials from text that a server sent.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};

use crate::Secret;

/// What stands in place of a credential.
pub const REDACTED: &str = "***";

/// Names whose value is a credential, in lower case: headers, fields of JSON, and parts of a query.
const NAMES: [&str; 22] = [
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "cookie",
    "set-cookie",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-credential",
    "x-goog-signature",
    "x-goog-credential",
    "x-api-key",
    "api-key",
    "api_key",
    "apikey",
    "access_token",
    "token",
    "password",
    "passwd",
    "secret",
    "signature",
    "sig",
    "awsaccesskeyid",
];

/// The schemes of the header `Authorization`, in lower case.
const SCHEMES: [&str; 6] = [
    "basic",
    "bearer",
    "digest",
    "negotiate",
    "token",
    "aws4-hmac-sha256",
];

/// The shortest value of a secret that is searched for. A shorter one is part of ordinary words.
const SHORTEST: usize = 4;

/// The text without credentials: without the values in `known` (also in Base64 and percent-encoded),
/// without users and queries of addresses, and without what follows the name of a credential
/// (`Authorization: …`, `"password": "…"`, `X-Amz-Signature=…`) or a scheme (`Bearer …`,
/// `Basic …`).
///
/// ```
/// use protea_text::{Secret, redact};
///
/// let known = [Secret::new("hunter2")];
/// let text = "you sent Authorization: Basic bWU6aHVudGVyMg== to https://me:pw@host/a?sig=1";
/// assert_eq!(
///     redact(text, &known),
///     "you sent Authorization: *** to https://host/a?***"
/// );
/// ```
#[must_use]
pub fn redact<'t>(text: &'t str, known: &[Secret]) -> Cow<'t, str> {
    let mut result = Cow::Borrowed(text);
    for value in known.iter().flat_map(spellings) {
        if result.contains(&value) {
            result = Cow::Owned(result.replace(&value, REDACTED));
        }
    }
    for step in [addresses, named, schemes] {
        if let Some(changed) = step(&result) {
            result = Cow::Owned(changed);
        }
    }
    result
}

/// A secret as a server can quote it. The longest first, so that a shorter one does not leave half
/// of a longer one.
fn spellings(secret: &Secret) -> Vec<String> {
    let value = secret.expose();
    if value.len() < SHORTEST {
        return Vec::new();
    }
    let mut spellings = vec![
        value.to_owned(),
        BASE64_STANDARD.encode(value),
        BASE64_STANDARD_NO_PAD.encode(value),
        percent_encoded(value),
    ];
    // `Basic` and `Bearer` headers, and a user with a password.
    if let Some((_, rest)) = value
        .split_once([' ', ':'])
        .filter(|(_, rest)| rest.len() >= SHORTEST)
    {
        spellings.push(rest.to_owned());
        let decoded = BASE64_STANDARD.decode(rest).ok();
        if let Some(pair) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            if let Some((_, password)) = pair.split_once(':').filter(|(_, it)| it.len() >= SHORTEST)
            {
                spellings.extend([password.to_owned(), percent_encoded(password)]);
            }
            spellings.push(pair);
        }
    }
    spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    spellings.dedup();
    spellings
}

fn percent_encoded(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Removes users and queries of addresses. `None` if there are none.
fn addresses(text: &str) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        result.push_str(before);
        let end = after.find(ends_address).unwrap_or(after.len());
        let (address, after) = after.split_at(end);
        let authority = address.find(['/', '?', '#']).unwrap_or(address.len());
        let (authority, path) = address.split_at(authority);
        result.push_str(authority.rsplit('@').next().unwrap_or_default());
        match path.find(['?', '#']) {
            Some(query) => {
                result.push_str(&path[..=query]);
                result.push_str(REDACTED);
            }
            None => result.push_str(path),
        }
        rest = after;
    }
    result.push_str(rest);
    (result != text).then_some(result)
}

fn ends_address(character: char) -> bool {
    character.is_whitespace() || "\"'<>`)]}".contains(character)
}

/// Removes the value after the name of a credential.
fn named(text: &str) -> Option<String> {
    let mut result = String::new();
    let mut done = 0;
    for (at, name) in words(text) {
        if at < done || !NAMES.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        let after = &text[at + name.len()..];
        let trimmed = after.trim_start_matches(['"', '\'', '\\', ' ']);
        let Some(value) = trimmed.strip_prefix([':', '=']) else {
            continue;
        };
        let is_header = trimmed.starts_with(':');
        let value = value.trim_start_matches(['"', '\'', '\\', ' ', '[', '(']);
        let start = text.len() - value.len();
        let mut end = value.find(ends_value).unwrap_or(value.len());
        // The value of a header can be a scheme and a credential.
        if is_header && SCHEMES.contains(&value[..end].to_ascii_lowercase().as_str()) {
            let credential = value[end..].trim_start_matches(' ');
            let skipped = value.len() - credential.len();
            end = skipped + credential.find(ends_value).unwrap_or(credential.len());
        }
        if end == 0 {
            continue;
        }
        result.push_str(&text[done..start]);
        result.push_str(REDACTED);
        done = start + end;
    }
    result.push_str(&text[done..]);
    (done > 0).then_some(result)
}

/// Removes what follows the scheme of a credential.
fn schemes(text: &str) -> Option<String> {
    let mut result = String::new();
    let mut done = 0;
    for (at, scheme) in words(text) {
        if at < done || !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
            continue;
        }
        let after = &text[at + scheme.len()..];
        let value = after.trim_start_matches(' ');
        let start = text.len() - value.len();
        let end = value.find(ends_value).unwrap_or(value.len());
        if value.len() == after.len() || !looks_like_credential(&value[..end]) {
            continue;
        }
        result.push_str(&text[done..start]);
        result.push_str(REDACTED);
        done = start + end;
    }
    result.push_str(&text[done..]);
    (done > 0).then_some(result)
}

/// Not an ordinary word, as in "basic authentication failed": it has a digit, an upper-case letter
/// inside, or a character that no word has.
fn looks_like_credential(word: &str) -> bool {
    word.len() >= 8
        && word.char_indices().any(|(at, c)| {
            c.is_ascii_digit() || "=+/_.".contains(c) || (at > 0 && c.is_ascii_uppercase())
        })
}

fn ends_value(character: char) -> bool {
    character.is_whitespace() || "\"'<>`)]},;&\\".contains(character)
}

/// The words of a text with their positions. A word has letters, digits, `-` and `_`.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_of_word =
        |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    text.split(move |character| !is_of_word(character))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values_are_removed_in_every_spelling() {
        let header = format!("Basic {}", BASE64_STANDARD.encode("me:p@ss word1"));
        let known = [Secret::new(&*header)];
        let quoted = [
            header.clone(),
            BASE64_STANDARD.encode("me:p@ss word1"),
            "p@ss word1".to_owned(),
            "p%40ss%20word1".to_owned(),
            "me:p@ss word1".to_owned(),
        ];
        for quoted in quoted {
            let text = format!("the request had <{quoted}> in it");
            assert_eq!(redact(&text, &known), "the request had <***> in it");
        }
        assert_eq!(redact("a b", &[Secret::new("a")]), "a b");
    }

    #[test]
    fn credentials_are_removed_by_their_names() {
        let cases = [
            (
                "Authorization: Bearer abc.def-1 is bad",
                "Authorization: *** is bad",
            ),
            (
                r#"{"authorization":"Basic bWU6eA==","a":1}"#,
                r#"{"authorization":"***","a":1}"#,
            ),
            (r#"{\"password\": \"x y\"}"#, r#"{\"password\": \"*** y\"}"#),
            ("headers: cookie=a1; path=/", "headers: cookie=***; path=/"),
            (
                "/a?X-Amz-Signature=0a1b&X-Amz-Date=2",
                "/a?X-Amz-Signature=***&X-Amz-Date=2",
            ),
            ("got bearer eyJhbGciOi.xyz", "got bearer ***"),
            (
                "see https://u:p@h/a?b#c, please",
                "see https://h/a?*** please",
            ),
            ("(ftp://u@h/x)", "(ftp://h/x)"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text, &[]), expected);
        }
    }

    #[test]
    fn ordinary_text_is_kept() {
        for text in [
            "basic authentication failed",
            "INVALID_PARAMETER_VALUE: the token is missing",
            "the password is wrong",
            "run 20261129T000000Z-knn-0000aa: a signature of 5 bytes; see http://host/path",
            "größe: 5 µm ≥ 3",
        ] {
            assert!(matches!(redact(text, &[]), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_known_value_is_left(
            text in any::<String>(), secret in "[a-zA-Z0-9]{8,20}", before in "[ -~]{0,20}",
        ) {
            let _ = redact(&text, &[]);
            let quoted = format!("{before}{secret}{text}");
            prop_assert!(!redact(&quoted, &[Secret::new(&*secret)]).contains(&secret));
        }
    }
}
