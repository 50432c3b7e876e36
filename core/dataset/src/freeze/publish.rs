//! Freezes a dataset: runs the steps and publishes the result.

use std::{collections::HashMap, fs::File, io::Write, path::Path, time::SystemTime};

use jiff::Timestamp;
use protea_contracts::content::FileDigest;
use protea_formats::{
    FormatError, OnDefect, Taxonomy, read_information_accretion, read_taxonomy_of,
    read_taxonomy_with,
};
use protea_ontology::{
    Ontology, as_obo, read_ontology,
    text::{TextCleaning, TextReader},
};

use super::{
    FreezeProgress, FreezeReport, FreezeRequest, FreezeStep, Tally, Watch,
    accretion::{self, Given},
    annotations::Annotations,
    embeddings::Embeddings,
    lineages,
    other_names::OtherNames,
    proteins, report_progress,
};
use crate::{
    error::DatasetError,
    frozen::FrozenDataset,
    manifest::{Counts, Manifest},
    names::{self, MANIFEST_FILE, SCHEMA_VERSION},
    staging::{self, make_read_only, write_new},
};

/// Freezes a dataset.
///
/// All files are written to a hidden directory next to [`out`](FreezeRequest::out), which is
/// renamed at the end, so the dataset appears complete or not at all. The files are read-only.
/// `progress` is called regularly on the current thread; `Break` cancels the work.
///
/// The same inputs give the same files byte for byte, except for the creation time in the manifest.
/// The environment variable `SOURCE_DATE_EPOCH` (seconds since 1970) sets that time.
///
/// # Errors
///
/// [`DatasetError::Exists`] if the output exists; [`DatasetError::Input`],
/// [`DatasetError::Ontology`], [`DatasetError::MissingEmbeddings`],
/// [`DatasetError::MissingSequences`], [`DatasetError::NoAnnotations`] or
/// [`DatasetError::NoKnownTerm`] if the inputs are invalid or do not match;
/// [`DatasetError::Request`] for an invalid request; [`DatasetError::Cancelled`] if `progress`
/// returned `Break`; [`DatasetError::Write`] if writing fails; those of [`FrozenDataset::open`] for
/// the parent. On an error no files remain.
pub fn freeze(
    request: &FreezeRequest,
    progress: &mut Watch<'_>,
) -> Result<FreezeReport, DatasetError> {
    request.check()?;
    let parent = request
        .parent
        .as_deref()
        .map(FrozenDataset::open)
        .transpose()?
        .map(|dataset| dataset.sha256());
    let created = creation_time()?;
    let staging = staging::begin(&request.out)?;
    let out = staging.destination().to_owned();
    let dir = staging.path();

    report_progress(
        progress,
        FreezeProgress {
            step: FreezeStep::Prepare,
            done: 0,
            total: None,
        },
    )?;
    // Which damaged rows matter is known when the proteins are.
    let taxonomy = request
        .taxonomy
        .as_deref()
        .map(|path| read_taxonomy_with(path, OnDefect::Skip))
        .transpose()?;
    let embeddings = Embeddings::open(request, dir)?;
    let mut ontology = copy_ontology(&request.ontology, &dir.join(names::ONTOLOGY))?;
    if request.map_obsolete {
        ontology = ontology.with_obsolete_mapped();
    }
    let (mut accretion_info, mut accretion_record, mut given) = (None, None, None);
    if let Some(ia) = &request.ia {
        let file = read_information_accretion(ia)?;
        let to = dir.join(names::INFORMATION_ACCRETION);
        if file.has_remarks {
            write_new(&to, accretion::text(&file))?;
        } else {
            copy(ia, &to)?;
        }
        given = Some(Given::new(&file, ia, &ontology)?);
        match accretion::recorded(ia, dir) {
            Ok(info) => accretion_info = info,
            Err(problem) => accretion_record = Some(problem),
        }
    }

    let written = proteins::write(
        &dir.join(names::PROTEINS),
        request,
        taxonomy.as_ref(),
        embeddings,
        progress,
    )?;
    if let (Some(path), Some(taxonomy)) = (&request.taxonomy, &taxonomy) {
        check_taxonomy(path, taxonomy, request, &written)?;
    }
    let taxonomy = taxonomy.unwrap_or_default();
    let lineages = request
        .lineages
        .as_deref()
        .map(|path| lineages::write(path, &written.taxa, dir))
        .transpose()?;
    let annotations = Annotations::read(request, &written.index, &ontology, progress)?;
    let accessions = in_order(&written.index);
    annotations.write(&dir.join(names::ANNOTATIONS), &accessions)?;

    if annotations.has_negated() {
        annotations.write_negated(&dir.join(names::NEGATED_ANNOTATIONS), &accessions)?;
    }

    if let Some(compute) = request.compute_ia {
        let pairs = annotations.pairs(&accessions);
        let evidence = &request.evidence;
        accretion_info = Some(accretion::write(compute, &ontology, &pairs, evidence, dir)?);
    }

    let given = given.unwrap_or_default();
    let accretion_missing = given.missing(&ontology, &annotations.distinct_terms());

    let optional = [
        (
            request.ia.is_some() || request.compute_ia.is_some(),
            names::INFORMATION_ACCRETION,
        ),
        (annotations.has_negated(), names::NEGATED_ANNOTATIONS),
        (lineages.is_some(), names::LINEAGES),
    ];
    let files = digest(dir, &optional, progress)?;
    let without_annotation = unannotated(&annotations, &accessions);
    let proteins = accessions.len() as u64;
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        name: request.name.clone(),
        version: request.version.clone(),
        licence: request.licence.clone(),
        created,
        created_by: concat!("protea-cafa ", env!("CARGO_PKG_VERSION")).to_owned(),
        counts: Counts {
            proteins,
            annotated_proteins: proteins - without_annotation.count,
            annotations: annotations.len(),
            terms: annotations.terms(),
            taxa: written.taxa.len() as u64,
        },
        embedding: written.embedding,
        information_accretion: accretion_info,
        parent,
        files,
    };
    let sha256 = manifest.write(&dir.join(MANIFEST_FILE))?;
    let mut damaged_taxa = Tally::from(&taxonomy.damaged_rows);
    damaged_taxa.extend(&written.invalid_taxa);
    staging.publish_synced()?;
    Ok(FreezeReport {
        directory: out,
        sha256,
        manifest,
        annotation_rows: annotations.read,
        without_sequence: annotations.without_sequence,
        unknown_terms: annotations.unknown_terms,
        other_aspect: annotations.other_aspect,
        other_evidence: annotations.other_evidence,
        accretion_record,
        accretion_missing,
        accretion_conflicting: given.conflicting,
        accretion_negative: given.negative,
        accretion_unknown: given.unknown,
        repeated_proteins: written.repeated_proteins,
        respelled_taxa: written.respelled_taxa,
        without_taxon: written.without_taxon,
        unknown_taxa: (&taxonomy.without_taxon).into(),
        taxonomy_names: first_names(&taxonomy),
        averaged_lengths: written.matched.other_lengths,
        left_out_arrays: written.matched.left_out,
        repeated: annotations.repeated,
        negated: annotations.skipped.negated,
        contradicted: annotations.contradicted,
        obsolete_terms: annotations.obsolete_terms,
        mapped_terms: annotations.mapped_terms,
        respelled_terms: annotations.respelled_terms,
        respelled_accessions: annotations.respelled_accessions,
        damaged_rows: (&annotations.damaged_rows).into(),
        damaged_fields: (&annotations.damaged_fields).into(),
        damaged_taxa,
        lineages,
        damaged_proteins: written.damaged_proteins,
        ontology_notes: ontology
            .findings()
            .iter()
            .map(ToString::to_string)
            .collect(),
        no_data: annotations.skipped.no_data,
        without_annotation,
        matched_names: written.matched.names,
        unused_embeddings: written.matched.unused,
        zero_embeddings: written.matched.zeros,
    })
}

/// Refuses a taxonomy with a damaged row of one of the proteins, unless damaged rows are left out.
fn check_taxonomy(
    path: &Path,
    taxonomy: &Taxonomy,
    request: &FreezeRequest,
    written: &proteins::Proteins,
) -> Result<(), DatasetError> {
    let index = &written.index;
    let others = OtherNames::new(index);
    let matters = |accession: &str| others.find(index, accession).is_some();
    if request.on_defect == OnDefect::Stop
        && taxonomy.damaged_proteins.iter().any(|name| matters(name))
    {
        read_taxonomy_of(path, OnDefect::Stop, &matters)?;
    }
    Ok(())
}

/// The first names of a taxonomy.
fn first_names(taxonomy: &Taxonomy) -> Vec<String> {
    let mut names: Vec<&String> = taxonomy.taxa.keys().collect();
    names.sort_unstable();
    names.into_iter().take(3).cloned().collect()
}

fn creation_time() -> Result<String, DatasetError> {
    let fixed = match std::env::var("SOURCE_DATE_EPOCH") {
        Err(std::env::VarError::NotPresent) => {
            // Beyond the calendar, its last second.
            let now = SystemTime::now().try_into().unwrap_or(Timestamp::MAX);
            return Ok(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
        Err(std::env::VarError::NotUnicode(_)) => None,
        Ok(text) => text
            .trim()
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
    };
    fixed
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .ok_or_else(|| {
            DatasetError::Request(
                "SOURCE_DATE_EPOCH is not a number of seconds since 1970; correct or unset it"
                    .into(),
            )
        })
}

/// Copies an ontology, decompressed and converted to OBO, so that readers of a dataset need to
/// support only one format.
fn copy_ontology(from: &Path, to: &Path) -> Result<Ontology, DatasetError> {
    let bytes = read_ontology(from)?;
    let name = from.display().to_string();
    let obo = as_obo(&bytes, &name)?;
    let ontology = Ontology::parse(&obo, &name)?;
    write_new(to, &obo)?;
    Ok(ontology)
}

/// Copies a table, decompressed and without a byte-order mark.
fn copy(from: &Path, to: &Path) -> Result<(), DatasetError> {
    let unreadable = FormatError::unreadable(from);
    let mut text = Vec::new();
    TextReader::open(from, TextCleaning::Clean)
        .and_then(|mut reader| reader.read_to_end(u64::MAX, &mut text))
        .map_err(unreadable)?;
    let mut file = File::create_new(to).map_err(DatasetError::write(to))?;
    file.write_all(&text).map_err(DatasetError::write(to))?;
    file.sync_all().map_err(DatasetError::write(to))
}

fn in_order(index: &HashMap<String, u32>) -> Vec<&str> {
    let mut accessions = vec![""; index.len()];
    for (accession, &row) in index {
        accessions[row as usize] = accession;
    }
    accessions
}

fn unannotated(annotations: &Annotations, accessions: &[&str]) -> Tally {
    let mut annotated = vec![false; accessions.len()];
    for protein in annotations.proteins() {
        annotated[protein as usize] = true;
    }
    let mut tally = Tally::default();
    for (accession, _) in accessions
        .iter()
        .zip(annotated)
        .filter(|(_, annotated)| !annotated)
    {
        tally.add(accession);
    }
    tally
}

fn digest(
    dir: &Path,
    optional: &[(bool, &'static str)],
    progress: &mut Watch<'_>,
) -> Result<Vec<FileDigest>, DatasetError> {
    let mut listed = vec![names::ONTOLOGY, names::PROTEINS, names::ANNOTATIONS];
    listed.extend(
        optional
            .iter()
            .filter(|(exists, _)| *exists)
            .map(|(_, name)| name),
    );
    let total = Some(listed.len() as u64);
    let mut files = Vec::with_capacity(listed.len());
    for name in listed {
        report_progress(
            progress,
            FreezeProgress {
                step: FreezeStep::Publish,
                done: files.len() as u64,
                total,
            },
        )?;
        let path = dir.join(name);
        files.push(
            FileDigest::of(dir, name).map_err(|source| DatasetError::Read {
                path: path.clone(),
                source,
            })?,
        );
        make_read_only(&path)?;
    }
    report_progress(
        progress,
        FreezeProgress {
            step: FreezeStep::Publish,
            done: files.len() as u64,
            total,
        },
    )?;
    Ok(files)
}
