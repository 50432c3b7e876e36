//! Compares the datasets of a run with what the runner needs, before anything is trained.
//!
//! A runner states its needs in the schema of its spec under `x-needs`; the chapter "Write a runner"
//! describes the keyword. Whatever a runner does not state there, it checks by itself, later. The
//! host knows nothing of this, because it does not know what is in a dataset.

use protea_cafa::dataset::{EmbeddingInfo, FrozenDataset};
use protea_core::{
    Dataset, Runner,
    contracts::{MetricSchema, metrics::FMAX},
    store,
    text::escape_line,
};
use serde_json::{Map, Value};

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Reporter, display_path},
};

/// The keyword of the schema.
const KEYWORD: &str = "x-needs";

/// Refuses datasets that the runner cannot use with these settings.
pub fn check(
    runner: &Runner,
    spec: &Value,
    train: &Dataset,
    eval: &Dataset,
) -> Result<(), Failure> {
    match problem(runner, spec, train, eval) {
        Some(problem) => Err(Failure::new(Exit::Input, problem)),
        None => Ok(()),
    }
}

/// Warns of scores on the proteins that were learned from.
pub fn warn_of_the_same(train: &Dataset, eval: &Dataset, reporter: &Reporter) {
    if train.sha256 == eval.sha256 {
        reporter.warn(
            "--train and --eval are the same dataset: these scores say nothing about other proteins; \
             `protea dataset split` divides a dataset",
        );
    }
}

/// Why the runner cannot use the datasets with these settings.
pub fn problem(runner: &Runner, spec: &Value, train: &Dataset, eval: &Dataset) -> Option<String> {
    let (trained, scored) = (open(train)?, open(eval)?);
    let problem = problem_between(runner, spec, &trained, &scored);
    problem.or_else(|| {
        let remedy = if train.sha256 == eval.sha256 {
            "freeze it with --annotations FILE".to_owned()
        } else {
            predict_instead(&format!("{} --train {}", runner.name(), place(train)), eval)
        };
        not_scorable(runner, &scored, &remedy)
    })
}

/// Refuses a dataset on which the predictions of a model of this name cannot be scored.
pub fn check_scored(runner: &Runner, model: &str, eval: &Dataset) -> Result<(), Failure> {
    let problem = open(eval).and_then(|scored| {
        let remedy = predict_instead(&escape_line(model), eval);
        not_scorable(runner, &scored, &remedy)
    });
    match problem {
        Some(problem) => Err(Failure::new(Exit::Input, problem)),
        None => Ok(()),
    }
}

/// None if it is not a dataset of proteins: then only the runner knows what is in it.
fn open(dataset: &Dataset) -> Option<FrozenDataset> {
    FrozenDataset::open(&store::local_path(&dataset.uri).ok()?).ok()
}

/// Only CAFA scores are known to need annotations.
fn not_scorable(runner: &Runner, eval: &FrozenDataset, remedy: &str) -> Option<String> {
    let manifest = eval.manifest();
    (manifest.counts.annotations == 0 && has_fmax(&runner.capabilities().metrics)).then(|| {
        format!(
            "the dataset {:?} has no annotations, so predictions for it cannot be scored; {remedy}",
            manifest.name
        )
    })
}

fn has_fmax(schema: &MetricSchema) -> bool {
    schema.metrics.iter().any(|metric| metric.name == FMAX)
}

fn predict_instead(model: &str, eval: &Dataset) -> String {
    format!(
        "predict for it instead: `protea predict {model} --dataset {}`",
        place(eval)
    )
}

/// Where the user has the dataset.
fn place(dataset: &Dataset) -> String {
    let source = dataset.source();
    match store::local_path(source) {
        Ok(path) => display_path(&path),
        Err(_) => store::redacted(source),
    }
}

/// Whether the runner states that it needs embeddings.
pub fn needs_embeddings(runner: &Runner) -> bool {
    let needs = needs(runner);
    needs.is_some_and(|needs| needs.contains_key(Part::Embeddings.name()))
}

fn needs(runner: &Runner) -> Option<&Map<String, Value>> {
    let schema = &runner.capabilities().spec_schema;
    schema.get(KEYWORD)?.as_object()
}

/// As [`problem`], of opened datasets.
pub fn problem_between(
    runner: &Runner,
    spec: &Value,
    train: &FrozenDataset,
    eval: &FrozenDataset,
) -> Option<String> {
    let (train, eval) = (Contents { frozen: train }, Contents { frozen: eval });
    needs(runner)?.iter().find_map(|(what, need)| {
        let part = Part::from_name(what)?;
        let need = Need { part, need };
        if need.is_waived(spec) {
            return None;
        }
        let problem = need
            .missing(&train, &eval)
            .or_else(|| need.differing(&train, &eval));
        Some(format!("{} {}", runner.name(), problem?))
    })
}

/// What a dataset may have besides proteins and annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Embeddings,
    Sequences,
    Taxa,
    Annotations,
}

impl Part {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "embeddings" => Some(Self::Embeddings),
            "sequences" => Some(Self::Sequences),
            "taxa" => Some(Self::Taxa),
            "annotations" => Some(Self::Annotations),
            // A later keyword of another runner.
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Sequences => "sequences",
            Self::Taxa => "taxa",
            Self::Annotations => "annotations",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Embeddings => {
                "freeze it with --embeddings FILE, or both datasets with --features kmer"
            }
            Self::Sequences => "freeze it from a FASTA file with sequences",
            Self::Taxa => "freeze it with --taxonomy FILE, or from a FASTA file with OX=",
            Self::Annotations => "freeze it with --annotations FILE",
        }
    }
}

/// A dataset that was opened for its contents.
struct Contents<'c> {
    frozen: &'c FrozenDataset,
}

impl Contents<'_> {
    fn embedding(&self) -> Option<&EmbeddingInfo> {
        self.frozen.manifest().embedding.as_ref()
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Embeddings => self.embedding().is_some(),
            Part::Sequences => {
                (0..self.frozen.len()).any(|protein| self.frozen.sequence(protein).is_some())
            }
            Part::Taxa => self.frozen.manifest().counts.taxa > 0,
            Part::Annotations => self.frozen.manifest().counts.annotations > 0,
        }
    }

    /// The dataset's name and place.
    fn name(&self) -> String {
        let place = display_path(self.frozen.directory());
        format!("{} ({place})", self.frozen.manifest().name)
    }
}

/// One entry of the keyword.
struct Need<'n> {
    part: Part,
    need: &'n Value,
}

impl Need<'_> {
    /// Whether the settings make it unnecessary: `"unless": {"aligned": 0}`.
    fn is_waived(&self, spec: &Value) -> bool {
        let unless = self.need.get("unless").and_then(Value::as_object);
        unless.is_some_and(|settings| {
            settings
                .iter()
                .any(|(key, value)| spec.get(key) == Some(value))
        })
    }

    /// What a dataset lacks. With `"optional": true`, the other dataset needs it only if the
    /// training dataset has it.
    fn missing(&self, train: &Contents<'_>, eval: &Contents<'_>) -> Option<String> {
        let (name, remedy) = (self.part.name(), self.part.remedy());
        let is_optional = self.need.get("optional") == Some(&Value::Bool(true));
        if !train.has(self.part) {
            return (!is_optional)
                .then(|| format!("needs {name}, and {} has none; {remedy}", train.name()));
        }
        // A model also predicts for proteins without annotations.
        let is_of_both = self.part != Part::Annotations;
        (is_of_both && !eval.has(self.part)).then(|| {
            let reason = if is_optional {
                " that the training dataset has"
            } else {
                ""
            };
            format!(
                "needs {name}{reason}, and {} has none; {remedy}",
                eval.name()
            )
        })
    }

    /// How the embeddings differ in what must be the same: `"same": ["width", "type", "source"]`.
    fn differing(&self, train: &Contents<'_>, eval: &Contents<'_>) -> Option<String> {
        let (one, other) = (train.embedding()?, eval.embedding()?);
        let same = self.need.get("same").and_then(Value::as_array)?;
        let difference = same.iter().filter_map(Value::as_str).find_map(|property| {
            let described = |info: &EmbeddingInfo| match property {
                "width" => Some(format!("are {} wide", info.width)),
                "type" => Some(format!("are of type {}", info.dtype.name())),
                "source" => info
                    .declared_source()
                    .map(|source| format!("are from {source:?}")),
                _ => None,
            };
            let (one, other) = (described(one)?, described(other)?);
            (one != other).then_some((one, other))
        });
        let (one, other) = difference?;
        Some(format!(
            "needs the same embeddings in both datasets: those of {} {one}, those of {} {other}; \
             freeze both with the same embedding",
            train.name(),
            eval.name()
        ))
    }
}
