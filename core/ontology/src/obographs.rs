//! Converts OBO Graphs JSON to OBO.
//!
//! The Gene Ontology is published in both formats. Scoring, runners and frozen datasets read OBO
//! only, so the JSON is converted: terms sorted by id, as in GO's own OBO files, with name,
//! namespace, alternative ids, `is_a` and `part_of`. Format:
//! <https://github.com/geneontology/obographs>.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde::Deserialize;
use serde_json::Value;

use super::error::OntologyError;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    graphs: Vec<Graph<'a>>,
}

#[derive(Deserialize)]
struct Graph<'a> {
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
    #[serde(borrow, default)]
    nodes: Vec<Node<'a>>,
    #[serde(borrow, default)]
    edges: Vec<Edge<'a>>,
}

#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    lbl: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(default)]
    deprecated: bool,
    #[serde(borrow, default)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "basicPropertyValues")]
    properties: Vec<Property<'a>>,
}

#[derive(Deserialize)]
struct Property<'a> {
    #[serde(borrow)]
    pred: Cow<'a, str>,
    #[serde(default)]
    val: Value,
}

#[derive(Deserialize)]
struct Edge<'a> {
    #[serde(borrow, alias = "subj")]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    pred: Cow<'a, str>,
    #[serde(borrow)]
    obj: Cow<'a, str>,
}

#[derive(Default)]
struct Term {
    name: String,
    namespace: Option<String>,
    obsolete: bool,
    alternatives: BTreeSet<String>,
    replaced_by: BTreeSet<String>,
    consider: BTreeSet<String>,
    is_a: BTreeSet<String>,
    part_of: BTreeSet<String>,
}

/// Converts an ontology to OBO. Returns `bytes` unchanged unless they are JSON. `file` is the name
/// for error messages.
///
/// # Errors
///
/// [`OntologyError::Malformed`] if the bytes are JSON but not OBO Graphs.
pub fn as_obo<'a>(bytes: &'a [u8], file: &str) -> Result<Cow<'a, [u8]>, OntologyError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Ok(Cow::Borrowed(bytes));
    }
    let document: Document<'_> =
        serde_json::from_slice(text).map_err(|error| OntologyError::Malformed {
            file: file.to_owned(),
            line: error.line(),
            problem: format!("the file is JSON but not OBO Graphs: {error}"),
        })?;
    let mut terms: BTreeMap<String, Term> = BTreeMap::new();
    let mut version = None;
    for graph in &document.graphs {
        version = version.or_else(|| release(graph.meta.as_ref()?.version.as_deref()?));
        for node in &graph.nodes {
            if node.kind.as_deref().is_none_or(|kind| kind == "CLASS")
                && let Some(id) = curie(&node.id)
            {
                terms.entry(id).or_default().add(node);
            }
        }
    }
    for edge in document.graphs.iter().flat_map(|graph| &graph.edges) {
        let child = curie(&edge.sub).and_then(|id| terms.get_mut(&id));
        if let (Some(child), Some(parent)) = (child, curie(&edge.obj)) {
            match edge.pred.as_ref() {
                "is_a" => child.is_a.insert(parent),
                "part_of"
                | "BFO:0000050"
                | "http://purl.obolibrary.org/obo/BFO_0000050"
                | "https://purl.obolibrary.org/obo/BFO_0000050" => child.part_of.insert(parent),
                _ => continue,
            };
        }
    }
    Ok(Cow::Owned(write(&terms, version.as_deref()).into_bytes()))
}

impl Term {
    fn add(&mut self, node: &Node<'_>) {
        if let Some(name) = &node.lbl
            && self.name.is_empty()
        {
            self.name = on_one_line(name);
        }
        let Some(meta) = &node.meta else {
            return;
        };
        self.obsolete |= meta.deprecated;
        for property in &meta.properties {
            let Some(value) = property.val.as_str() else {
                continue;
            };
            let name = property.pred.rsplit(['#', '/', ':']).next().unwrap_or("");
            match name {
                "hasOBONamespace" => {
                    self.namespace.get_or_insert_with(|| on_one_line(value));
                }
                "hasAlternativeId" => self.alternatives.extend(curie(value)),
                "IAO_0100001" | "0100001" => self.replaced_by.extend(curie(value)),
                "consider" => self.consider.extend(curie(value)),
                _ => {}
            }
        }
    }
}

/// Converts `http://purl.obolibrary.org/obo/GO_0008150` to `GO:0008150`; keeps `GO:0008150`. `None`
/// if `id` is not the id of a term.
fn curie(id: &str) -> Option<String> {
    let purl = [
        "http://purl.obolibrary.org/obo/",
        "https://purl.obolibrary.org/obo/",
    ];
    let id = match purl.iter().find_map(|start| id.strip_prefix(start)) {
        Some(name) => name.replacen('_', ":", 1),
        None => id.to_owned(),
    };
    let (prefix, local) = id.split_once(':')?;
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    (plain(prefix) && plain(local)).then_some(id)
}

/// Extracts `releases/2024-01-17`, the form of OBO files, from
/// `http://purl.obolibrary.org/obo/go/releases/2024-01-17/go-basic.json`.
fn release(version: &str) -> Option<String> {
    let (_, rest) = version.split_once("releases/")?;
    let date = rest.split('/').next().filter(|date| !date.is_empty())?;
    Some(on_one_line(&format!("releases/{date}")))
}

/// Replaces line breaks and control characters, so that a value stays on one line of OBO.
fn on_one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn write(terms: &BTreeMap<String, Term>, version: Option<&str>) -> String {
    let mut obo = String::from("format-version: 1.2\n");
    if let Some(version) = version {
        let _ = writeln!(obo, "data-version: {version}");
    }
    let with_name = |id: &str| match terms.get(id) {
        Some(term) if !term.name.is_empty() => format!("{id} ! {}", term.name),
        _ => id.to_owned(),
    };
    for (id, term) in terms {
        let mut tag = |tag: &str, value: &str| {
            // Writing to a `String` cannot fail.
            let _ = writeln!(obo, "{tag}: {value}");
        };
        tag("\n[Term]\nid", id);
        tag("name", &term.name);
        if let Some(namespace) = &term.namespace {
            tag("namespace", namespace);
        }
        for id in &term.alternatives {
            tag("alt_id", id);
        }
        for id in &term.is_a {
            tag("is_a", &with_name(id));
        }
        for id in &term.part_of {
            tag("relationship", &format!("part_of {}", with_name(id)));
        }
        if term.obsolete {
            tag("is_obsolete", "true");
        }
        for id in &term.replaced_by {
            tag("replaced_by", id);
        }
        for id in &term.consider {
            tag("consider", id);
        }
    }
    obo
}
