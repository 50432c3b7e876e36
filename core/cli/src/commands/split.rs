//! `protea dataset split`.

use std::path::{self, PathBuf};

use clap::ValueEnum;
use protea_cafa::dataset::{
    self, Accessions, FrozenDataset, Grouping, Shares, Split, SplitRequest, SplitRule, TimeSplit,
    TimeSplitRequest,
};
use serde_json::{Value, json};

use super::{
    clusters::{self, Clusters},
    dataset::open,
    evidence,
    freeze::{examples, taxa},
};
use crate::{
    args::{SplitArgs, SplitBy},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, Table, count, display_path, plural},
};

const DEFAULT_TEST: f64 = 0.2;
const DEFAULT_MIN_SEQ_ID: f64 = 0.3;

/// The word for a value on the command line.
fn possible_value(by: SplitBy) -> String {
    by.to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Splits a dataset and reports what is in the parts.
pub fn split(args: &SplitArgs, reporter: &Reporter) -> Result<Report, Failure> {
    if let Some(option) = args.misplaced_option() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{option} cannot be used with --by {}; see `protea dataset split --help`",
                possible_value(args.by)
            ),
        ));
    }
    interrupt::cooperate(reporter);
    let opened = open(&args.dataset, reporter)?;
    let dataset = &opened.dataset;
    let out = path::absolute(&args.out).unwrap_or_else(|_| args.out.clone());
    let watch = &mut |done: usize, total: usize| {
        if done == 0 {
            reporter.start("writing datasets");
        }
        reporter.progress(done as u64, total as u64);
        interrupt::continue_unless_requested()
    };
    let report = if let (SplitBy::Time, Some(later)) = (args.by, &args.later) {
        let later = open(later, reporter)?;
        let later = &later.dataset;
        let request = TimeSplitRequest {
            evidence: evidence::or_experimental(&args.evidence)?,
            protein_binding_counts: !args.no_protein_binding,
            ..TimeSplitRequest::new(out)
        };
        reporter.start("comparing releases");
        let made = dataset::split_by_time(dataset, later, &request, watch);
        reporter.abandon();
        let made = made?;
        Report {
            text: text_of_time(dataset, later, &made),
            json: with_dataset(json!(made), dataset, Some(later)),
        }
    } else {
        let clusters = match (args.by, &args.clusters) {
            (SplitBy::Cluster, None) => {
                reporter.start("clustering");
                let clusters =
                    clusters::compute(dataset, args.min_seq_id.unwrap_or(DEFAULT_MIN_SEQ_ID));
                reporter.abandon();
                Some(clusters?)
            }
            _ => None,
        };
        let table = clusters.as_ref().map(Clusters::table);
        let table = table.or_else(|| args.clusters.clone());
        let request = SplitRequest {
            out,
            rule: rule(args, table)?,
            seed: args.seed.unwrap_or(0),
        };
        let made = dataset::split(dataset, &request, watch);
        reporter.abandon();
        let made = made?;
        let mut json = with_dataset(json!(made), dataset, None);
        json["clustered_by"] = json!(clusters.as_ref().map(|clusters| &clusters.program));
        Report {
            text: text(&made, args.by, clusters.as_ref()),
            json,
        }
    };
    Ok(report)
}

fn rule(args: &SplitArgs, clusters: Option<PathBuf>) -> Result<SplitRule, Failure> {
    let grouping = match args.by {
        SplitBy::Given => {
            let Some(test) = args.test_ids.clone() else {
                return Err(missing("given", "--test-ids"));
            };
            return Ok(SplitRule::Lists(Accessions {
                train: args.train_ids.clone(),
                validation: args.validation_ids.clone(),
                test,
            }));
        }
        SplitBy::Taxon if !args.test_taxa.is_empty() => {
            return Ok(SplitRule::Taxa {
                validation: args.validation_taxa.clone(),
                test: args.test_taxa.clone(),
            });
        }
        SplitBy::Clade if !args.test_clades.is_empty() => {
            return Ok(SplitRule::Clades {
                validation: args.validation_clades.clone(),
                test: args.test_clades.clone(),
            });
        }
        SplitBy::Clade => match &args.rank {
            Some(rank) => Grouping::Clade(rank.clone()),
            None => return Err(missing("clade", "--test-clades or --rank")),
        },
        SplitBy::Time => return Err(missing("time", "--later")),
        SplitBy::Taxon => Grouping::Taxon,
        SplitBy::Random => Grouping::None,
        SplitBy::Cluster => match clusters {
            Some(clusters) => Grouping::Clusters(clusters),
            None => return Err(missing("cluster", "--clusters")),
        },
    };
    Ok(SplitRule::Shares {
        shares: Shares {
            validation: args.validation.unwrap_or(0.0),
            test: args.test.unwrap_or(DEFAULT_TEST),
        },
        grouping,
    })
}

fn missing(by: &str, option: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("--by {by} needs {option}; give it too"),
    )
}

fn with_dataset(mut made: Value, dataset: &FrozenDataset, later: Option<&FrozenDataset>) -> Value {
    let identity = |dataset: &FrozenDataset| json!({ "directory": dataset.directory().to_string_lossy(), "sha256": dataset.sha256() });
    if let Value::Object(object) = &mut made {
        object.insert("dataset".to_owned(), identity(dataset));
        if let Some(later) = later {
            object.insert("later".to_owned(), identity(later));
        }
    }
    made
}

fn text(made: &Split, by: SplitBy, clusters: Option<&Clusters>) -> String {
    let mut table = Table::new(
        1..4,
        ["part", "proteins", "annotated", "annotations", "dataset"],
    );
    for part in &made.parts {
        table.row([
            part.part.name().to_owned(),
            count(part.counts.proteins),
            count(part.counts.annotated_proteins),
            count(part.counts.annotations),
            display_path(&part.directory),
        ]);
    }
    let mut text = table.to_string();
    if let (Some(clusters), Some(groups)) = (clusters, made.groups) {
        let groups = count(groups as u64);
        text.push_str(&format!("\n{groups} clusters by {}\n", clusters.program));
    }
    if let (SplitBy::Clade, Some(groups)) = (by, made.groups) {
        text.push_str(&format!("\n{} clades\n", count(groups as u64)));
    }
    if made.without_rank.count > 0 {
        text.push_str(&format!(
            "\nwithout an ancestor of this rank: {}, each of which counts as a separate clade ({})\n",
            taxa(made.without_rank.count),
            examples(&made.without_rank)
        ));
    }
    if made.left_out > 0 {
        let left_out = count(made.left_out as u64);
        text.push_str(&format!("\n{left_out} proteins are not in any part\n"));
    }
    text
}

fn text_of_time(earlier: &FrozenDataset, later: &FrozenDataset, made: &TimeSplit) -> String {
    let mut aspects: Vec<&str> = ["MFO", "BPO", "CCO"].into();
    for targets in &made.targets {
        for aspect in targets.aspects.keys() {
            if !aspects.contains(&aspect.as_str()) {
                aspects.push(aspect);
            }
        }
    }
    let headings = ["targets", "proteins"].into_iter();
    let headings = headings.chain(aspects.iter().copied()).chain(["dataset"]);
    let mut table = Table::new(1..aspects.len() + 2, headings);
    for targets in &made.targets {
        let first = [
            targets.knowledge.abbreviation().to_owned(),
            count(targets.counts.proteins),
        ];
        let in_aspect = |aspect: &&str| {
            let targets = targets.aspects.get(*aspect).copied().unwrap_or(0);
            count(targets as u64)
        };
        let cells = first.into_iter().chain(aspects.iter().map(in_aspect));
        table.row(cells.chain([display_path(&targets.directory)]));
    }
    let mut lines = Lines::default();
    lines.add("train on", display_path(earlier.directory()));
    if let Some(known) = &made.known {
        lines.add("known for PK", display_path(known));
    }
    let mut label = "skipped";
    let mut skipped = |reason: String| {
        lines.add(label, reason);
        label = "";
    };
    if made.other_evidence > 0 {
        skipped(format!(
            "{} with other evidence codes",
            plural(made.other_evidence, "later annotation")
        ));
    }
    if made.unknown_terms.count > 0 {
        skipped(format!(
            "{} with terms that are not in the earlier ontology ({})",
            plural(made.unknown_terms.count, "later annotation"),
            examples(&made.unknown_terms)
        ));
    }
    if made.protein_binding_only > 0 {
        skipped(format!(
            "{} targets annotated with protein binding only",
            count(made.protein_binding_only as u64)
        ));
    }
    if made.gone > 0 {
        skipped(format!(
            "{} proteins that are not in {}",
            count(made.gone as u64),
            display_path(later.directory())
        ));
    }
    format!("{table}\n{lines}")
}
