//! What a host learns of a runner from its file, without loading it.
//!
//! [`export_runner!`](crate::export_runner) puts a block of [`SIZE`] bytes into a link section of
//! the shared library, [`SECTION`]:
//!
//! | bytes | content |
//! |---|---|
//! | 0–15 | [`MAGIC`], whose last byte is the version of this format |
//! | 16–23 | four little-endian `u16`: the lengths of name, version, contract version and summary |
//! | 24– | the four texts, UTF-8, one after the other; zeros to the end |

use serde::{Deserialize, Serialize};

/// Begins every descriptor.
pub const MAGIC: [u8; 16] = *b"PROTEA-RUNNER\0\0\x01";
/// The size of a descriptor in bytes.
pub const SIZE: usize = 1024;
/// The link section that holds the descriptor (ELF and PE name it so, Mach-O has it in `__DATA`).
#[cfg(not(target_vendor = "apple"))]
pub const SECTION: &str = ".protea";
/// The link section that holds the descriptor, in the segment `__DATA`.
#[cfg(target_vendor = "apple")]
pub const SECTION: &str = "__protea";

const TEXTS: usize = 24;
const NAME_LIMIT: usize = 64;

/// Name, versions and one line about a runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The name by which it is dispatched: lower-case letters, digits, `-` and `_`, beginning
    /// with a letter, at most 64 characters.
    pub name: String,
    /// The runner's own version.
    pub version: String,
    /// The version of the contract that it was built for.
    pub contract_version: String,
    /// What it does, in one line.
    pub summary: String,
}

/// Why a block of bytes is not a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// It does not begin with [`MAGIC`], or is not [`SIZE`] bytes long.
    #[error("its descriptor section does not hold a descriptor of this format")]
    Format,
    /// The lengths point outside the block, or a text is not UTF-8.
    #[error("its descriptor is damaged: {0}")]
    Damaged(&'static str),
    /// The name is not one that a runner may have.
    #[error(
        "its name {0:?} is not allowed: use lower-case letters, digits, '-' and '_', beginning with a letter, at most 64"
    )]
    Name(String),
}

impl Descriptor {
    /// Reads the content of the link section.
    ///
    /// # Errors
    ///
    /// [`DescriptorError`]; the bytes come from a file that nobody vouches for.
    pub fn parse(section: &[u8]) -> Result<Self, DescriptorError> {
        if section.len() < SIZE || section[..16] != MAGIC {
            return Err(DescriptorError::Format);
        }
        let block = &section[..SIZE];
        let mut at = TEXTS;
        let mut text = |field: usize| -> Result<String, DescriptorError> {
            let length =
                u16::from_le_bytes([block[16 + 2 * field], block[17 + 2 * field]]) as usize;
            let bytes = block
                .get(at..at + length)
                .ok_or(DescriptorError::Damaged("a length points outside of it"))?;
            at += length;
            std::str::from_utf8(bytes)
                .map(str::to_owned)
                .map_err(|_| DescriptorError::Damaged("a text is not UTF-8"))
        };
        let descriptor = Self {
            name: text(0)?,
            version: text(1)?,
            contract_version: text(2)?,
            summary: text(3)?,
        };
        if !is_legal_name(descriptor.name.as_bytes()) {
            return Err(DescriptorError::Name(descriptor.name));
        }
        let printable = |text: &String| !text.chars().any(char::is_control);
        if ![
            &descriptor.version,
            &descriptor.contract_version,
            &descriptor.summary,
        ]
        .into_iter()
        .all(printable)
        {
            return Err(DescriptorError::Damaged(
                "a text contains control characters",
            ));
        }
        Ok(descriptor)
    }

    /// Builds the block in a constant, for [`export_runner!`](crate::export_runner).
    ///
    /// # Panics
    ///
    /// At compile time: when the name is not allowed or the texts do not fit.
    #[must_use]
    pub const fn encode(
        name: &str,
        version: &str,
        contract_version: &str,
        summary: &str,
    ) -> [u8; SIZE] {
        assert!(
            is_legal_name(name.as_bytes()),
            "a runner's name has lower-case letters, digits, '-' and '_', begins with a letter, and is at most 64 long"
        );
        let texts = [
            name.as_bytes(),
            version.as_bytes(),
            contract_version.as_bytes(),
            summary.as_bytes(),
        ];
        let mut block = [0; SIZE];
        let mut i = 0;
        while i < MAGIC.len() {
            block[i] = MAGIC[i];
            i += 1;
        }
        let mut at = TEXTS;
        let mut field = 0;
        while field < texts.len() {
            let text = texts[field];
            assert!(
                at + text.len() <= SIZE,
                "the runner's name, version and summary are too long together (1000 bytes)"
            );
            let length = (text.len() as u16).to_le_bytes();
            block[16 + 2 * field] = length[0];
            block[17 + 2 * field] = length[1];
            let mut i = 0;
            while i < text.len() {
                assert!(
                    text[i] >= b' ' && text[i] != 0x7f,
                    "the runner's name, version and summary are one line each, without control characters"
                );
                block[at + i] = text[i];
                i += 1;
            }
            at += text.len();
            field += 1;
        }
        block
    }
}

/// Whether `name` is one that a runner may have.
#[must_use]
pub const fn is_legal_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > NAME_LIMIT || !name[0].is_ascii_lowercase() {
        return false;
    }
    let mut i = 1;
    while i < name.len() {
        if !matches!(name[i], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: [u8; SIZE] = Descriptor::encode("knn", "0.1.0", "1.0.0", "Nächste Nachbarn");

    #[test]
    fn a_descriptor_is_read_as_it_was_written() {
        let read = Descriptor::parse(&BLOCK).unwrap();
        assert_eq!(
            read,
            Descriptor {
                name: "knn".into(),
                version: "0.1.0".into(),
                contract_version: "1.0.0".into(),
                summary: "Nächste Nachbarn".into(),
            }
        );
    }

    #[test]
    fn a_block_cut_short_or_of_another_kind_is_no_descriptor() {
        assert_eq!(
            Descriptor::parse(&BLOCK[..SIZE - 1]),
            Err(DescriptorError::Format)
        );
        let mut other = BLOCK;
        other[0] ^= 1;
        assert_eq!(Descriptor::parse(&other), Err(DescriptorError::Format));
    }

    #[test]
    fn lying_lengths_broken_text_and_illegal_names_are_told_apart() {
        let mut long = BLOCK;
        long[22..24].copy_from_slice(&u16::MAX.to_le_bytes());
        assert!(matches!(
            Descriptor::parse(&long),
            Err(DescriptorError::Damaged(_))
        ));
        let mut broken = BLOCK;
        broken[24 + 13] = 0xff;
        assert!(matches!(
            Descriptor::parse(&broken),
            Err(DescriptorError::Damaged(_))
        ));
        let mut slash = BLOCK;
        slash[25] = b'/';
        assert_eq!(
            Descriptor::parse(&slash),
            Err(DescriptorError::Name("k/n".into()))
        );
    }
}
