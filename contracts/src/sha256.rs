//! SHA-256 hashes as values.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

/// A SHA-256 hash: the identity of a file, a dataset or a runner.
///
/// Its text, in messages and in JSON, is 64 lower-case hexadecimal digits. Parsing accepts upper-case
/// digits too.
///
/// ```
/// use protea_contracts::{Sha256, content::digest_bytes};
///
/// let sum: Sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD".parse()?;
/// assert_eq!(sum, digest_bytes(b"abc"));
/// assert!(sum.to_string().starts_with("ba7816bf"));
/// # Ok::<(), protea_contracts::InvalidSha256>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

/// Why a string is not a [`Sha256`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a SHA-256: 64 digits 0-9 and a-f")]
pub struct InvalidSha256(String);

impl Sha256 {
    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Sha256 {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Whether the text is the hash in lower-case digits.
impl PartialEq<str> for Sha256 {
    fn eq(&self, text: &str) -> bool {
        let digits = self.to_string();
        digits == text
    }
}

impl FromStr for Sha256 {
    type Err = InvalidSha256;

    fn from_str(text: &str) -> Result<Self, InvalidSha256> {
        parse(text.as_bytes()).ok_or_else(|| {
            // A document can hold megabytes in place of a hash.
            let start: String = text.chars().take(80).collect();
            InvalidSha256(start)
        })
    }
}

fn parse(text: &[u8]) -> Option<Sha256> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let text: &[u8; 64] = text.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(Sha256(bytes))
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex(&self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha256({self})")
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Sha256;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a SHA-256: 64 digits 0-9 and a-f")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sha256, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Bytes in lower-case hexadecimal, as the hashes here are written.
///
/// ```
/// assert_eq!(protea_contracts::content::hex(&[0, 171]), "00ab");
/// ```
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_are_lower_case_digits() {
        let text = "00ff".repeat(16);
        let sum: Sha256 = text.to_uppercase().parse().unwrap();
        assert_eq!(sum.to_string(), text);
        assert_eq!(format!("{sum:.6}"), "00ff00");
        let json = serde_json::to_string(&sum).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Sha256>(&json).unwrap(), sum);
    }

    #[test]
    fn anything_else_is_an_error_that_shows_it() {
        for wrong in ["", "abc", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            let error = wrong.parse::<Sha256>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{wrong:?} is not")), "{error}");
            let json = serde_json::to_string(wrong).unwrap();
            let error = serde_json::from_str::<Sha256>(&json).unwrap_err();
            assert!(error.to_string().contains("64 digits"));
        }
        let long = "0".repeat(1 << 20).parse::<Sha256>().unwrap_err();
        assert!(long.to_string().len() < 200);
    }
}
