//! The output files of cafaeval.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    atomic_file::write_atomically,
    best_scores::{Best, Evaluation},
    curve::{CurvePoint, Scores},
    error::ScoringError,
    options::ScoringOptions,
};

/// Writes `evaluation_all.tsv` and one `evaluation_best_<score>.tsv` per score into a directory,
/// with the columns, order and rounding of `write_results` in cafaeval. Creates the directory if it
/// is missing. Returns the paths of the files.
///
/// `evaluation_all.tsv` has the methods in the order of `evaluations` and the namespaces in the
/// order of the ontology. The other tables are sorted by name. The tables of weighted scores are
/// written only if there is information accretion.
///
/// # Errors
///
/// [`ScoringError::Write`] if a file cannot be written. Each file is written completely or not at
/// all.
pub fn write_tables(
    directory: impl AsRef<Path>,
    evaluations: &[Evaluation],
    options: &ScoringOptions,
) -> Result<Vec<PathBuf>, ScoringError> {
    let directory = directory.as_ref();
    fs::create_dir_all(directory).map_err(|source| ScoringError::Write {
        file: directory.display().to_string(),
        source,
    })?;
    let decimals = (-options.th_step.log10()).ceil() as usize + 1;
    let weighted = points(evaluations).any(|(_, _, p)| p.weighted.is_some());

    let mut tables = vec![("all".to_owned(), all(evaluations, weighted, decimals))];
    let scores = [
        Best::F,
        Best::S,
        Best::FMicro,
        Best::FWeighted,
        Best::FMicroWeighted,
    ];
    for by in scores
        .into_iter()
        .filter(|by| weighted || !by.is_weighted())
    {
        tables.push((
            format!("best_{}", by.column()),
            best(evaluations, by, weighted, decimals),
        ));
    }
    let mut paths = Vec::new();
    for (name, text) in tables {
        let path = directory.join(format!("evaluation_{name}.tsv"));
        write_atomically(&path, text.as_bytes())?;
        paths.push(path);
    }
    Ok(paths)
}

fn points(evaluations: &[Evaluation]) -> impl Iterator<Item = (&str, &str, &CurvePoint)> {
    evaluations.iter().flat_map(|e| {
        e.namespaces.iter().flat_map(|n| {
            n.curve
                .iter()
                .map(|p| (e.name.as_str(), n.namespace.as_str(), p))
        })
    })
}

fn all(evaluations: &[Evaluation], weighted: bool, decimals: usize) -> String {
    let mut text = header(weighted);
    text.push('\n');
    for (name, namespace, point) in points(evaluations) {
        row(&mut text, name, namespace, point, decimals);
        text.push('\n');
    }
    text
}

fn best(evaluations: &[Evaluation], by: Best, weighted: bool, decimals: usize) -> String {
    let mut rows = Vec::new();
    for evaluation in evaluations {
        for namespace in &evaluation.namespaces {
            let coverage = if by.is_weighted() {
                namespace.coverage_weighted()
            } else {
                Some(namespace.coverage())
            };
            if let (Some(point), Some(coverage)) = (namespace.best(by), coverage) {
                rows.push((
                    evaluation.name.as_str(),
                    namespace.namespace.as_str(),
                    point,
                    coverage,
                ));
            }
        }
    }
    rows.sort_by_key(|&(name, namespace, _, _)| (name, namespace));
    let mut text = header(weighted);
    text.push_str("\tcov_max\n");
    for (name, namespace, point, coverage) in rows {
        row(&mut text, name, namespace, point, decimals);
        writeln!(text, "\t{coverage:.decimals$}").expect("writing to a string cannot fail");
    }
    text
}

fn header(weighted: bool) -> String {
    let mut text = "filename\tns\ttau".to_owned();
    for suffix in ["", "_w"].iter().take(1 + usize::from(weighted)) {
        for column in Scores::COLUMNS {
            write!(text, "\t{column}{suffix}").expect("writing to a string cannot fail");
        }
    }
    text
}

fn row(text: &mut String, name: &str, namespace: &str, point: &CurvePoint, decimals: usize) {
    // Rust rounds like C (and so like cafaeval): the exact binary value, half to even.
    let values = point
        .scores
        .values()
        .into_iter()
        .chain(point.weighted.iter().flat_map(Scores::values));
    write!(text, "{name}\t{namespace}\t{:.decimals$}", point.tau)
        .expect("writing to a string cannot fail");
    for value in values {
        write!(text, "\t{value:.decimals$}").expect("writing to a string cannot fail");
    }
}
