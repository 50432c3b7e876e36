//! Scans the bytes of an OBO file once for the nine tags that the graph needs.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::{
    error::OntologyError,
    findings::{FindingKind, Findings},
    reading::Reading,
    tags,
};

/// One `[Term]` stanza, borrowed from the file.
pub(super) struct Record<'a> {
    /// Line of its `id:` tag, from 1.
    pub line: usize,
    pub id: &'a str,
    pub name: Cow<'a, str>,
    pub namespace: Option<&'a str>,
    pub obsolete: bool,
    /// Whether its logical definition (`intersection_of`) names a parent.
    pub defined_by_parent: bool,
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
    /// `replaced_by:` and `consider:` of the terms.
    pub replacements: Vec<OtherTerm<'a>>,
    pub findings: Findings,
}

/// A term that a term names as its replacement.
pub(super) struct OtherTerm<'a> {
    pub record: usize,
    /// Whether the tag is `consider`, not `replaced_by`.
    pub consider: bool,
    pub id: &'a str,
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

pub(super) fn scan<'a>(
    bytes: &'a [u8],
    file: &str,
    reading: Reading,
) -> Result<Records<'a>, OntologyError> {
    let mut scanner = Scanner {
        records: Records::default(),
        stanza: Stanza::Other,
        reading,
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
        // Most lines are definitions, synonyms, references and properties. Their first bytes are
        // enough to skip them. A tag of another start may be one that is misspelt.
        if matches!(first, b'd' | b's' | b'x' | b'e' | b'u' | b'b' | b'm')
            || line.starts_with(b"pr")
        {
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
    let mut records = scanner.records;
    if reading == Reading::Specification {
        namespaces(&mut records, default_namespace(bytes));
    }
    Ok(records)
}

/// Gives terms without a namespace the default one.
///
/// The default namespace of GO is `gene_ontology`, which is none of its three, and stanzas of other
/// ontologies in `go-plus.obo` have no namespace. So a default that no term has by name holds only
/// if no term has a namespace by name.
fn namespaces<'a>(records: &mut Records<'a>, default: Option<&'a str>) {
    let mut named = records.terms.iter().filter_map(|record| record.namespace);
    let default = default.filter(|default| {
        let first = named.next();
        first.is_none() || first == Some(default) || named.any(|name| name == *default)
    });
    let kind = match default {
        Some(_) => FindingKind::DefaultNamespace,
        None => FindingKind::NoNamespace,
    };
    for record in &mut records.terms {
        if record.namespace.is_none() && !record.obsolete {
            record.namespace = default;
            records.findings.add(kind, || record.id.to_owned());
        }
    }
}

/// The state of the scan. The errors of its methods describe a problem on the current line.
struct Scanner<'a> {
    records: Records<'a>,
    stanza: Stanza,
    reading: Reading,
}

impl<'a> Scanner<'a> {
    fn line(&mut self, line: &'a [u8], number: usize) -> Result<(), String> {
        if line.first() == Some(&b'[') {
            // A comment may follow. cafaeval does not look at the names of stanzas.
            let is_term = match self.reading {
                Reading::Specification => before_comment(line).eq_ignore_ascii_case(b"[Term]"),
                Reading::Cafaeval => line == b"[Term]",
            };
            self.stanza = if is_term {
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
                | b"is_obsolete" | b"replaced_by" | b"consider" | b"intersection_of"),
                value,
            )) => self.tag(tag, value, number),
            Some((tag, value)) if self.reading == Reading::Specification => {
                self.other_tag(tag, value, number)
            }
            _ => Ok(()),
        }
    }

    /// Reads a tag that is written in another form, and counts unknown tags that name a term.
    fn other_tag(&mut self, tag: &'a [u8], value: &'a [u8], number: usize) -> Result<(), String> {
        let findings = &mut self.records.findings;
        let name = || format!("{} in line {number}", String::from_utf8_lossy(tag));
        match tags::meant(tag) {
            Some(meant) => {
                findings.add(FindingKind::TagSpelling, name);
                self.tag(meant, value, number)
            }
            None if tag == b"part_of" => {
                findings.add(FindingKind::TagSpelling, name);
                self.tag(tag, value, number)
            }
            None if !tags::is_defined(tag) && tags::names_term(value) => {
                findings.add(FindingKind::UnknownTag, name);
                Ok(())
            }
            None => Ok(()),
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
            name: Cow::Borrowed(""),
            namespace: None,
            obsolete: false,
            defined_by_parent: false,
            alt_ids: self.records.alt_ids.len(),
            parents: self.records.parents.len(),
        });
        self.stanza = Stanza::Named;
        Ok(())
    }

    fn tag(&mut self, tag: &[u8], value: &'a [u8], line: usize) -> Result<(), String> {
        let has_id = matches!(self.stanza, Stanza::Named);
        let specification = self.reading == Reading::Specification;
        let at = self.records.terms.len();
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
        if specification && value.ends_with(b"\\") && tag != b"name" {
            return Err("the line continues on the next line, which is not supported".to_owned());
        }
        let findings = &mut self.records.findings;
        let mut empty_edge = |value: &[u8]| {
            let empty = specification && before_comment(value).is_empty();
            if empty {
                findings.add(FindingKind::EmptyEdge, || format!("line {line}"));
            }
            empty
        };
        match tag {
            b"name" => {
                record.name = match text(value) {
                    Some(name) => Cow::Borrowed(name),
                    None => {
                        findings.add(FindingKind::NameEncoding, || record.id.to_owned());
                        let latin_1 = value.iter().map(|&byte| char::from(byte));
                        Cow::Owned(latin_1.collect())
                    }
                };
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
            b"is_a" | b"part_of" if empty_edge(value) => {}
            b"is_a" | b"part_of" => self.records.parents.push(parse_id(value)?),
            b"is_obsolete" => {
                // cafaeval ignores the value, so there `is_obsolete: false` makes a term obsolete.
                let says = before_comment(value);
                let says_false = [&b"false"[..], b"0", b"no", b"f"]
                    .iter()
                    .any(|no| says.eq_ignore_ascii_case(no));
                if specification && says_false {
                    findings.add(FindingKind::NotObsolete, || record.id.to_owned());
                } else {
                    record.obsolete = true;
                }
            }
            b"intersection_of" => {
                // Other lines of it name a relation first.
                let mut words = before_comment(value).split(u8::is_ascii_whitespace);
                let genus = words.next().is_some_and(|word| word.contains(&b':'));
                record.defined_by_parent |= genus && words.next().is_none();
            }
            b"replaced_by" | b"consider" => {
                if let Some(id) = identifier(value) {
                    self.records.replacements.push(OtherTerm {
                        record: at - 1,
                        consider: tag == b"consider",
                        id,
                    });
                }
            }
            _ => {
                let end = value.iter().position(u8::is_ascii_whitespace);
                let (relation, target) = value.split_at(end.unwrap_or(value.len()));
                let other = tags::part_of_in_other_form(value).filter(|_| specification);
                let target = other.or_else(|| (relation == b"part_of").then_some(target));
                if let Some(target) = target
                    && !empty_edge(target)
                {
                    self.records.parents.push(parse_id(target)?);
                    if other.is_some() {
                        findings.add(FindingKind::PartOfByNumber, || record.id.to_owned());
                    }
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
    header(bytes, b"data-version:")
}

fn default_namespace(bytes: &[u8]) -> Option<&str> {
    let value = header(bytes, b"default-namespace:")?;
    text(before_comment(value.as_bytes())).filter(|name| !name.is_empty())
}

/// The value of a tag of the header.
fn header<'a>(bytes: &'a [u8], tag: &[u8]) -> Option<&'a str> {
    bytes
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .take_while(|line| !line.starts_with(b"["))
        .find_map(|line| text(line.strip_prefix(tag)?))
}

/// The file with `\n` after every line, also if it was written with `\r` alone.
pub(super) fn with_newlines(bytes: &[u8]) -> Cow<'_, [u8]> {
    let alone = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let mut from = 0;
    loop {
        let Some(next) = memchr(b'\r', &bytes[from..]).map(|at| from + at) else {
            return Cow::Borrowed(bytes);
        };
        if alone(next) {
            break;
        }
        from = next + 1;
    }
    let mut text = bytes.to_vec();
    for (at, byte) in text.iter_mut().enumerate().skip(from) {
        if alone(at) {
            *byte = b'\n';
        }
    }
    Cow::Owned(text)
}
