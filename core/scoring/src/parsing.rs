//! Parsing one block of predictions. This is the hot loop of reading.

use protea_ontology::score_columns::{Header, ScoreColumns, named_columns};

use crate::{
    lines::{Lines, columns, float, is_header, is_quoted, is_remark},
    namespace_truth::NONE,
    reading::{Block, respelled},
    report::SkippedLines,
    sparse::NamespacePredictions,
    truth::GroundTruth,
};

/// The parsed predictions of a block for the proteins of the ground truth.
pub(super) struct Parsed {
    pub namespaces: Vec<NamespacePredictions>,
    pub skipped: SkippedLines,
}

/// A score that is not a number.
pub(super) struct BadScore {
    /// Line within the block, from 0.
    pub line: u64,
    pub text: String,
}

pub(super) fn parse(block: Block<'_>, truth: &GroundTruth<'_>) -> Result<Parsed, BadScore> {
    let ontology = truth.ontology;
    let mut skipped = SkippedLines::default();
    let mut namespaces = vec![NamespacePredictions::default(); truth.namespaces.len()];
    let offsets: Vec<usize> = ontology.namespaces().iter().map(|n| n.offset()).collect();
    // Files usually list predictions protein by protein, so the rows of the last protein are
    // cached.
    let mut last: &[u8] = b"";
    let mut known = false;
    let mut rows = vec![NONE; truth.namespaces.len()];

    let mapped = ontology.maps_obsolete();
    let mut may_be_header = block.is_first;
    if block.is_first {
        let header = Header::of_start(block.text, block.reading);
        skipped.named_columns = header.named;
        skipped.doubtful_column = header.doubtful;
    }
    let named = match block.columns {
        ScoreColumns::Named(places) => Some(places),
        _ => None,
    };
    for (line, bytes) in Lines::new(block.text) {
        let [accession, term, score] = match named {
            None => columns(bytes, block.reading),
            Some(places) => named_columns(bytes, places),
        };
        if score.is_empty() {
            if !accession.is_empty() {
                skipped.lines += 1;
                // The header of R has no name for the column of the names of the rows.
                let is_heading = named.is_some() && may_be_header && is_header(bytes);
                if is_remark(accession) || is_heading {
                    skipped.remarks += 1;
                    skipped.models += u64::from(accession == b"MODEL");
                    may_be_header &= !is_heading;
                } else {
                    skipped.add_short(bytes);
                }
            }
            continue;
        }
        skipped.lines += 1;
        skipped.quoted += u64::from(is_quoted(bytes, block.reading));
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
            let is_heading = may_be_header && (is_header(bytes) || named.is_some());
            if is_remark(accession) || (is_heading && (named.is_none() || float(score).is_none())) {
                skipped.remarks += 1;
                skipped.models += u64::from(accession == b"MODEL");
            } else {
                skipped.unknown_proteins.add(accession);
            }
            may_be_header = false;
            continue;
        }
        may_be_header = false;
        if named.is_none() {
            let end = score.as_ptr().addr() + score.len() - bytes.as_ptr().addr();
            if end < bytes.len() {
                skipped.add_further(&bytes[end..], block.reading);
            }
        }
        let in_truth = |n: usize| truth.namespaces[n].rows() > 0;
        let mut terms = ontology.resolve_predicted(term, in_truth);
        if terms.is_empty() {
            let Some(id) = respelled(ontology, term) else {
                skipped.add_unknown_term(term, ontology);
                continue;
            };
            skipped.respelled_terms.add(term);
            terms = ontology.resolve_predicted(id.as_bytes(), in_truth);
        }
        if mapped && ontology.is_mapped(term) {
            skipped.mapped_terms.add(term);
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
        if let Some(value) = value {
            skipped.used += 1;
            if value.is_nan() {
                skipped.not_numbers += 1;
            } else if value < 0.0 {
                skipped.negative += 1;
            } else if value > 1.0 {
                skipped.above_one += 1;
                skipped.highest = skipped.highest.max(value);
            }
        } else {
            skipped.other_namespace += 1;
        }
    }
    Ok(Parsed {
        namespaces,
        skipped,
    })
}
