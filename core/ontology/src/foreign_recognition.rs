//! Recognises the content of a file that no reader of text can use, by its first bytes.

use crate::{
    foreign::Foreign,
    foreign_text::{markup, records},
};

impl Foreign {
    /// Recognises a file by its first bytes, after decompression. `None` if they can be text in
    /// UTF-8, ASCII or an encoding that extends ASCII. A few hundred bytes suffice; with more, UTF-16
    /// without a byte-order mark is recognised more reliably.
    #[must_use]
    pub fn recognize(start: &[u8]) -> Option<Self> {
        const MAGIC: &[(&[u8], Foreign)] = &[
            (b"PK\x03\x04", Foreign::Zip),
            (b"PK\x05\x06", Foreign::Zip),
            (b"PK\x07\x08", Foreign::Zip),
            (b"BZh", Foreign::Bzip2),
            (b"\xfd7zXZ\x00", Foreign::Xz),
            (b"\x5d\x00\x00", Foreign::Xz),
            (b"\x1f\x9d", Foreign::OtherCompression),
            (b"\x04\x22\x4d\x18", Foreign::OtherCompression),
            (b"LZIP", Foreign::OtherCompression),
            (b"\x1f\x8b", Foreign::CompressedTwice),
            (b"\x28\xb5\x2f\xfd", Foreign::CompressedTwice),
            (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
            (b"Rar!\x1a\x07", Foreign::Rar),
            (b"version https://git-lfs", Foreign::GitLfsPointer),
            (b"version https://hawser.github.com", Foreign::GitLfsPointer),
            (b"/annex/objects/", Foreign::GitAnnexPointer),
            (b"{\\rtf", Foreign::Rtf),
            (b"RDX2\n", Foreign::RData),
            (b"RDX3\n", Foreign::RData),
            (b"X\n\x00\x00\x00\x02", Foreign::RData),
            (b"X\n\x00\x00\x00\x03", Foreign::RData),
            (b"%PDF-", Foreign::Pdf),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Foreign::Office),
            (b"\x93NUMPY", Foreign::Numpy),
            (b"\x89HDF\r\n\x1a\n", Foreign::Hdf5),
            (b"PAR1", Foreign::Parquet),
            (b"ARROW1", Foreign::Arrow),
            (b"\xff\xff\xff\xff", Foreign::Arrow),
            (b"SQLite format 3\x00", Foreign::Sqlite),
            (b"\x00\x00\x00\x01Bud1", Foreign::FileSystemMetadata),
            (b"\x00\x05\x16\x07", Foreign::FileSystemMetadata),
            (b"\xff\xfe\x00\x00", Foreign::Utf32),
            (b"\x00\x00\xfe\xff", Foreign::Utf32),
            (b"\xff\xfe", Foreign::Utf16),
            (b"\xfe\xff", Foreign::Utf16),
        ];
        if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
            // `BZh` alone can begin the accession of a table: the size of the block follows it,
            // then the magic of a block or of the end.
            if *found == Self::Zip {
                return Some(zip(start));
            }
            if *found != Self::Bzip2 || is_bzip2(start) {
                return Some(*found);
            }
        }
        if start.get(257..262) == Some(b"ustar") {
            return Some(Self::Tar);
        }
        if start.len() > 2 && start[0] == 0x80 && (2..=5).contains(&start[1]) {
            return Some(Self::Pickle);
        }
        // A link into the store of git-annex, as a file on systems without links.
        let first = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
        if first.starts_with(b"../") && contains(first, b"/annex/objects/") {
            return Some(Self::GitAnnexPointer);
        }
        if first.starts_with(b".git/annex/objects/") {
            return Some(Self::GitAnnexPointer);
        }
        markup(start)
            .or_else(|| records(start))
            .or_else(|| zeros(start))
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

/// What a zip archive is, by the names of its first members: they stand before their contents.
fn zip(start: &[u8]) -> Foreign {
    let name = match (start.get(26..28), start.get(30..)) {
        (Some(&[low, high]), Some(rest)) => {
            &rest[..rest.len().min(usize::from(u16::from_le_bytes([low, high])))]
        }
        _ => b"",
    };
    let any = |words: &[&[u8]]| words.iter().any(|word| contains(start, word));
    let is_office = name == b"[Content_Types].xml"
        || [&b"xl/"[..], b"word/", b"ppt/", b"_rels/", b"docProps/"]
            .iter()
            .any(|folder| name.starts_with(folder));
    let is_open_document =
        name == b"mimetype" && contains(start, b"application/vnd.oasis.opendocument.");
    if (is_office && any(&[b"xl/", b"spreadsheetml"]) && !any(&[b"word/", b"ppt/"]))
        || (is_open_document && any(&[b"opendocument.spreadsheet"]))
    {
        Foreign::Spreadsheet
    } else if is_office || is_open_document {
        Foreign::OfficeDocument
    } else {
        Foreign::Zip
    }
}

fn is_bzip2(start: &[u8]) -> bool {
    matches!(start.get(3), Some(b'1'..=b'9'))
        && matches!(
            start.get(4..8),
            Some([0x31, 0x41, 0x59, 0x26] | [0x17, 0x72, 0x45, 0x38])
        )
}

/// Text never has zero bytes; in UTF-16 every second byte of ASCII text is zero.
fn zeros(start: &[u8]) -> Option<Foreign> {
    let zeros = |first: usize| {
        let bytes = start.iter().skip(first).step_by(2);
        (
            bytes.clone().filter(|&&byte| byte == 0).count(),
            bytes.len(),
        )
    };
    let ((even, evens), (odd, odds)) = (zeros(0), zeros(1));
    // A stray zero byte in a long text is left to the reader of the line that has it.
    if (even + odd) * 32 < start.len() || even + odd < 4 {
        return None;
    }
    // Names in other scripts and typographic quotes have no zero byte, so not every second byte has
    // to be one.
    let mostly = |count: usize, all: usize| count * 4 > all * 3;
    if (mostly(even, evens) && odd == 0) || (mostly(odd, odds) && even == 0) {
        Some(Foreign::Utf16)
    } else {
        Some(Foreign::Binary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_recognised() {
        let utf16: Vec<u8> = "P12345\tGO:0008150\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "P12345\tGO:0008150\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let mut tar = vec![b'a'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: &[(&[u8], Foreign)] = &[
            (b"PK\x03\x04\x14\x00", Foreign::Zip),
            (b"BZh91AY&SY", Foreign::Bzip2),
            (b"\xfd7zXZ\x00\x00\x04", Foreign::Xz),
            (b"\x1f\x8b\x08", Foreign::CompressedTwice),
            (b"\n<!DOCTYPE html>\n<html>", Foreign::Html),
            (b"<html><head>", Foreign::Html),
            (b"<?xml version=\"1.0\"?><html xmlns=\"\">", Foreign::Html),
            (b"<?xml version=\"1.0\"?>\n<rdf:RDF", Foreign::Xml),
            (
                b"ID   X_HUMAN   Reviewed;  90 AA.\nAC   P12345;\n",
                Foreign::UniProtText,
            ),
            (b"##gff-version 3\n", Foreign::Gff),
            (b"!\n!gpi-version: 2.1\n", Foreign::Gpi),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                Foreign::GitLfsPointer,
            ),
            (b"\xff\xfeP\x00", Foreign::Utf16),
            (&utf16, Foreign::Utf16),
            (&big, Foreign::Utf16),
            (b"\x93NUMPY\x01\x00", Foreign::Numpy),
            (b"\x80\x04\x95\x00", Foreign::Pickle),
            (&tar, Foreign::Tar),
            (&[7, 0, 1, 0, 0, 3, 0], Foreign::Binary),
        ];
        for (start, wanted) in cases {
            assert_eq!(Foreign::recognize(start), Some(*wanted), "{wanted}");
        }
    }

    #[test]
    fn text_is_not_foreign() {
        let cases: &[&[u8]] = &[
            b"",
            b"BZh1\tGO:0008150",
            b"PKD1\tGO:0008150",
            b"\xef\xbb\xbfP12345\tGO:0008150\n",
            b"Widg\xe9t\tGO:0008150",
            b"< 30 residues",
            b">P12345\nMKV",
            b"ID   GO:0008150\nP12345   GO:0008150\n",
            b"!gaf-version: 2.2\n!gpi-version of the list: 2.1\n",
        ];
        for start in cases {
            assert_eq!(Foreign::recognize(start), None, "{start:?}");
        }
    }
}
