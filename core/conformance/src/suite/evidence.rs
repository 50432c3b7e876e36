//! Evidence of predictions, which a request can ask for.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use protea_cafa::assessment::open_dataset;
use protea_core::contracts::{Explanation, PredictResult, explanation::TermExplanation};
use protea_files::Links;

use crate::{Verdict, subject::cannot_write, written::Written};

/// The most contributions per term that the test asks for.
pub(super) const CONTRIBUTIONS: usize = 2;

/// The largest file of evidence in bytes: the suite's datasets are small.
const LARGEST: u64 = 1 << 30;

/// Checks the evidence that belongs to these predictions. Returns the number of contributions.
pub(super) fn check(
    result: &PredictResult,
    written: &Written,
    train: &Path,
) -> Result<usize, Verdict> {
    let Some(uri) = &result.evidence_uri else {
        return Err(Verdict::skipped(
            "the runner lists no contributions to its predictions",
        ));
    };
    let path = uri.to_file_path().map_err(|()| {
        Verdict::failed(
            "`evidence_uri` names a file",
            uri.to_string(),
            "return the file:// URI of the file that was written",
        )
    })?;
    let text = protea_files::read_text(&path, Links::Refuse, LARGEST);
    let text = text.map_err(|error| cannot_write(error.into()))?;
    let references = references(train)?;
    let mut explained = HashSet::new();
    let mut contributions = 0;
    for line in text.lines() {
        let evidence: Explanation = serde_json::from_str(line).map_err(|error| {
            differs(
                "each line of the evidence is an `Explanation`",
                error.to_string(),
            )
        })?;
        let protein = evidence.accession.clone();
        let Some(terms) = written.get(&protein) else {
            return Err(differs(
                "the evidence is of proteins with predictions",
                format!("{protein} has evidence and no prediction"),
            ));
        };
        contributions += of_protein(&evidence, terms, &references)?;
        explained.insert(protein);
    }
    match written
        .keys()
        .filter(|&protein| !explained.contains(protein))
        .min()
    {
        Some(protein) => Err(differs(
            "each protein with predictions has evidence",
            format!("{protein} has none"),
        )),
        None => Ok(contributions),
    }
}

/// The accessions of the training set.
fn references(train: &Path) -> Result<HashSet<String>, Verdict> {
    let dataset = open_dataset(train).map_err(|error| {
        Verdict::skipped(format!(
            "the proteins of the dataset cannot be read: {error}"
        ))
    })?;
    let accessions = (0..dataset.len()).map(|at| dataset.accession(at).to_owned());
    Ok(accessions.collect())
}

fn of_protein(
    evidence: &Explanation,
    written: &HashMap<String, f64>,
    references: &HashSet<String>,
) -> Result<usize, Verdict> {
    let protein = &evidence.accession;
    let mut explained = HashSet::new();
    let mut contributions = 0;
    for term in &evidence.terms {
        let id = &term.term;
        if !written.contains_key(id) || !explained.insert(id) {
            return Err(differs(
                "the evidence of a protein has each of its predicted terms once",
                format!("{id} of {protein} was not predicted, or occurs twice"),
            ));
        }
        of_term(protein, term, references)?;
        contributions += term.contributions.len();
    }
    match written.keys().filter(|&id| !explained.contains(id)).min() {
        Some(id) => Err(differs(
            "the evidence of a protein has each of its predicted terms",
            format!("{id} of {protein} has none"),
        )),
        None => Ok(contributions),
    }
}

fn of_term(
    protein: &str,
    term: &TermExplanation,
    references: &HashSet<String>,
) -> Result<(), Verdict> {
    let id = &term.term;
    if term.contributions.len() > CONTRIBUTIONS {
        return Err(differs(
            &format!("a term has at most {CONTRIBUTIONS} contributions, as requested"),
            format!("{id} of {protein} has {}", term.contributions.len()),
        ));
    }
    for contribution in &term.contributions {
        // A contributor with a rank, a distance or a similarity is a protein.
        let is_protein = contribution.rank.is_some()
            || contribution.distance.is_some()
            || contribution.similarity.is_some();
        let source = &contribution.source;
        if source.is_empty() || is_protein && !references.contains(source) {
            return Err(differs(
                "the evidence names proteins of the training set, or features",
                format!(
                    "{id} of {protein} rests on {source:?}, which the training set does not have"
                ),
            ));
        }
        if !contribution.amount.is_finite() {
            return Err(differs(
                "the amount of a contribution is a number",
                format!(
                    "{source:?} contributes {} to {id} of {protein}",
                    contribution.amount
                ),
            ));
        }
    }
    Ok(())
}

fn differs(expected: &str, seen: String) -> Verdict {
    Verdict::failed(
        expected,
        seen,
        "add the explanation of every protein with `PredictionSink::add_explained`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(json: serde_json::Value) -> Explanation {
        serde_json::from_value(json).expect("the test's evidence is valid")
    }

    fn contribution(source: &str) -> serde_json::Value {
        serde_json::json!({ "source": source, "amount": 0.5, "rank": 1 })
    }

    fn of(terms: serde_json::Value) -> Result<usize, Verdict> {
        let evidence = evidence(serde_json::json!({
            "accession": "Q1", "contributors": "neighbour", "predicted": 1, "terms": terms,
        }));
        let written = HashMap::from([("GO:1".to_owned(), 0.5)]);
        of_protein(&evidence, &written, &HashSet::from(["P1".to_owned()]))
    }

    #[test]
    fn contributions_are_of_the_training_set() {
        let term = |id: &str, contributions: serde_json::Value| serde_json::json!([{ "term": id, "score": 0.5, "contributions": contributions }]);
        let right = of(term("GO:1", serde_json::json!([contribution("P1")])));
        assert_eq!(right.ok(), Some(1));
        let many = serde_json::json!(["P1", "P1", "P1"].map(contribution));
        for wrong in [
            term("GO:1", serde_json::json!([contribution("P2")])),
            term("GO:1", serde_json::json!([contribution("")])),
            term("GO:1", many),
            term("GO:2", serde_json::json!([])),
            serde_json::json!([]),
        ] {
            assert!(of(wrong.clone()).is_err(), "{wrong}");
        }
        // A feature has no rank.
        let feature = serde_json::json!([{ "source": "vote", "amount": 0.5 }]);
        assert_eq!(of(term("GO:1", feature)).ok(), Some(1));
    }
}
