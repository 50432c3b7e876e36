//! What `protea dataset freeze` tells also with `-q`.

use protea_cafa::dataset::{FreezeReport, Tally};

use crate::output::{Reporter, count};

/// Tells what can change scores or embeddings, also with `-q`.
pub(super) fn warn(report: &FreezeReport, reporter: &Reporter) {
    for (tally, what) in [
        (
            &report.accretion_missing,
            "information accretion: terms of the annotations without a value, which weigh 0",
        ),
        (
            &report.accretion_conflicting,
            "information accretion: terms with several lines and different values, of which the last is used",
        ),
        (
            &report.accretion_negative,
            "information accretion: negative values, which count as 0",
        ),
        (
            &report.averaged_lengths,
            "embeddings: means over another number of rows than the sequence has residues",
        ),
    ] {
        if tally.count > 0 {
            reporter.warn(&format!(
                "{what}: {} ({})",
                count(tally.count),
                examples(tally)
            ));
        }
    }
    let proteins = report.manifest.counts.proteins;
    if report.without_taxon.count * 2 > proteins {
        reporter.warn(&format!(
            "taxonomy: it does not have {} of {} proteins (FASTA file: {}; taxonomy: {}); check that both use the same accessions",
            count(report.without_taxon.count),
            count(proteins),
            examples(&report.without_taxon),
            report.taxonomy_names.join(", ")
        ));
    }
}

/// The examples of a tally.
pub(super) fn examples(tally: &Tally) -> String {
    let more = if tally.count > tally.examples.len() as u64 {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", tally.examples.join(", "))
}
