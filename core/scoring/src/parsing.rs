//! Parsing one block of predictions. This is the hot loop of reading.

use crate::{
    lines::{Lines, columns, float},
    report::SkippedLines,
    sparse::NamespacePredictions,
    truth::{GroundTruth, NONE},
};

/// The parsed predictions of a block for the proteins of the ground truth.
pub(super) struct Block {
    pub namespaces: Vec<NamespacePredictions>,
    pub skipped: SkippedLines,
}

/// A score that is not a number.
pub(super) struct BadScore {
    /// Line within the block, from 0.
    pub line: u64,
    pub text: String,
}

pub(super) fn parse(block: &[u8], truth: &GroundTruth<'_>) -> Result<Block, BadScore> {
    let ontology = truth.ontology;
    let mut skipped = SkippedLines::default();
    let mut namespaces = vec![NamespacePredictions::default(); truth.namespaces.len()];
    let offsets: Vec<usize> = ontology.namespaces().iter().map(|n| n.offset()).collect();
    // Files usually list predictions protein by protein, so the rows of the last protein are
    // cached.
    let mut last: &[u8] = b"";
    let mut known = false;
    let mut rows = vec![NONE; truth.namespaces.len()];

    for (line, bytes) in Lines::new(block) {
        let [accession, term, score] = columns(bytes);
        if score.is_empty() {
            if !accession.is_empty() {
                skipped.lines += 1;
                skipped.short_lines += 1;
            }
            continue;
        }
        skipped.lines += 1;
        if accession != last {
            last = accession;
            let protein = truth.proteins.get(accession).copied();
            known = protein.is_some();
            if let Some(protein) = protein {
                for (row, namespace) in rows.iter_mut().zip(&truth.namespaces) {
                    *row = namespace.row_of[protein as usize];
                }
            }
        }
        if !known {
            skipped.unknown_proteins.add(accession);
            continue;
        }
        let terms = ontology.resolve_predicted(term, |n| truth.namespaces[n].rows() > 0);
        if terms.is_empty() {
            skipped.unknown_terms.add(term);
            continue;
        }
        // A score that is not used is not parsed, so it can be invalid.
        let mut value = None;
        for &term in terms.iter() {
            let at = ontology.namespace_of(term);
            if rows[at] == NONE {
                continue;
            }
            let value = match value {
                Some(value) => value,
                None => *value.insert(float(score).ok_or_else(|| BadScore {
                    line,
                    text: String::from_utf8_lossy(&score[..score.len().min(40)]).into_owned(),
                })?),
            };
            namespaces[at].push(rows[at], (term.index() - offsets[at]) as u32, value);
        }
        if value.is_some() {
            skipped.used += 1;
        } else {
            skipped.other_namespace += 1;
        }
    }
    Ok(Block {
        namespaces,
        skipped,
    })
}
