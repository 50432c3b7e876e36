//! What `protea dataset freeze` says about its input besides the summary.

use std::cmp::Reverse;

use protea_cafa::dataset::{Evidence, FreezeReport, FreezeRequest, Tally};

use crate::output::{Reporter, count};

/// How many evidence codes are listed.
const MOST_CODES: usize = 6;

/// Tells what can change scores or embeddings, also with `-q`.
pub(super) fn warn(report: &FreezeReport, reporter: &Reporter) {
    for (tally, what) in [
        (
            &report.accretion_missing,
            "information accretion: terms of the annotations without a value, which have weight 0",
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

/// A number of taxa in words.
pub(super) fn taxa(number: u64) -> String {
    match number {
        1 => "1 taxon".to_owned(),
        _ => format!("{} taxa", count(number)),
    }
}

/// What to know if no evidence was chosen and the dataset has annotations that no experiment supports:
/// they would be scored against as if they were true.
pub(super) fn not_experimental(request: &FreezeRequest, report: &FreezeReport) -> Option<String> {
    if request.evidence != Evidence::Any {
        return None;
    }
    let experimental = Evidence::default();
    let others = report.evidence_codes.iter();
    let others: Vec<_> = others
        .filter(|(code, _)| !experimental.counts(Some(code)))
        .collect();
    let number: u64 = others.iter().map(|(_, number)| **number).sum();
    (number > 0).then(|| {
        format!(
            "{} of {} annotations have evidence that CAFA does not take as true ({}); `--evidence \
             experimental` leaves them out",
            count(number),
            count(report.evidence_codes.values().sum()),
            codes(others)
        )
    })
}

/// Evidence codes with the number of their annotations, most first.
pub(super) fn codes(mut codes: Vec<(&String, &u64)>) -> String {
    codes.sort_by_key(|(code, number)| (Reverse(**number), *code));
    let more = if codes.len() > MOST_CODES {
        ", …"
    } else {
        ""
    };
    let shown = codes.iter().take(MOST_CODES);
    let shown: Vec<String> = shown
        .map(|(code, number)| format!("{} {code}", count(**number)))
        .collect();
    format!("{}{more}", shown.join(", "))
}
