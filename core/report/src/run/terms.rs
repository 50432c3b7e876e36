//! The section on terms: which ones the run predicts and which ones it misses.

use super::method::Scoring;
use crate::{
    analysis::{Method, Opened},
    data::{Cell, Data},
    figure::Table,
    page::Page,
};

/// Adds the section.
pub fn section(page: &mut Page, (method, eval): (&Method, &Opened), scoring: &Scoring) {
    let ontology = &eval.ontology;
    let accretion = eval.reference().ok();
    let accretion = accretion
        .as_ref()
        .and_then(|reference| reference.accretion());
    let mut rows = Vec::new();
    for result in &method.aspects {
        for counts in &result.details.terms {
            let term = counts.term;
            let trained = scoring.training.as_ref().map(|counts| counts[term.index()]);
            rows.push((
                counts.positives,
                vec![
                    Cell::text(ontology.id(term)),
                    Cell::text(ontology.name(term)),
                    Cell::text(&result.aspect),
                    Cell::Count(ontology.depth(term) as u64),
                    Cell::optional(accretion.map(|accretion| accretion.value(term))),
                    trained.map_or(Cell::Missing, |count| Cell::Count(count.into())),
                    Cell::Count(counts.positives.into()),
                    Cell::Count(counts.predicted.into()),
                    Cell::Count(counts.correct.into()),
                    Cell::optional(counts.recall()),
                    Cell::optional(counts.precision()),
                ],
            ));
        }
    }
    // Frequent terms first: what is missed there costs most.
    rows.sort_by_key(|(positives, _)| std::cmp::Reverse(*positives));
    let mut data = Data::new([
        "term",
        "name",
        "aspect",
        "depth",
        "IA",
        "in training",
        "positives",
        "predicted",
        "correct",
        "recall",
        "precision",
    ]);
    data.rows = rows.into_iter().map(|(_, row)| row).collect();
    page.section("terms", "Terms");
    page.table(
        Table::new("terms-table", "Terms, the most frequent first", data)
            .with_note("Counted at the threshold of Fmax of each aspect, after propagation. IA is the information accretion in bits; <em>in training</em> is the number of training proteins with the term.")
            .with_help([
                "id in the ontology",
                "",
                "",
                "length of the longest path from the root",
                "information accretion in bits",
                "training proteins with the term",
                "proteins that have the term",
                "proteins that it is predicted for",
                "of these, proteins that have it",
                "correct / positives",
                "correct / predicted",
            ]),
    );
}
