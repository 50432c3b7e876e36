//! `protea dataset freeze`.

use std::{
    ops::ControlFlow,
    path::{self, Path},
};

use protea_cafa::{
    accretion::compute_accretion,
    dataset::{
        self, DatasetError, EmbeddingSource, EmbeddingType, FreezeProgress, FreezeReport,
        FreezeRequest, FreezeStep,
    },
    formats::{OnDefect, Pool},
};
use serde_json::json;

pub(super) use super::freeze_warnings::{examples, taxa};

use super::{
    accretion_file::check_table,
    dataset::{describe, open},
    evidence, freeze_warnings,
};
use crate::{
    args::{Dtype, EmbeddingArgs, Features, FreezeArgs, Pooling},
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, count, display_path},
};

/// The value of `--ia` that is not a file.
const COMPUTE: &str = "compute";
/// Creates a frozen dataset and reports what was skipped.
pub fn freeze(args: &FreezeArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let mut request = request(args)?;
    // Kept open until the end: a remote parent must stay in the cache.
    let parent = args
        .parent
        .as_deref()
        .map(|location| open(location, reporter))
        .transpose()?;
    request.parent = parent
        .as_ref()
        .map(|parent| parent.dataset.directory().to_owned());
    let frozen = freeze_or_cancel(&request, reporter);
    reporter.abandon();
    let mut report = frozen?;
    let text = text(&report);
    if let Some(note) = freeze_warnings::not_experimental(&request, &report) {
        reporter.note(&note);
    }
    let directory = path::absolute(&report.directory).unwrap_or(report.directory);
    // JSON has no strings of bytes that are not UTF-8.
    report.directory = directory.to_string_lossy().into_owned().into();
    Ok(Report {
        text,
        json: json!(report),
    })
}

fn request(args: &FreezeArgs) -> Result<FreezeRequest, Failure> {
    let mut request = FreezeRequest::queries(&args.out, &args.name, &args.ontology, &args.fasta);
    request.annotations.clone_from(&args.annotations);
    request.version.clone_from(&args.version);
    request.licence.clone_from(&args.licence);
    request.evidence = evidence::or_any(&args.evidence)?;
    if args.ia.as_deref() == Some(Path::new(COMPUTE)) {
        request.compute_ia = Some(compute_accretion);
    } else if let Some(table) = &args.ia {
        check_table(table)?;
        request.ia = Some(table.clone());
    }
    request.taxonomy.clone_from(&args.taxonomy);
    request.lineages.clone_from(&args.lineages);
    request.map_obsolete = args.map_obsolete;
    if args.lenient {
        request.on_defect = OnDefect::Skip;
    }
    request.dtype = args.dtype.map(|dtype| match dtype {
        Dtype::F32 => EmbeddingType::F32,
        Dtype::F16 => EmbeddingType::F16,
    });
    let source = args.source.clone().or_else(|| {
        let name = args.embeddings.embeddings.as_deref()?.file_name()?;
        Some(name.to_string_lossy().into_owned())
    });
    match args.features {
        Some(Features::Kmer) => request.embeddings = EmbeddingSource::Kmer,
        None => read_embeddings(&mut request, &args.embeddings, source),
    }
    Ok(request)
}

/// Adds a file of embeddings to a request, if the arguments name one. `source` is the model that
/// computed them.
pub(super) fn read_embeddings(
    request: &mut FreezeRequest,
    args: &EmbeddingArgs,
    source: Option<String>,
) {
    request.arrays.matrix.clone_from(&args.embeddings_key);
    request.arrays.ids.clone_from(&args.ids_key);
    request.pool = args.pool.map(|pooling| match pooling {
        Pooling::Mean => Pool::Mean,
    });
    request.embeddings = match (&args.embeddings, &args.ids) {
        (Some(matrix), Some(ids)) => EmbeddingSource::Matrix {
            matrix: matrix.clone(),
            ids: ids.clone(),
            source,
        },
        (Some(file), None) => EmbeddingSource::Named {
            file: file.clone(),
            source,
        },
        (None, _) => EmbeddingSource::None,
    };
}

pub(super) fn freeze_or_cancel(
    request: &FreezeRequest,
    reporter: &Reporter,
) -> Result<FreezeReport, DatasetError> {
    let mut current = None;
    let mut watch = |progress: FreezeProgress| {
        if interrupt::requested() {
            return ControlFlow::Break(());
        }
        if current.replace(progress.step) != Some(progress.step) {
            reporter.start(name(progress.step));
        }
        reporter.progress(progress.done, progress.total.unwrap_or(0));
        ControlFlow::Continue(())
    };
    let report = dataset::freeze(request, &mut watch)?;
    reporter.abandon();
    freeze_warnings::warn(&report, reporter);
    Ok(report)
}

fn name(step: FreezeStep) -> &'static str {
    match step {
        FreezeStep::Prepare => "reading ontology and embeddings",
        FreezeStep::Proteins => "writing proteins",
        FreezeStep::Annotations => "writing annotations",
        FreezeStep::Publish => "hashing",
    }
}

fn text(report: &FreezeReport) -> String {
    let mut lines = Lines::default();
    lines.add("frozen dataset", display_path(&report.directory));
    describe(&mut lines, &report.manifest, report.sha256);
    lines.add(
        "read",
        format!("{} annotations", count(report.annotation_rows)),
    );
    if !report.evidence_codes.is_empty() {
        lines.add(
            "evidence",
            freeze_warnings::codes(report.evidence_codes.iter().collect()),
        );
    }
    let mut label = "skipped";
    let mut skipped = |reason: String| {
        lines.add(label, reason);
        label = "";
    };
    for (tally, reason) in [
        (
            &report.without_sequence,
            "annotations of proteins that are not in the FASTA file",
        ),
        (
            &report.unknown_terms,
            "annotations with terms that are obsolete or not in the ontology",
        ),
    ] {
        if tally.count > 0 {
            skipped(format!(
                "{} {reason} ({})",
                count(tally.count),
                examples(tally)
            ));
        }
    }
    for (number, reason) in [
        (
            report.other_evidence,
            "annotations with other evidence codes",
        ),
        (report.repeated, "repeated annotations"),
        (report.negated, "annotations with the qualifier NOT"),
        (report.no_data, "annotations with the evidence ND (no data)"),
    ] {
        if number > 0 {
            skipped(format!("{} {reason}", count(number)));
        }
    }
    for (tally, reason) in [
        (
            &report.contradicted,
            "annotations that contradict an annotation with NOT",
        ),
        (&report.damaged_rows, "damaged rows of annotations"),
        (
            &report.damaged_proteins,
            "damaged proteins of the FASTA file",
        ),
    ] {
        if tally.count > 0 {
            skipped(format!(
                "{} {reason} ({})",
                count(tally.count),
                examples(tally)
            ));
        }
    }
    if report.repeated_proteins.count > 0 {
        skipped(format!(
            "{} repeated proteins of the FASTA file, with the same sequence ({})",
            count(report.repeated_proteins.count),
            examples(&report.repeated_proteins)
        ));
    }
    if report.unused_embeddings.count > 0 {
        skipped(format!(
            "{} embeddings of proteins that are not in the FASTA file ({})",
            count(report.unused_embeddings.count),
            examples(&report.unused_embeddings)
        ));
    }
    if report.left_out_arrays.count > 0 {
        skipped(format!(
            "{} single values beside the embeddings ({})",
            count(report.left_out_arrays.count),
            examples(&report.left_out_arrays)
        ));
    }
    let mut label = "matched";
    for matched in &report.matched_names {
        lines.add(
            label,
            format!(
                "{} embeddings by {} ({})",
                count(matched.proteins.count),
                matched.rule,
                examples(&matched.proteins)
            ),
        );
        label = "";
    }
    if report.other_aspect.count > 0 {
        lines.add(
            "corrected",
            format!(
                "{} annotations with an aspect that is not their term's in the ontology ({})",
                count(report.other_aspect.count),
                examples(&report.other_aspect)
            ),
        );
    }
    for (label, tally, what) in [
        (
            "obsolete",
            &report.obsolete_terms,
            "of the skipped annotations have obsolete terms",
        ),
        (
            "replaced",
            &report.mapped_terms,
            "annotations with obsolete terms",
        ),
        (
            "read as",
            &report.respelled_terms,
            "annotations with a term in another form than GO:0008150",
        ),
        (
            "matched",
            &report.respelled_accessions,
            "annotations with an accession that the FASTA file has in another form",
        ),
        (
            "ignored",
            &report.damaged_fields,
            "invalid fields of annotations that are not used",
        ),
        (
            "matched",
            &report.respelled_taxa,
            "taxa of proteins that the taxonomy has in another form",
        ),
        ("without taxon", &report.damaged_taxa, "invalid taxa"),
        (
            "without taxon",
            &report.without_taxon,
            "proteins that are not in the taxonomy",
        ),
        (
            "ignored",
            &report.unknown_taxa,
            "rows of the taxonomy without a taxon",
        ),
        (
            "ignored",
            &report.accretion_unknown,
            "terms of the information accretion that are not in the ontology",
        ),
        (
            "embeddings",
            &report.zero_embeddings,
            "with only zeros, which are kept",
        ),
    ] {
        if tally.count > 0 {
            lines.add(
                label,
                format!("{} {what} ({})", count(tally.count), examples(tally)),
            );
        }
    }
    if let Some(lineages) = &report.lineages {
        lines.add("lineages", format!("of {} taxa", count(lineages.taxa)));
        for (tally, what) in [
            (&lineages.merged, "of these were merged into others"),
            (&lineages.deleted, "taxa have no lineage: NCBI deleted them"),
            (
                &lineages.unknown,
                "taxa have no lineage: they are not in the file",
            ),
            (
                &lineages.missing_parents,
                "taxa of the file are named as a parent, but have no row",
            ),
        ] {
            if tally.count > 0 {
                lines.add(
                    "",
                    format!("{} {what} ({})", count(tally.count), examples(tally)),
                );
            }
        }
    }
    if let Some(problem) = &report.accretion_record {
        lines.add(
            "accretion",
            format!("its provenance is not recorded: {problem}"),
        );
    }
    for note in &report.ontology_notes {
        lines.add("ontology", note);
    }
    if report.manifest.counts.annotations == 0 {
        lines.add(
            "annotations",
            "none; `protea predict` predicts for these proteins",
        );
    } else if report.without_annotation.count > 0 {
        lines.add(
            "not annotated",
            format!(
                "{} proteins ({})",
                count(report.without_annotation.count),
                examples(&report.without_annotation)
            ),
        );
    }
    lines.to_string()
}
