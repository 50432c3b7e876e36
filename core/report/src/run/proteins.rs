//! The section on proteins: which are predicted well and which are not.

use super::method::Scoring;
use crate::{
    analysis::{Method, Opened},
    data::{Cell, Data},
    figure::Table,
    page::Page,
    text::count,
};

/// Adds the section.
pub fn section(page: &mut Page, (method, eval): (&Method, &Opened), scoring: &Scoring) {
    let dataset = &eval.dataset;
    let mut rows = Vec::new();
    let mut unpredicted = Vec::new();
    for result in &method.aspects {
        let without = result
            .details
            .proteins
            .iter()
            .filter(|p| p.predicted == 0)
            .count();
        unpredicted.push(format!(
            "{} of {} in {}",
            count(without as u64),
            count(result.details.proteins.len() as u64),
            result.aspect
        ));
        for protein in &result.details.proteins {
            let at = dataset.index_of(&protein.accession);
            let length = at.and_then(|at| dataset.sequence(at)).map(str::len);
            let taxon = at.and_then(|at| dataset.taxon(at));
            let similarity = at.and_then(|at| Some(scoring.similarity.as_ref()?[at]));
            rows.push((
                (protein.f(), std::cmp::Reverse(protein.positives)),
                vec![
                    Cell::text(&protein.accession),
                    Cell::text(&result.aspect),
                    Cell::Count(protein.positives.into()),
                    Cell::Count(protein.predicted.into()),
                    Cell::Count(protein.correct.into()),
                    Cell::Number(protein.precision()),
                    Cell::Number(protein.recall()),
                    Cell::Number(protein.f()),
                    length.map_or(Cell::Missing, |length| Cell::Count(length as u64)),
                    taxon.map_or(Cell::Missing, |taxon| Cell::text(taxon.to_string())),
                    Cell::optional(similarity),
                ],
            ));
        }
    }
    rows.sort_by(|(a, _), (b, _)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut data = Data::new([
        "protein",
        "aspect",
        "terms",
        "predicted",
        "correct",
        "precision",
        "recall",
        "F",
        "length",
        "taxon",
        "similarity",
    ]);
    data.rows = rows.into_iter().map(|(_, row)| row).collect();
    page.section("proteins", "Proteins");
    page.text(&format!(
        "Proteins without a prediction at the threshold of Fmax: {}.",
        unpredicted.join(", ")
    ));
    page.table(
        Table::new("proteins-table", "Proteins, the worst first", data)
            .with_note("Terms with their ancestors, counted at the threshold of Fmax of each aspect. Of proteins with the same F, the one with more terms is worse. <em>similarity</em> is the cosine similarity of the embedding to the nearest training protein.")
            .with_help([
                "accession",
                "",
                "terms that the protein has, with ancestors",
                "predicted terms",
                "predicted terms that it has",
                "correct / predicted",
                "correct / terms",
                "harmonic mean of precision and recall",
                "residues",
                "NCBI taxon",
                "cosine similarity to the nearest training protein",
            ]),
    );
}
