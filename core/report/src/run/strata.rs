//! The section on groups of proteins: by number of terms, similarity to the training set, taxon and
//! length.

use std::collections::HashMap;

use protea_cafa::{dataset::FrozenDataset, scoring::ProteinCounts};

use super::method::Scoring;
use crate::{
    analysis::{Grouping, Method, Opened, grouped, quartiles},
    chart::{Axis, BarChart, BarRow, Segment},
    data::{Cell, Data},
    figure::{Figure, Legend},
    page::Page,
    text::{count, number},
};

/// How many taxa get a group of their own.
const TAXA: usize = 6;
/// The upper limits of the groups by number of terms (with ancestors).
const TERMS: [u32; 4] = [5, 10, 20, 40];
/// The upper limits of the groups by length in residues.
const LENGTHS: [usize; 4] = [200, 400, 800, 1600];

/// The number of the group of a protein.
type GroupOf<'g> = Box<dyn Fn(&ProteinCounts) -> Option<usize> + 'g>;

/// Adds the section.
pub fn section(page: &mut Page, (method, eval): (&Method, &Opened), scoring: &Scoring) {
    page.section("groups", "Groups of proteins");
    page.text("Where the method does well and where it fails. F at the threshold of the Fmax of all proteins, with precision and recall averaged as in CAFA; n is the number of proteins.");
    let dataset = &eval.dataset;
    let mut add = |id, (grouping, group_of): (Grouping, GroupOf<'_>)| {
        if let Some(figure) = figure(id, method, &grouping, &*group_of) {
            page.figure(figure);
        }
    };
    add("groups-terms", by_terms());
    if let Some(similarity) = &scoring.similarity {
        add("groups-similarity", by_similarity(dataset, similarity));
    }
    let has_taxa = (0..dataset.len()).any(|protein| dataset.taxon(protein).is_some());
    if has_taxa {
        add("groups-taxon", by_taxon(dataset));
    }
    add("groups-length", by_length(dataset));
    if !has_taxa {
        page.text("There are no groups by taxon: the dataset has no taxon for any protein.");
    }
}

/// The names of groups that end at these values.
fn ranges(ends: &[usize]) -> Vec<String> {
    let mut labels = Vec::new();
    let mut from = 1;
    for end in ends {
        labels.push(format!("{from}–{end}"));
        from = end + 1;
    }
    labels.push(format!("over {}", from - 1));
    labels
}

fn by_terms<'g>() -> (Grouping, GroupOf<'g>) {
    let grouping = Grouping {
        title: "By number of terms of the protein",
        labels: ranges(&TERMS.map(|end| end as usize)),
    };
    let group_of =
        |protein: &ProteinCounts| Some(TERMS.partition_point(|end| *end < protein.positives));
    (grouping, Box::new(group_of))
}

fn by_similarity<'g>(dataset: &'g FrozenDataset, similarity: &'g [f64]) -> (Grouping, GroupOf<'g>) {
    let bounds = quartiles(similarity.iter().copied());
    let mut labels: Vec<String> = Vec::new();
    for (at, bound) in bounds.iter().enumerate() {
        labels.push(match at {
            0 => format!("below {bound:.3}"),
            _ => format!("{:.3}–{bound:.3}", bounds[at - 1]),
        });
    }
    labels.push(match bounds.last() {
        Some(last) => format!("from {last:.3}"),
        None => "all".to_owned(),
    });
    let grouping = Grouping {
        title: "By similarity to the nearest training protein (cosine of embeddings, quarters of the proteins)",
        labels,
    };
    let group_of = move |protein: &ProteinCounts| {
        let value = similarity[dataset.index_of(&protein.accession)?];
        value
            .is_finite()
            .then(|| bounds.partition_point(|bound| *bound <= value))
    };
    (grouping, Box::new(group_of))
}

fn by_taxon(dataset: &FrozenDataset) -> (Grouping, GroupOf<'_>) {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for protein in 0..dataset.len() {
        if let Some(taxon) = dataset.taxon(protein) {
            *counts.entry(taxon).or_default() += 1;
        }
    }
    let mut taxa: Vec<(u32, usize)> = counts.into_iter().collect();
    taxa.sort_by_key(|(taxon, count)| (std::cmp::Reverse(*count), *taxon));
    let frequent: Vec<u32> = taxa.iter().take(TAXA).map(|(taxon, _)| *taxon).collect();
    let mut labels: Vec<String> = frequent
        .iter()
        .map(|taxon| format!("taxon {taxon}"))
        .collect();
    labels.extend(["other taxa", "unknown taxon"].map(str::to_owned));
    let grouping = Grouping {
        title: "By taxon (NCBI), the most frequent",
        labels,
    };
    let group_of = move |protein: &ProteinCounts| {
        let taxon = dataset.taxon(dataset.index_of(&protein.accession)?);
        Some(match taxon {
            None => frequent.len() + 1,
            Some(taxon) => {
                let at = frequent.iter().position(|known| *known == taxon);
                at.unwrap_or(frequent.len())
            }
        })
    };
    (grouping, Box::new(group_of))
}

fn by_length(dataset: &FrozenDataset) -> (Grouping, GroupOf<'_>) {
    let grouping = Grouping {
        title: "By length of the sequence in residues",
        labels: ranges(&LENGTHS),
    };
    let group_of = move |protein: &ProteinCounts| {
        let length = dataset
            .sequence(dataset.index_of(&protein.accession)?)?
            .len();
        Some(LENGTHS.partition_point(|end| *end < length))
    };
    (grouping, Box::new(group_of))
}

fn figure(
    id: &'static str,
    method: &Method,
    grouping: &Grouping,
    group_of: &dyn Fn(&ProteinCounts) -> Option<usize>,
) -> Option<Figure> {
    let mut data = Data::new(["group", "aspect", "proteins", "precision", "recall", "F"]);
    let mut charts = Vec::new();
    for (at, result) in method.aspects.iter().enumerate() {
        let strata = grouped(&result.details.proteins, grouping.labels.len(), group_of);
        let mut rows = Vec::new();
        let mut listed = Vec::new();
        for stratum in &strata {
            let label = &grouping.labels[stratum.group];
            data.push([
                Cell::text(label),
                Cell::text(&result.aspect),
                Cell::Count(stratum.proteins as u64),
                Cell::optional(stratum.precision),
                Cell::Number(stratum.recall),
                Cell::Number(stratum.f),
            ]);
            listed.push(format!("{label}: {}", number(stratum.f)));
            rows.push(BarRow {
                label: label.clone(),
                segments: vec![Segment {
                    from: 0.0,
                    to: stratum.f,
                    colour: 0,
                }],
                value: format!("{} n {}", number(stratum.f), count(stratum.proteins as u64)),
            });
        }
        if rows.is_empty() {
            continue;
        }
        let chart = BarChart {
            id: format!("{id}-{at}"),
            title: result.aspect.clone(),
            description: format!("F in {} by group. {}.", result.aspect, listed.join("; ")),
            x: Axis::unit("F"),
            rows,
            wide: false,
        };
        charts.push(chart.into());
    }
    (!charts.is_empty()).then(|| Figure {
        id,
        title: grouping.title.to_owned(),
        caption: String::new(),
        legend: Vec::<Legend>::new(),
        charts,
        wide: false,
        data,
    })
}
