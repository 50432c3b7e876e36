//! `protea cafa`.

use std::{path::PathBuf, sync::OnceLock};

use protea_cafa::{
    ontology::Ontology,
    scoring::{
        Bootstrap, Evaluation, FoundFiles, GroundTruth, InformationAccretion, Interval,
        NamespaceEvaluation, PartialKnowledge, PredictionFile, Predictions, Resampled, Rules,
        ScoringError, ScoringOptions, TermsOfInterest, evaluate, evaluate_partial,
        find_prediction_files, resample, write_tables,
    },
};
use serde_json::{Map, Value, json};

use super::accretion_file::check_table;
use super::cafa_progress::{Scoring, read_first};
use super::cafa_warnings::{
    warn_of_accretion, warn_of_coverage, warn_of_findings, warn_of_leftovers, warn_of_reading,
    warn_of_skipped, warn_of_terms, warn_of_unscored,
};
use crate::{
    args::{CafaArgs, EvaluatorArg, LogLevel},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, Table, display_path, number, percent, range},
};

/// Scores prediction files and writes cafaeval's tables.
pub fn cafa(args: &CafaArgs, quiet: bool) -> Result<Report, Failure> {
    let reporter = Reporter::new(quiet || args.log_level > LogLevel::Info);
    interrupt::cooperate(&reporter);
    set_threads(args.threads)?;
    let options = args.options();
    let Some(evaluator) = args.evaluator() else {
        return Err(Failure::new(
            Exit::Usage,
            "--evaluator cafaeval does not support --known and --toi; they need the rules of CAFA-evaluator-PK: leave out --evaluator cafaeval",
        ));
    };

    args.ia.as_deref().map_or(Ok(()), check_table)?;
    reporter.start_bar("reading");
    let mut ontology = Ontology::read_as(&args.ontology, args.reading())?;
    if args.map_obsolete {
        ontology = ontology.with_obsolete_mapped();
    }
    let inputs = Inputs::read(args, &ontology)?;
    let knowledge = inputs.knowledge();
    if args.log_level <= LogLevel::Warning {
        warn_of_findings(&reporter, &ontology);
        inputs.warn(&reporter, evaluator, &options);
    }

    let method = Method {
        accretion: inputs.accretion.as_ref(),
        options: &options,
        rules: match evaluator {
            EvaluatorArg::Cafaeval => Rules::Cafaeval,
            EvaluatorArg::Pk => Rules::PartialKnowledge(&knowledge),
        },
        bootstrap: args.resampling(),
    };
    let scored = score(&inputs.truth, &inputs.predictions.files, &method, &reporter);
    reporter.abandon();
    let scored = scored?;
    if scored.evaluations.is_empty() {
        return Err(nothing_scored(&scored.failed));
    }
    warn_of_unscored(&reporter, &scored.failed);
    if args.log_level <= LogLevel::Warning {
        for (evaluation, &covered) in scored.evaluations.iter().zip(&scored.covered) {
            warn_of_skipped(&reporter, evaluation, &ontology, args.log_level);
            warn_of_coverage(&reporter, evaluation, covered, &inputs.truth);
        }
    }
    let tables = write_tables(&args.out_dir, &scored.evaluations, &options)?;
    Ok(Report {
        text: format!(
            "{}\n{} tables in {}\n",
            table(&scored, args.resampling().as_ref()),
            tables.len(),
            display_path(&args.out_dir)
        ),
        json: to_json(args, evaluator, &options, &scored, &tables),
    })
}

/// The files that the arguments name, except the ontology, which all of them refer to.
struct Inputs<'o> {
    truth: GroundTruth<'o>,
    accretion: Option<InformationAccretion<'o>>,
    known: Option<GroundTruth<'o>>,
    interest: Option<TermsOfInterest<'o>>,
    predictions: FoundFiles,
}

impl<'o> Inputs<'o> {
    fn read(args: &CafaArgs, ontology: &'o Ontology) -> Result<Self, ScoringError> {
        Ok(Self {
            truth: GroundTruth::read(&args.ground_truth, ontology)?,
            accretion: args
                .ia
                .as_ref()
                .map(|file| InformationAccretion::read(file, ontology))
                .transpose()?,
            known: args
                .known
                .as_ref()
                .map(|file| GroundTruth::read_known(file, ontology))
                .transpose()?,
            interest: args
                .toi
                .as_ref()
                .map(|file| TermsOfInterest::read(file, ontology))
                .transpose()?,
            predictions: find_prediction_files(&args.predictions, args.reading())?,
        })
    }

    fn knowledge(&self) -> PartialKnowledge<'_> {
        PartialKnowledge {
            known: self.known.as_ref(),
            interest: self.interest.as_ref(),
        }
    }

    /// Warns of what is in the inputs and does not count.
    fn warn(&self, reporter: &Reporter, evaluator: EvaluatorArg, options: &ScoringOptions) {
        let name = format!("ground truth {}", self.truth.name());
        warn_of_reading(reporter, &name, self.truth.skipped(), self.truth.ontology());
        if let Some(accretion) = &self.accretion {
            warn_of_accretion(reporter, accretion, &self.truth);
        }
        warn_of_leftovers(reporter, &self.predictions.ignored);
        if evaluator == EvaluatorArg::Pk {
            warn_of_knowledge(reporter, &self.truth, &self.knowledge(), options);
        }
    }
}

fn to_json(
    args: &CafaArgs,
    evaluator: EvaluatorArg,
    options: &ScoringOptions,
    scored: &Scored,
    tables: &[PathBuf],
) -> Value {
    let files: Vec<Value> = scored
        .pairs()
        .map(|(evaluation, intervals)| evaluation_json(evaluation, intervals))
        .collect();
    let failed: Vec<Value> = scored
        .failed
        .iter()
        .map(|(name, message)| json!({ "name": name, "message": message }))
        .collect();
    let tables: Vec<_> = tables.iter().map(|path| path.to_string_lossy()).collect();
    json!({
        "evaluator": match evaluator {
            EvaluatorArg::Cafaeval => "cafaeval",
            EvaluatorArg::Pk => "pk",
        },
        "known": args.known,
        "toi": args.toi,
        "files": files,
        "failed": failed,
        "options": options,
        "bootstrap": args.resampling(),
        "tables": tables,
    })
}

fn nothing_scored(failed: &[(String, String)]) -> Failure {
    let first = failed.first().map_or("", |(_, message)| message);
    let others = match failed.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more files have nothing to score)", several - 1),
    };
    Failure::new(Exit::Input, format!("{first}{others}"))
}

/// Starts the threads of this process; 0 for one per core. A second call changes nothing.
pub(super) fn set_threads(threads: usize) -> Result<(), Failure> {
    static STARTED: OnceLock<()> = OnceLock::new();
    if STARTED.get().is_some() {
        return Ok(());
    }
    let _ = STARTED.set(());
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("cannot start {threads} threads: {error}; use fewer with --threads"),
            )
        })
}

/// How predictions are scored.
struct Method<'h> {
    accretion: Option<&'h InformationAccretion<'h>>,
    options: &'h ScoringOptions,
    rules: Rules<'h>,
    bootstrap: Option<Bootstrap>,
}

struct Scored {
    evaluations: Vec<Evaluation>,
    /// For each evaluation the intervals of Fmax by namespace; empty without a bootstrap.
    intervals: Vec<Vec<Interval>>,
    /// For each evaluation the number of proteins of the ground truth with a prediction.
    covered: Vec<usize>,
    /// Names of files with nothing to score, and the reason.
    failed: Vec<(String, String)>,
}

impl Scored {
    fn pairs(&self) -> impl Iterator<Item = (&Evaluation, &Vec<Interval>)> {
        self.evaluations.iter().zip(&self.intervals)
    }
}

/// Scores the files one after the other, and reads the next while one is scored. A file without a
/// prediction for the ground truth is skipped, as cafaeval does.
fn score(
    truth: &GroundTruth<'_>,
    files: &[PredictionFile],
    method: &Method<'_>,
    reporter: &Reporter,
) -> Result<Scored, Failure> {
    let evaluate = |predictions: &Predictions<'_>| match method.rules {
        Rules::Cafaeval => evaluate(predictions, method.accretion, method.options),
        Rules::PartialKnowledge(knowledge) => {
            evaluate_partial(predictions, method.accretion, method.options, knowledge)
        }
    };
    let passes = match method.rules {
        Rules::PartialKnowledge(_) if method.accretion.is_some() => 2,
        _ => 1,
    };
    let scoring = Scoring::new(truth, files.len(), passes);
    let read = |file: &PredictionFile| {
        let predictions = Predictions::read(&file.path, truth, &file.name);
        predictions.map(|predictions| predictions.counting_into(&scoring.counter))
    };
    let mut evaluations = Vec::with_capacity(files.len());
    let (mut intervals, mut covered, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    reporter.start("scoring");
    let mut current = files
        .first()
        .map(|file| read_first(file, truth, reporter))
        .transpose()?
        .map(|predictions| predictions.counting_into(&scoring.counter));
    reporter.start_stage("scoring", false);
    for (done, next) in (0..).zip(files.iter().skip(1).map(Some).chain([None])) {
        let Some(predictions) = current.take() else {
            break;
        };
        reporter.detail(predictions.name());
        let (evaluation, read) = scoring.watch(done, reporter, || {
            rayon::join(|| evaluate(&predictions), || next.map(read).transpose())
        });
        match evaluation {
            Ok(evaluation) => {
                evaluations.push(evaluation);
                intervals.push(resampled(&predictions, method, reporter)?);
                covered.push(predictions.proteins());
            }
            Err(error @ (ScoringError::NoOverlap { .. } | ScoringError::Separator { .. })) => {
                failed.push((predictions.name().to_owned(), Failure::from(error).message));
            }
            Err(error) => return Err(error.into()),
        }
        current = read?;
        if interrupt::requested() {
            return Err(Failure::cancelled());
        }
    }
    Ok(Scored {
        evaluations,
        intervals,
        covered,
        failed,
    })
}

/// The interval of Fmax in each namespace; none without a bootstrap.
fn resampled(
    predictions: &Predictions<'_>,
    method: &Method<'_>,
    reporter: &Reporter,
) -> Result<Vec<Interval>, ScoringError> {
    let Some(bootstrap) = &method.bootstrap else {
        return Ok(Vec::new());
    };
    reporter.start_stage("resampling", false);
    let mut watch = |done: usize, total: usize| {
        reporter.progress(done as u64, total as u64);
        interrupt::continue_unless_requested()
    };
    let resampled = resample(
        predictions,
        method.options,
        method.rules,
        bootstrap,
        &mut watch,
    )?;
    reporter.start_stage("scoring", false);
    Ok(resampled.iter().map(Resampled::interval).collect())
}

fn warn_of_knowledge(
    reporter: &Reporter,
    truth: &GroundTruth<'_>,
    knowledge: &PartialKnowledge<'_>,
    options: &ScoringOptions,
) {
    if let Some(known) = knowledge.known {
        let name = format!("known annotations {}", known.name());
        warn_of_reading(reporter, &name, known.skipped(), known.ontology());
        for namespace in knowledge.nothing_known(truth) {
            reporter.warn(&format!(
                "{name}: no annotations in {namespace} for the proteins of the ground truth, so all of their terms count there"
            ));
        }
    }
    if let Some(interest) = knowledge.interest {
        let name = format!("terms of interest {}", interest.name());
        warn_of_terms(reporter, &name, interest.unknown());
    }
    for unscored in knowledge.nothing_left(truth, options) {
        reporter.warn(&format!(
            "{} is not scored: none of the {} proteins of the ground truth there has a term that is of interest and not yet known",
            unscored.namespace, unscored.proteins
        ));
    }
}

fn table(scored: &Scored, bootstrap: Option<&Bootstrap>) -> String {
    let interval = bootstrap.map(|bootstrap| format!("{} % CI", percent(bootstrap.confidence)));
    let headings = ["file", "aspect", "proteins", "Fmax"].map(str::to_owned);
    let others = ["at tau", "wFmax", "Smin", "AuPRC", "coverage"].map(str::to_owned);
    let mut table = Table::new(2.., headings.into_iter().chain(interval).chain(others));
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    for (evaluation, intervals) in scored.pairs() {
        let mut namespaces: Vec<_> = evaluation.namespaces.iter().enumerate().collect();
        namespaces
            .sort_by_key(|(_, namespace)| namespace.aspect.map_or(usize::MAX, |a| a as usize));
        for (place, namespace) in namespaces {
            let aspect = namespace
                .aspect
                .map_or(namespace.namespace.as_str(), |a| a.name());
            let interval = intervals.get(place);
            let first = [
                evaluation.name.clone(),
                aspect.to_owned(),
                namespace.proteins.to_string(),
                number(namespace.fmax()),
            ];
            let first = first.into_iter();
            table.row(
                first
                    .chain(interval.map(|ci| range(ci.low, ci.high)))
                    .chain([
                        optional(namespace.tau()),
                        optional(namespace.wfmax()),
                        optional(namespace.smin()),
                        number(namespace.auc_pr()),
                        number(namespace.coverage()),
                    ]),
            );
        }
    }
    table.to_string()
}

fn evaluation_json(evaluation: &Evaluation, intervals: &[Interval]) -> Value {
    let name = |namespace: &NamespaceEvaluation| {
        let aspect = namespace.aspect.map(|aspect| aspect.name());
        aspect.unwrap_or(namespace.namespace.as_str()).to_owned()
    };
    let namespaces = evaluation.namespaces.iter();
    let proteins = namespaces.clone().map(|n| (name(n), json!(n.proteins)));
    let mut object = json!({
        "name": evaluation.name,
        "metrics": evaluation.to_metrics(),
        "proteins": proteins.collect::<Map<_, _>>(),
        "skipped": evaluation.skipped,
    });
    if !intervals.is_empty() {
        let intervals = namespaces
            .zip(intervals)
            .map(|(n, ci)| (name(n), json!(ci)));
        object["fmax_ci"] = Value::Object(intervals.collect());
    }
    object
}
