//! Recognises formats of text that no reader here can use, by their first lines.

use crate::foreign::Foreign;

/// A web page or another document in XML.
pub(super) fn markup(start: &[u8]) -> Option<Foreign> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let start = start.trim_ascii_start();
    if start.first() != Some(&b'<') {
        return None;
    }
    let text = start[..start.len().min(1024)].to_ascii_lowercase();
    let contains = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    if text.starts_with(b"<!doctype html")
        || contains(b"<html")
        || contains(b"<head")
        || contains(b"<body")
    {
        Some(Foreign::Html)
    } else if text.starts_with(b"<?xml")
        || text.starts_with(b"<!")
        || text.starts_with(b"<rdf")
        || text.starts_with(b"<owl")
    {
        Some(Foreign::Xml)
    } else {
        None
    }
}

/// Files of bioinformatics whose first lines give them away.
pub(super) fn records(start: &[u8]) -> Option<Foreign> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let mut lines = start
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty());
    let first = lines.next()?;
    if first.starts_with(b"##gff-version") {
        return Some(Foreign::Gff);
    }
    if first.starts_with(b"ID   ") && lines.next()?.starts_with(b"AC   ") {
        return Some(Foreign::UniProtText);
    }
    // The lines of comments before the version may be empty.
    let mut comments = start
        .split(|&byte| byte == b'\n')
        .take_while(|line| line.starts_with(b"!"));
    let is_gpi = |line: &[u8]| line.starts_with(b"!gpi-version:");
    comments.any(is_gpi).then_some(Foreign::Gpi)
}
