//! Splits by time: derives CAFA targets from two releases of annotations.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    ops::ControlFlow,
    path::PathBuf,
};

use protea_contracts::Sha256;
use protea_ontology::Ontology;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    knowledge::Knowledge,
    targets::{self, Found, Target},
};
use crate::{
    Counts, DatasetError, FrozenDataset, Tally,
    evidence::Evidence,
    staging::{self, write_json, write_new},
    subset::Subset,
};

/// How to compare two releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSplitRequest {
    /// The directory to create. It must not exist, but its parent must.
    pub out: PathBuf,
    /// The annotations that count.
    pub evidence: Evidence,
    /// Whether a protein is a target in molecular function if its only ground truth there is
    /// `protein binding` (GO:0005515). CAFA3 excludes such targets.
    pub protein_binding_counts: bool,
}

impl TimeSplitRequest {
    /// Creates a request with experimental evidence and all targets.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            evidence: Evidence::default(),
            protein_binding_counts: true,
        }
    }
}

/// The result of a split by time.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TimeSplit {
    /// The directory of the split.
    pub directory: PathBuf,
    /// The targets by kind of knowledge. Kinds without targets are omitted.
    pub targets: Vec<Targets>,
    /// The table of earlier annotations of the partial-knowledge targets in their target aspects,
    /// if there are such targets.
    pub known: Option<PathBuf>,
    /// Number of targets excluded because their only ground truth is `protein binding`.
    pub protein_binding_only: usize,
    /// Later annotations excluded because the earlier ontology does not have their term; the
    /// examples are terms.
    pub unknown_terms: Tally,
    /// Number of later annotations excluded because of their evidence.
    pub other_evidence: u64,
    /// Number of proteins of the earlier dataset that are not in the later one.
    pub gone: usize,
}

/// The targets of one kind.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Targets {
    /// The kind of knowledge.
    pub knowledge: Knowledge,
    /// A frozen dataset of the proteins, annotated with the ground truth.
    pub directory: PathBuf,
    /// The ground truth, a table of accession, term and aspect.
    pub truth: PathBuf,
    /// Identity of the dataset: SHA-256 of `dataset.json`.
    pub sha256: Sha256,
    /// Numbers of proteins, annotations, terms and taxa.
    pub counts: Counts,
    /// Number of targets in each aspect.
    pub aspects: BTreeMap<String, usize>,
}

/// Compares the annotations of two releases and writes the targets of CAFA. The later dataset has
/// the proteins of the earlier one, or more:
///
/// ```text
/// <out>/
///   split.json               what was compared, how, and the identity of every dataset
///   targets.tsv              accession, aspect and NK, LK or PK of every target
///   no-knowledge/            a frozen dataset: targets without earlier annotations
///   no-knowledge.tsv         the ground truth of these targets
///   limited-knowledge/       targets with earlier annotations only in other aspects
///   limited-knowledge.tsv    the ground truth of these targets
///   partial-knowledge/       targets with earlier annotations in the same aspect
///   partial-knowledge.tsv    the ground truth of these targets
///   known.tsv                the earlier annotations of the partial-knowledge targets
/// ```
///
/// The earlier dataset is the training set. A protein can be a target of two kinds in different
/// aspects. Annotations of a root and those with other evidence are ignored. The ground truth of a
/// target is the later annotations of its aspect that do not follow from the earlier ones.
///
/// Both releases are interpreted with the ontology of the **earlier** dataset, because a predictor
/// could know only that one. The new datasets have this ontology and its information accretion.
/// Sequences, taxa and embeddings are those of the later dataset, which is recorded as the parent.
///
/// The directory is published atomically, and the same inputs give the same bytes.
///
/// # Errors
///
/// [`DatasetError::Split`] if no protein gained an annotation that counts;
/// [`DatasetError::Ontology`] if the ontology cannot be read; [`DatasetError::Exists`] if the
/// output exists; [`DatasetError::Cancelled`] if `watch` returned `Break`; [`DatasetError::Write`]
/// if writing fails. On an error no files remain.
pub fn split_by_time(
    earlier: &FrozenDataset,
    later: &FrozenDataset,
    request: &TimeSplitRequest,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<TimeSplit, DatasetError> {
    let ontology = Ontology::read(earlier.ontology_path())?;
    let found = targets::find(
        earlier,
        later,
        &ontology,
        &request.evidence,
        request.protein_binding_counts,
    )?;
    if found.targets.is_empty() {
        return Err(nothing_gained(earlier, later, &found));
    }
    let kinds: Vec<Knowledge> = Knowledge::ALL
        .into_iter()
        .filter(|kind| found.targets.iter().any(|t| t.knowledge == *kind))
        .collect();
    let staging = staging::begin(&request.out)?;
    let out = staging.destination().to_owned();
    let known = write_known(earlier, &found, &ontology, request, staging.path())?;
    let total = kinds.len();
    let mut report = |written| match watch(written, total) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    };
    let mut written = Vec::with_capacity(total);
    for kind in kinds {
        report(written.len())?;
        let of_kind: Vec<&Target> = found
            .targets
            .iter()
            .filter(|target| target.knowledge == kind)
            .collect();
        written.push(write_kind(
            kind,
            &of_kind,
            (earlier, later),
            &ontology,
            staging.path(),
            &out,
        )?);
    }
    report(total)?;

    let mut table = String::from("accession\taspect\tknowledge\n");
    for target in &found.targets {
        let accession = later.accession(target.protein);
        let aspect = namespace_label(&ontology, target.namespace);
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            table,
            "{accession}\t{aspect}\t{}",
            target.knowledge.abbreviation()
        );
    }
    write_new(&staging.path().join("targets.tsv"), &table)?;
    let gone = (0..earlier.len())
        .filter(|&protein| later.index_of(earlier.accession(protein)).is_none())
        .count();
    let split = TimeSplit {
        directory: out.clone(),
        targets: written,
        known: known.then(|| out.join("known.tsv")),
        protein_binding_only: found.protein_binding_only,
        unknown_terms: found.unknown_terms,
        other_evidence: found.other_evidence,
        gone,
    };
    let document = document(earlier, later, request, &split);
    write_json(&staging.path().join("split.json"), &document)?;
    staging.publish_synced()?;
    Ok(split)
}

fn nothing_gained(earlier: &FrozenDataset, later: &FrozenDataset, found: &Found) -> DatasetError {
    let shared = (0..later.len()).filter(|&p| earlier.index_of(later.accession(p)).is_some());
    DatasetError::Split {
        dataset: earlier.directory().to_owned(),
        problem: format!(
            "no protein of {} gained an annotation that counts ({} of its {} proteins are in both \
             releases; {} annotations have other evidence, {} have terms that are not in the earlier \
             ontology); give a later release or other evidence codes",
            later.directory().display(),
            shared.count(),
            later.len(),
            found.other_evidence,
            found.unknown_terms.count
        ),
    }
}

fn write_kind(
    kind: Knowledge,
    of_kind: &[&Target],
    (earlier, later): (&FrozenDataset, &FrozenDataset),
    ontology: &Ontology,
    staging: &std::path::Path,
    out: &std::path::Path,
) -> Result<Targets, DatasetError> {
    let mut proteins: Vec<usize> = of_kind.iter().map(|target| target.protein).collect();
    proteins.sort_unstable();
    proteins.dedup();
    let mut taken = vec![false; later.annotations()?.len()];
    let mut aspects = BTreeMap::new();
    for target in of_kind {
        *aspects
            .entry(namespace_label(ontology, target.namespace))
            .or_insert(0) += 1;
        for &row in &target.rows {
            taken[row] = true;
        }
    }
    let name = format!("{}-{}", later.manifest().name, kind.name());
    let subset = Subset {
        annotations: Some(&taken),
        ontology: earlier.ontology_path(),
        ia: earlier.ia_path(),
        accretion_info: earlier.manifest().information_accretion.as_ref(),
        known: (kind == Knowledge::Partial).then(|| staging.join("known.tsv")),
        ..Subset::new(later, &proteins, &name)
    };
    let (sha256, manifest) = subset.write(&staging.join(kind.name()))?;
    let rows = later
        .annotations()?
        .enumerate()
        .filter(|(row, _)| taken[*row])
        .map(|(_, annotation)| annotation);
    let truth = table(later, rows, ontology);
    let file = format!("{}.tsv", kind.name());
    write_new(&staging.join(&file), &truth)?;
    Ok(Targets {
        knowledge: kind,
        directory: out.join(kind.name()),
        truth: out.join(file),
        sha256,
        counts: manifest.counts,
        aspects,
    })
}

/// Writes the earlier annotations of the partial-knowledge targets. Returns whether there are any.
fn write_known(
    earlier: &FrozenDataset,
    found: &Found,
    ontology: &Ontology,
    request: &TimeSplitRequest,
    staging: &std::path::Path,
) -> Result<bool, DatasetError> {
    let partial: HashSet<(usize, usize)> = found
        .targets
        .iter()
        .filter(|target| target.knowledge == Knowledge::Partial)
        .filter_map(|target| Some((target.before?, target.namespace)))
        .collect();
    if partial.is_empty() {
        return Ok(false);
    }
    let rows = earlier.annotations()?.filter(|row| {
        request.evidence.counts(row.evidence)
            && targets::counting_terms(*row, ontology)
                .is_some_and(|(namespace, _)| partial.contains(&(row.protein, namespace)))
    });
    write_new(&staging.join("known.tsv"), table(earlier, rows, ontology))?;
    Ok(true)
}

/// Formats a table of accession, term and aspect. A term with several kinds of evidence is listed
/// once.
fn table<'a>(
    dataset: &FrozenDataset,
    rows: impl Iterator<Item = crate::Annotation<'a>>,
    ontology: &Ontology,
) -> String {
    let mut text = String::from("EntryID\tterm\taspect\n");
    let mut last = None;
    for row in rows {
        if last.replace((row.protein, row.term)) == Some((row.protein, row.term)) {
            continue;
        }
        let accession = dataset.accession(row.protein);
        let aspect = ontology
            .resolve(row.term)
            .first()
            .map(|term| namespace_label(ontology, ontology.namespace_of(*term)))
            .unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{accession}\t{}\t{aspect}", row.term);
    }
    text
}

fn namespace_label(ontology: &Ontology, namespace: usize) -> String {
    let namespace = &ontology.namespaces()[namespace];
    let aspect = namespace.aspect().map(|aspect| aspect.name());
    aspect.unwrap_or(namespace.name()).to_owned()
}

fn document(
    earlier: &FrozenDataset,
    later: &FrozenDataset,
    request: &TimeSplitRequest,
    split: &TimeSplit,
) -> Value {
    let place = |dataset: &FrozenDataset| {
        let manifest = dataset.manifest();
        json!({ "name": manifest.name, "version": manifest.version, "sha256": dataset.sha256() })
    };
    let targets = split.targets.iter().map(|targets| {
        let value = json!({ "sha256": targets.sha256, "counts": targets.counts, "aspects": targets.aspects });
        (targets.knowledge.abbreviation().to_owned(), value)
    });
    json!({
        "train": place(earlier),
        "later": place(later),
        "evidence": match &request.evidence {
            Evidence::Any => json!("any"),
            Evidence::Codes(codes) => json!(codes),
        },
        "protein_binding_counts": request.protein_binding_counts,
        "targets": targets.collect::<serde_json::Map<_, _>>(),
    })
}
