//! Scans the bytes of an OBO file once for the seven tags that the graph needs.

use memchr::{memchr, memchr_iter};

use super::error::OntologyError;

/// One `[Term]` stanza, borrowed from the file.
pub(super) struct Record<'a> {
    /// Line of its `id:` tag, from 1.
    pub line: usize,
    pub id: &'a str,
    pub name: &'a str,
    pub namespace: Option<&'a str>,
    pub obsolete: bool,
    /// Start of its alternative ids in [`Records::alt_ids`]. They end where those of the next
    /// record start.
    pub alt_ids: usize,
    /// Start of its parents in [`Records::parents`], with the same end rule.
    pub parents: usize,
}

/// The `[Term]` stanzas of a file, in the order of the file.
#[derive(Default)]
pub(super) struct Records<'a> {
    pub terms: Vec<Record<'a>>,
    pub alt_ids: Vec<&'a str>,
    pub parents: Vec<&'a str>,
    /// Number of `[Term]` headers, including stanzas without an id.
    pub stanzas: usize,
}

impl<'a> Records<'a> {
    pub fn alt_ids_of(&self, record: usize) -> &[&'a str] {
        let end = self
            .terms
            .get(record + 1)
            .map_or(self.alt_ids.len(), |r| r.alt_ids);
        &self.alt_ids[self.terms[record].alt_ids..end]
    }

    pub fn parents_of(&self, record: usize) -> &[&'a str] {
        let end = self
            .terms
            .get(record + 1)
            .map_or(self.parents.len(), |r| r.parents);
        &self.parents[self.terms[record].parents..end]
    }
}

#[derive(Clone, Copy)]
enum Stanza {
    /// The header of the file, a `[Typedef]` or an `[Instance]`.
    Other,
    /// In a `[Term]`, before its `id:`.
    Opened,
    /// In a `[Term]`, after its `id:`.
    Named,
}

pub(super) fn scan<'a>(bytes: &'a [u8], file: &str) -> Result<Records<'a>, OntologyError> {
    let mut scanner = Scanner {
        records: Records::default(),
        stanza: Stanza::Other,
    };
    let mut start = 0;
    let ends =
        memchr_iter(b'\n', bytes).chain((bytes.last() != Some(&b'\n')).then_some(bytes.len()));
    for (number, end) in ends.enumerate() {
        let line = &bytes[start..end];
        start = end + 1;
        let (Some(&first), Some(last)) = (line.first(), line.last()) else {
            continue;
        };
        // Most lines are definitions, synonyms and references. Their first byte is enough to skip
        // them.
        if !matches!(first, b'[' | b'i' | b'n' | b'a' | b'r' | b' ' | b'\t') {
            continue;
        }
        let line = if first == b' ' || first == b'\t' || last.is_ascii_whitespace() {
            line.trim_ascii()
        } else {
            line
        };
        scanner
            .line(line, number + 1)
            .map_err(|problem| OntologyError::Malformed {
                file: file.to_owned(),
                line: number + 1,
                problem,
            })?;
    }
    Ok(scanner.records)
}

/// The state of the scan. The errors of its methods describe a problem on the current line.
struct Scanner<'a> {
    records: Records<'a>,
    stanza: Stanza,
}

impl<'a> Scanner<'a> {
    fn line(&mut self, line: &'a [u8], number: usize) -> Result<(), String> {
        if line.first() == Some(&b'[') {
            self.stanza = if line == b"[Term]" {
                self.records.stanzas += 1;
                Stanza::Opened
            } else {
                Stanza::Other
            };
            return Ok(());
        }
        if matches!(self.stanza, Stanza::Other) {
            return Ok(());
        }
        match tag_and_value(line) {
            Some((b"id", value)) => self.id(value, number),
            Some((
                tag @ (b"name" | b"namespace" | b"alt_id" | b"is_a" | b"relationship"
                | b"is_obsolete"),
                value,
            )) => self.tag(tag, value),
            _ => Ok(()),
        }
    }

    fn id(&mut self, value: &'a [u8], line: usize) -> Result<(), String> {
        if matches!(self.stanza, Stanza::Named) {
            return Err(
                "a second `id:` in one [Term] stanza (is a `[Term]` line missing?)".to_owned(),
            );
        }
        let id = identifier(value).ok_or_else(|| "the `id:` is empty or not UTF-8".to_owned())?;
        self.records.terms.push(Record {
            line,
            id,
            name: "",
            namespace: None,
            obsolete: false,
            alt_ids: self.records.alt_ids.len(),
            parents: self.records.parents.len(),
        });
        self.stanza = Stanza::Named;
        Ok(())
    }

    fn tag(&mut self, tag: &[u8], value: &'a [u8]) -> Result<(), String> {
        let has_id = matches!(self.stanza, Stanza::Named);
        let Some(record) = self.records.terms.last_mut().filter(|_| has_id) else {
            return Err(format!(
                "`{}:` comes before the `id:` of its [Term] stanza",
                String::from_utf8_lossy(tag)
            ));
        };
        let parse_id = |value| {
            identifier(value).ok_or_else(|| {
                format!(
                    "`{}:` has no term id or is not UTF-8",
                    String::from_utf8_lossy(tag)
                )
            })
        };
        match tag {
            b"name" => {
                record.name = text(value).ok_or_else(|| "the name is not UTF-8".to_owned())?;
            }
            b"namespace" => {
                let namespace = text(before_comment(value))
                    .filter(|n| !n.is_empty())
                    .ok_or_else(|| "the namespace is empty or not UTF-8".to_owned())?;
                if record.namespace.replace(namespace).is_some() {
                    return Err(format!("a second namespace for {}", record.id));
                }
            }
            b"alt_id" => self.records.alt_ids.push(parse_id(value)?),
            b"is_a" => self.records.parents.push(parse_id(value)?),
            // cafaeval ignores the value too, so `is_obsolete: false` makes a term obsolete.
            b"is_obsolete" => record.obsolete = true,
            _ => {
                if let Some((b"part_of", target)) = value
                    .split_at_checked(7)
                    .filter(|(_, t)| t.is_empty() || t[0].is_ascii_whitespace())
                {
                    self.records.parents.push(parse_id(target)?);
                }
            }
        }
        Ok(())
    }
}

fn tag_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

/// The part before a trailing modifier `{…}` or comment `! …`.
fn before_comment(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .position(|&b| b == b'!' || b == b'{')
        .unwrap_or(value.len());
    value[..end].trim_ascii()
}

fn identifier(value: &[u8]) -> Option<&str> {
    let id = before_comment(value)
        .split(u8::is_ascii_whitespace)
        .next()?;
    text(id).filter(|id| !id.is_empty())
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value.trim_ascii()).ok()
}

/// The `data-version` of the file's header.
pub(super) fn data_version(bytes: &[u8]) -> Option<&str> {
    bytes
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .take_while(|line| !line.starts_with(b"["))
        .find_map(|line| text(line.strip_prefix(b"data-version:")?))
}
