//! Inspects files of text.

use std::{collections::HashSet, path::Path};

use protea_ontology::{Ontology, as_obo, read_ontology};

use super::{Inspection, Reading};
use crate::{
    AnnotationReader, Content, FastaReader, FormatError, Lines, accession::parse_taxon,
    read_clusters, read_ids, read_lineages,
};

/// Limit of the rows that are read.
const MOST_ROWS: u64 = 2_000_000;
/// Limit of the size of files that are read into memory.
const LARGEST: u64 = 512 << 20;

pub(super) fn inspect(path: &Path, content: Content) -> Inspection {
    let mut inspection = Inspection::new(path, content.description());
    let read = match content {
        Content::Fasta => fasta(path, &mut inspection),
        Content::Obo | Content::OboGraphs => {
            ontology(path, &mut inspection);
            Ok(())
        }
        Content::Gaf
        | Content::GpadOne
        | Content::GpadTwo
        | Content::Gene2Go
        | Content::QuickGo
        | Content::UniProtTable
        | Content::AnnotationTable
        | Content::Annotations => {
            inspection.reading = Some(Reading::Annotations);
            annotations(path, &mut inspection)
        }
        Content::Predictions => {
            inspection.reading = Some(Reading::Predictions);
            predictions(path, &mut inspection)
        }
        Content::Accessions => {
            inspection.reading = Some(Reading::Ids);
            ids(path, &mut inspection)
        }
        Content::CdHit | Content::Pairs => {
            inspection.reading = Some(Reading::Clusters);
            clusters(path, &mut inspection)
        }
        Content::InformationAccretion => {
            inspection.reading = Some(Reading::InformationAccretion);
            first_column(path, &mut inspection)
        }
        Content::Taxa => {
            inspection.reading = Some(Reading::Taxonomy);
            first_column(path, &mut inspection)
        }
        Content::Lineages => {
            inspection.reading = Some(Reading::Lineages);
            lineages(path, &mut inspection)
        }
        Content::MergedTaxa | Content::DeletedTaxa => {
            inspection.reading = Some(Reading::WithLineages);
            first_column(path, &mut inspection)
        }
        Content::TaxonNames => {
            let note = "protea identifies taxa by their numbers and does not need their names; the lineages are in nodes.dmp";
            inspection.notes.push(note.to_owned());
            names(path, &mut inspection)
        }
        Content::Terms => {
            inspection.reading = Some(Reading::Terms);
            first_column(path, &mut inspection)
        }
        _ => first_column(path, &mut inspection),
    };
    if let Err(error) = read {
        inspection.fail(&error);
    }
    inspection
}

/// Counts a row; `false` at the limit.
fn count(inspection: &mut Inspection) -> bool {
    let rows = inspection.rows.get_or_insert(0);
    *rows += 1;
    if *rows < MOST_ROWS {
        return true;
    }
    inspection.complete = false;
    false
}

fn fasta(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    inspection.reading = Some(Reading::Fasta);
    let mut reader = FastaReader::open(path)?;
    let mut seen = HashSet::new();
    let mut longest = 0;
    while let Some(record) = reader.next_record()? {
        inspection.example(&record.accession);
        longest = longest.max(record.sequence.len());
        if !seen.insert(record.accession.clone()) {
            inspection.drop_row(
                "proteins with the accession of another, which are refused",
                &record.accession,
            );
        }
        if !count(inspection) {
            break;
        }
    }
    inspection
        .notes
        .push(format!("the longest sequence has {longest} residues"));
    Ok(())
}

fn ontology(path: &Path, inspection: &mut Inspection) {
    inspection.reading = Some(Reading::Ontology);
    if inspection.bytes > LARGEST {
        inspection.complete = false;
        inspection.notes.push("too large to be read here".into());
        return;
    }
    let name = path.display().to_string();
    let read = read_ontology(path)
        .and_then(|bytes| Ok(as_obo(&bytes, &name)?.into_owned()))
        .and_then(|obo| Ontology::parse(&obo, &name));
    match read {
        Ok(ontology) => {
            inspection.rows = Some(ontology.len() as u64);
            let findings = ontology.findings().iter();
            inspection.notes.extend(findings.map(ToString::to_string));
        }
        Err(error) => {
            let text = error.to_string();
            let text = text.strip_prefix(&format!("{name}:")).unwrap_or(&text);
            inspection.problem = Some(text.trim_start().to_owned());
        }
    }
}

fn annotations(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut reader = AnnotationReader::open(path)?;
    while let Some(row) = reader.next_row()? {
        let accession = row.accession.to_owned();
        inspection.example(&accession);
        if !count(inspection) {
            break;
        }
    }
    Ok(())
}

fn predictions(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut lines = Lines::open(path)?;
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    while lines.advance()? {
        let line = lines.text()?;
        let mut fields = line.split(['\t', ',', ';', ' ']);
        let (Some(protein), Some(_), Some(score)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let Ok(score) = fast_float2::parse::<f64, _>(score.trim()) else {
            if lines.number() > 1 {
                inspection.drop_row("rows without a score", &format!("line {}", lines.number()));
            }
            continue;
        };
        inspection.example(protein);
        if score.is_finite() {
            lowest = lowest.min(score);
            highest = highest.max(score);
        }
        if !(0.0..=1.0).contains(&score) {
            inspection.drop_row(
                "scores that are not from 0 to 1",
                &format!("{protein} {score}"),
            );
        }
        if !count(inspection) {
            break;
        }
    }
    if lowest <= highest {
        inspection
            .notes
            .push(format!("scores from {lowest} to {highest}"));
    }
    Ok(())
}

fn ids(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    if inspection.bytes > LARGEST {
        return first_column(path, inspection);
    }
    let ids = read_ids(path)?;
    inspection.rows = Some(ids.len() as u64);
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable_by_key(|&(_, row)| row);
    for (id, _) in ids.iter().take(super::EXAMPLES) {
        inspection.example(id);
    }
    Ok(())
}

fn clusters(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    if inspection.bytes > LARGEST {
        return first_column(path, inspection);
    }
    let clusters = read_clusters(path)?;
    let distinct: HashSet<u32> = clusters.values().copied().collect();
    inspection.rows = Some(clusters.len() as u64);
    inspection
        .notes
        .push(format!("{} clusters", distinct.len()));
    let mut names: Vec<&String> = clusters.keys().collect();
    names.sort_unstable();
    for name in names.iter().take(super::EXAMPLES) {
        inspection.example(name);
    }
    Ok(())
}

fn lineages(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    if inspection.bytes > LARGEST {
        return first_column(path, inspection);
    }
    let lineages = read_lineages(path)?;
    inspection.rows = Some(lineages.len() as u64);
    for taxon in lineages.first_taxa(super::EXAMPLES) {
        inspection.example(&taxon.to_string());
    }
    let ranks = lineages.ranks();
    let shown = &ranks[..ranks.len().min(super::MOST_COLUMNS)];
    let more = if shown.len() < ranks.len() {
        ", …"
    } else {
        ""
    };
    inspection.notes.push(match ranks.len() {
        0 => "no ranks, so no clades of a rank".to_owned(),
        ranks => format!("{ranks} ranks: {}{more}", shown.join(", ")),
    });
    for (count, what) in [
        (lineages.merged_taxa(), "taxa that were merged into others"),
        (lineages.deleted_taxa(), "taxa that were deleted"),
    ] {
        if count > 0 {
            inspection.notes.push(format!("{count} {what}"));
        }
    }
    for taxon in lineages.implied_roots() {
        inspection.drop_row(
            "taxa that are named as a parent, but have no row, and are roots",
            &taxon.to_string(),
        );
    }
    Ok(())
}

/// Counts the taxa of `names.dmp`, each of which has several rows.
fn names(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut lines = Lines::open(path)?;
    let mut taxa = HashSet::new();
    while lines.advance()? {
        let line = String::from_utf8_lossy(lines.line());
        let taxon = line.split('|').next().unwrap_or_default().trim();
        if taxon.is_empty() {
            continue;
        }
        inspection.example(taxon);
        taxa.insert(parse_taxon(taxon));
        if !count(inspection) {
            break;
        }
    }
    inspection.notes.push(format!("{} taxa", taxa.len()));
    Ok(())
}

/// Counts the lines and shows their first fields.
fn first_column(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut lines = Lines::open(path)?;
    while lines.advance()? {
        let line = String::from_utf8_lossy(lines.line());
        let Some(first) = line
            .split(['\t', ',', ';', ' '])
            .find(|field| !field.is_empty())
        else {
            continue;
        };
        let short: String = first.chars().take(40).collect();
        inspection.example(&short);
        if !count(inspection) {
            break;
        }
    }
    Ok(())
}
