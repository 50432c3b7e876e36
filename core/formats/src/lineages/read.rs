//! Reads lineages.

use std::{collections::HashMap, path::Path};

use protea_ontology::spelling::trim_invisible;

use super::{Lineages, MERGED, Node};
use crate::{
    FormatError,
    accession::parse_taxon,
    error::excerpt,
    lines::{Lines, separator_hint},
};

/// The most ranks. NCBI has about 45.
const MOST_RANKS: usize = 10_000;
/// The most taxa of a cycle that a message names.
const EXAMPLES: usize = 5;

/// Reads lineages of taxa: `nodes.dmp` of NCBI's taxonomy, or a table of taxon and parent with an
/// optional third column for the rank, separated by tabs or blanks, with or without a header.
///
/// Beside `nodes.dmp`, `merged.dmp` and `delnodes.dmp` are read if they are there. A root is its own
/// parent or has the parent 0; a parent without a row is a root too, see
/// [`Lineages::implied_roots`].
///
/// # Errors
///
/// [`FormatError::Malformed`] for an invalid line, a taxon with two parents, and taxa that are their
/// own ancestors; [`FormatError::Empty`] for a file without rows; [`FormatError::Read`] if reading
/// fails.
pub fn read_lineages(path: &Path) -> Result<Lineages, FormatError> {
    let mut lineages = Lineages::default();
    let mut lines = Lines::open(path)?;
    let (mut is_first, mut is_dump) = (true, false);
    while lines.advance()? {
        let line = lines.line();
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let is_first = std::mem::take(&mut is_first);
        if is_first && !line.iter().any(u8::is_ascii_digit) {
            continue;
        }
        if is_first || lineages.nodes.is_empty() {
            is_dump = line.contains(&b'|');
        }
        add_row(&mut lineages, &lines, is_dump)?;
    }
    if lineages.nodes.is_empty() {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of taxon and parent",
        });
    }
    if is_dump {
        read_changes(&mut lineages, path)?;
    }
    close(&mut lineages);
    check_cycles(&lineages, path)?;
    Ok(lineages)
}

fn add_row(lineages: &mut Lineages, lines: &Lines, is_dump: bool) -> Result<(), FormatError> {
    let invalid = || {
        lines.malformed(
            format!(
                "{} is not a taxon and its parent{}",
                excerpt(lines.line()),
                separator_hint(lines.line())
            ),
            "give nodes.dmp of NCBI unchanged, or two columns of numbers, such as '9606<tab>9605'",
        )
    };
    let text = lines.text()?;
    let fields: Vec<&str> = if is_dump {
        text.split('|').map(str::trim).collect()
    } else if text.contains('\t') {
        text.split('\t').map(trim_invisible).collect()
    } else {
        text.split_whitespace().map(trim_invisible).collect()
    };
    let (taxon, parent, rank) = match fields[..] {
        [taxon, parent, rank, ..] if is_dump && !parent.is_empty() => (taxon, parent, rank),
        _ if is_dump => return Err(invalid()),
        [taxon, parent] => (taxon, parent, ""),
        [taxon, parent, rank] => (taxon, parent, rank),
        _ => return Err(invalid()),
    };
    let number = |text: &str| {
        let digits = text
            .strip_prefix("taxon:")
            .or_else(|| text.strip_prefix("NCBITaxon:"))
            .unwrap_or(text);
        parse_taxon(digits)
    };
    let taxon = number(taxon).ok_or_else(invalid)?;
    let parent = match parent {
        "" | "0" => taxon,
        parent => number(parent).ok_or_else(invalid)?,
    };
    if rank == MERGED && !is_dump {
        lineages.merged.insert(taxon, parent);
        return Ok(());
    }
    let rank = lineages.rank_number(rank);
    if lineages.ranks.len() > MOST_RANKS {
        return Err(lines.malformed(
            format!("there are more than {MOST_RANKS} different ranks so far"),
            "the third column is for ranks, such as 'genus'",
        ));
    }
    let line = u32::try_from(lines.number()).unwrap_or(u32::MAX);
    let node = Node { parent, rank, line };
    match lineages.nodes.insert(taxon, node) {
        Some(earlier) if earlier.parent != parent => Err(lines.malformed(
            format!(
                "taxon {taxon} has the parent {parent} here and {} in line {}",
                earlier.parent, earlier.line
            ),
            "keep the correct one of the two lines",
        )),
        _ => Ok(()),
    }
}

/// Reads `merged.dmp` and `delnodes.dmp` beside `nodes.dmp`.
fn read_changes(lineages: &mut Lineages, nodes: &Path) -> Result<(), FormatError> {
    for_rows(&nodes.with_file_name("merged.dmp"), |lines, fields| match (
        parse_taxon(fields[0]),
        fields.get(1).copied().and_then(parse_taxon),
    ) {
        (Some(old), Some(new)) => {
            lineages.merged.insert(old, new);
            Ok(())
        }
        _ => Err(lines.malformed(
            format!("{} is not a pair of taxa", excerpt(lines.line())),
            "give merged.dmp of NCBI unchanged, or remove it",
        )),
    })?;
    for_rows(
        &nodes.with_file_name("delnodes.dmp"),
        |lines, fields| match parse_taxon(fields[0]) {
            Some(taxon) => {
                lineages.deleted.insert(taxon);
                Ok(())
            }
            None => Err(lines.malformed(
                format!("{} is not a taxon", excerpt(lines.line())),
                "give delnodes.dmp of NCBI unchanged, or remove it",
            )),
        },
    )
}

/// Calls `row` for each line of a file of NCBI, if it exists.
fn for_rows(
    path: &Path,
    mut row: impl FnMut(&Lines, &[&str]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    if !path.exists() {
        return Ok(());
    }
    let mut lines = Lines::open(path)?;
    while lines.advance()? {
        if lines.line().trim_ascii().is_empty() {
            continue;
        }
        let fields: Vec<&str> = lines.text()?.split('|').map(str::trim).collect();
        row(&lines, &fields)?;
    }
    Ok(())
}

/// Lets every parent be in the tree: one that was merged is replaced, and one that is missing
/// becomes a root.
fn close(lineages: &mut Lineages) {
    let mut replaced: Vec<(u32, u32)> = Vec::new();
    let mut missing: Vec<u32> = Vec::new();
    for (&taxon, node) in &lineages.nodes {
        match lineages.current(node.parent) {
            Ok(current) if current != node.parent => replaced.push((taxon, current)),
            Ok(_) => {}
            Err(_) => missing.push(node.parent),
        }
    }
    for (taxon, parent) in replaced {
        if let Some(node) = lineages.nodes.get_mut(&taxon) {
            node.parent = parent;
        }
    }
    missing.sort_unstable();
    missing.dedup();
    for &root in &missing {
        let node = Node {
            parent: root,
            rank: None,
            line: 0,
        };
        lineages.nodes.insert(root, node);
    }
    lineages.implied_roots = missing;
}

fn check_cycles(lineages: &Lineages, path: &Path) -> Result<(), FormatError> {
    // By taxon, the start of the walk that met it first.
    let mut met: HashMap<u32, u32> = HashMap::with_capacity(lineages.nodes.len());
    for &start in lineages.nodes.keys() {
        let mut at = start;
        loop {
            match met.get(&at) {
                Some(&walk) if walk == start => return Err(cycle(lineages, at, path)),
                Some(_) => break,
                None => {}
            }
            met.insert(at, start);
            let Some(node) = lineages.nodes.get(&at).filter(|node| node.parent != at) else {
                break;
            };
            at = node.parent;
        }
    }
    Ok(())
}

/// The error for a cycle through a taxon. It begins at the smallest taxon of the cycle, so that it
/// does not depend on the order of the search.
fn cycle(lineages: &Lineages, through: u32, path: &Path) -> FormatError {
    let parent = |taxon: &u32| lineages.nodes.get(taxon).map(|node| node.parent);
    let around = |from: u32| {
        std::iter::successors(Some(from), move |at| parent(at).filter(|at| *at != from))
    };
    let first = around(through).min().unwrap_or(through);
    let taxa: Vec<String> = around(first)
        .take(EXAMPLES)
        .map(|taxon| taxon.to_string())
        .collect();
    let more = if around(first).nth(EXAMPLES).is_some() {
        ", …"
    } else {
        ""
    };
    let line = lineages.nodes.get(&first).map_or(0, |node| node.line);
    FormatError::malformed(
        path,
        line.into(),
        format!(
            "taxon {first} is its own ancestor, through {}{more}",
            taxa.join(", ")
        ),
        "correct the parent of one of them",
    )
}
