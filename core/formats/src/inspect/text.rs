//! Inspects files of text.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    path::Path,
};

use protea_ontology::{Ontology, as_obo, read_ontology};

use super::{Inspection, MOST_ROWS, Reading, predictions, unread};
use crate::{
    AnnotationReader, Content, Defects, FastaReader, FormatError, Lines, OnDefect, Wanted,
    accession::parse_taxon, read_clusters, read_ids, read_information_accretion, read_lineages,
    read_taxonomy_with,
};

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
        | Content::AnnotationTable => {
            inspection.reading = Some(Reading::DatabaseAnnotations);
            annotations(path, &mut inspection)
        }
        Content::Annotations => {
            inspection.reading = Some(Reading::Annotations);
            annotations(path, &mut inspection)
        }
        Content::Predictions => {
            inspection.reading = Some(Reading::Predictions);
            predictions::predictions(path, &mut inspection)
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
            accretion(path, &mut inspection)
        }
        Content::Taxa => {
            inspection.reading = Some(Reading::Taxonomy);
            taxa(path, &mut inspection)
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
        Content::Json => match predictions::json_lines(path, &mut inspection) {
            Ok(false) => Ok(()),
            other => other.map(drop),
        },
        Content::TermColumns => {
            let problem = "write a row for each protein and term: accession, term, score";
            inspection.problem = Some(problem.to_owned());
            first_column(path, &mut inspection)
        }
        Content::Table | Content::Text => {
            inspection.problem = unread::problem(path, &mut inspection.kind);
            first_column(path, &mut inspection)
        }
        _ => first_column(path, &mut inspection),
    };
    if let Err(error) = read {
        inspection.fail(&error);
    }
    inspection
}

fn fasta(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    inspection.reading = Some(Reading::Fasta);
    let mut reader = FastaReader::open(path)?;
    let hasher = RandomState::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut damaged = Defects::default();
    let mut longest = 0;
    loop {
        let record = match reader.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error @ FormatError::Malformed { .. }) if !reader.is_no_protein_file() => {
                damaged.add(&error);
                continue;
            }
            Err(error) => return Err(error),
        };
        inspection.example(&record.accession);
        longest = longest.max(record.sequence.len());
        let hash = hasher.hash_one(&record.sequence);
        let accession = record.accession.clone();
        match seen.insert(record.accession, hash) {
            Some(earlier) if earlier == hash => inspection.drop_row(
                "proteins that repeat another with the same sequence, which are read once",
                &accession,
            ),
            Some(_) => {
                inspection.has_damaged_rows = true;
                inspection.drop_row(
                    "proteins with the accession of another and another sequence, which are refused",
                    &accession,
                );
            }
            None => {}
        }
        if !inspection.count_row(MOST_ROWS) {
            break;
        }
    }
    inspection.has_damaged_rows |= damaged.count > 0;
    inspection.damaged("damaged proteins, which are refused", &damaged);
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
            let text = text.strip_prefix(&name).unwrap_or(&text);
            inspection.problem = Some(text.trim_start_matches([':', ',', ' ']).to_owned());
        }
    }
}

fn annotations(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut reader = AnnotationReader::open(path)?;
    let wanted = Wanted {
        taxa: false,
        dates: false,
        on_defect: OnDefect::Skip,
        ..Wanted::default()
    };
    while let Some(row) = reader.next_wanted(&wanted)? {
        let accession = row.accession.to_owned();
        inspection.example(&accession);
        if !inspection.count_row(MOST_ROWS) {
            break;
        }
    }
    inspection.has_damaged_rows = reader.damaged_rows().count > 0;
    inspection.damaged(
        "damaged rows, which are refused if their protein is in the dataset",
        reader.damaged_rows(),
    );
    inspection.damaged(
        "invalid fields that are not used, which are ignored",
        reader.damaged_fields(),
    );
    let skipped = reader.skipped();
    for (number, what) in [
        (
            skipped.negated,
            "annotations with NOT, which are kept apart",
        ),
        (
            skipped.no_data,
            "annotations with the evidence ND (no data), which are left out",
        ),
    ] {
        if number > 0 {
            inspection.notes.push(format!("{number} {what}"));
        }
    }
    Ok(())
}

fn taxa(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    if inspection.bytes > LARGEST {
        return first_column(path, inspection);
    }
    let found = read_taxonomy_with(path, OnDefect::Skip)?;
    inspection.rows = Some(found.taxa.len() as u64);
    let mut names: Vec<&String> = found.taxa.keys().collect();
    names.sort_unstable();
    for name in names.iter().take(super::EXAMPLES) {
        inspection.example(name);
    }
    inspection.has_damaged_rows = found.damaged_rows.count > 0;
    inspection.damaged(
        "damaged rows, which are refused if their protein is in the dataset",
        &found.damaged_rows,
    );
    inspection.damaged(
        "rows without a taxon, which are ignored",
        &found.without_taxon,
    );
    Ok(())
}

fn accretion(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    if inspection.bytes > LARGEST {
        return first_column(path, inspection);
    }
    let file = read_information_accretion(path)?;
    inspection.rows = Some(file.rows.len() as u64);
    let mut values: HashMap<&str, f64> = HashMap::with_capacity(file.rows.len());
    for (term, value) in &file.rows {
        inspection.example(term);
        if *value < 0.0 {
            inspection.drop_row(
                "negative values, which count as 0",
                &format!("{term} {value}"),
            );
        }
        let earlier = values.insert(term, *value);
        if earlier.is_some_and(|earlier| earlier != *value) {
            inspection.drop_row(
                "terms with several different values, of which the last is used",
                term,
            );
        }
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
    let implied = lineages.implied_roots().len();
    inspection.rows = Some((lineages.len() - implied) as u64);
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
        if !inspection.count_row(MOST_ROWS) {
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
        if !inspection.count_row(MOST_ROWS) {
            break;
        }
    }
    Ok(())
}
