//! `protea cafa`.

use std::ops::ControlFlow;

use protea_cafa::{
    ontology::Ontology,
    scoring::{
        Bootstrap, Evaluation, GroundTruth, InformationAccretion, Interval, NamespaceEvaluation,
        PartialKnowledge, PredictionFile, Predictions, Resampled, Rules, ScoringError,
        ScoringOptions, Tally, TermsOfInterest, evaluate, evaluate_partial, prediction_files,
        resample, write_tables,
    },
};
use serde_json::{Map, Value, json};

use crate::{
    args::{CafaArgs, EvaluatorArg, LogLevel},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, Table, number, percent, range, shown},
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
            "cafaeval has no --known and no --toi: they are scored as CAFA-evaluator-PK does; leave out --evaluator cafaeval",
        ));
    };

    let ontology = Ontology::read(&args.ontology)?;
    let truth = GroundTruth::read(&args.ground_truth, &ontology)?;
    let accretion = args
        .ia
        .as_ref()
        .map(|file| InformationAccretion::read(file, &ontology))
        .transpose()?;
    let known = args.known.as_ref();
    let known = known
        .map(|file| GroundTruth::read_known(file, &ontology))
        .transpose()?;
    let interest = args.toi.as_ref();
    let interest = interest
        .map(|file| TermsOfInterest::read(file, &ontology))
        .transpose()?;
    let knowledge = PartialKnowledge {
        known: known.as_ref(),
        interest: interest.as_ref(),
    };
    let files = prediction_files(&args.predictions)?;
    if args.log_level <= LogLevel::Warning {
        let name = format!("ground truth {}", truth.name());
        warn_of_terms(&reporter, &name, &truth.skipped().unknown_terms);
        if evaluator == EvaluatorArg::Pk {
            warn_of_knowledge(&reporter, &truth, &knowledge, &options);
        }
    }

    let how = How {
        accretion: accretion.as_ref(),
        options: &options,
        rules: match evaluator {
            EvaluatorArg::Cafaeval => Rules::Cafaeval,
            EvaluatorArg::Pk => Rules::PartialKnowledge(&knowledge),
        },
        bootstrap: args.resampling(),
    };
    let scored = score(&truth, &files, &how, &reporter);
    reporter.abandon();
    let Scored {
        evaluations,
        intervals,
        failed,
    } = scored?;
    if evaluations.is_empty() {
        return Err(nothing_scored(&failed));
    }
    for (name, message) in &failed {
        reporter.warn(&format!("{name} is not scored: {message}"));
    }
    if args.log_level <= LogLevel::Warning {
        for evaluation in &evaluations {
            warn_of(&reporter, evaluation, args.log_level);
        }
    }
    let tables = write_tables(&args.out_dir, &evaluations, &options)?;
    let place = shown(&args.out_dir);
    let scored = || evaluations.iter().zip(&intervals);
    let files: Vec<Value> = scored()
        .map(|(evaluation, intervals)| evaluation_json(evaluation, intervals))
        .collect();
    let failed: Vec<Value> = failed
        .iter()
        .map(|(name, message)| json!({ "name": name, "message": message }))
        .collect();
    let paths: Vec<_> = tables.iter().map(|path| path.to_string_lossy()).collect();
    Ok(Report {
        text: format!(
            "{}\n{} tables in {place}\n",
            table(scored(), args.resampling().as_ref()),
            tables.len()
        ),
        json: json!({
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
            "tables": paths,
        }),
    })
}

fn nothing_scored(failed: &[(String, String)]) -> Failure {
    let first = failed.first().map_or("", |(_, message)| message);
    let others = match failed.len() {
        0 | 1 => String::new(),
        several => format!(" (the same goes for {} more files)", several - 1),
    };
    Failure::new(Exit::Input, format!("{first}{others}"))
}

/// Makes the threads of this process.
pub(super) fn set_threads(threads: usize) -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("{threads} threads cannot be had: {error}; give fewer with --threads"),
            )
        })
}

/// How predictions are scored.
struct How<'h> {
    accretion: Option<&'h InformationAccretion<'h>>,
    options: &'h ScoringOptions,
    rules: Rules<'h>,
    bootstrap: Option<Bootstrap>,
}

struct Scored {
    evaluations: Vec<Evaluation>,
    /// The intervals of Fmax in the namespaces of each; empty where they were not asked for.
    intervals: Vec<Vec<Interval>>,
    /// Files that have nothing to score, with the reason.
    failed: Vec<(String, String)>,
}

/// Scores the files one after the other, the next being read while one is scored. A file without a
/// prediction for the ground truth is passed over, as cafaeval does.
fn score(
    truth: &GroundTruth<'_>,
    files: &[PredictionFile],
    how: &How<'_>,
    reporter: &Reporter,
) -> Result<Scored, Failure> {
    let evaluate = |predictions: &Predictions<'_>| match how.rules {
        Rules::Cafaeval => evaluate(predictions, how.accretion, how.options),
        Rules::PartialKnowledge(knowledge) => {
            evaluate_partial(predictions, how.accretion, how.options, knowledge)
        }
    };
    let read = |file: &PredictionFile| Predictions::read(&file.path, truth, &file.name);
    let mut evaluations = Vec::with_capacity(files.len());
    let (mut intervals, mut failed) = (Vec::new(), Vec::new());
    reporter.start("scoring");
    let mut current = files.first().map(read).transpose()?;
    for (done, next) in (0..).zip(files.iter().skip(1).map(Some).chain([None])) {
        let Some(predictions) = current.take() else {
            break;
        };
        reporter.progress(done, files.len() as u64);
        reporter.detail(predictions.name());
        let (evaluation, read) =
            rayon::join(|| evaluate(&predictions), || next.map(read).transpose());
        match evaluation {
            Ok(evaluation) => {
                evaluations.push(evaluation);
                intervals.push(resampled(&predictions, how)?);
            }
            Err(error @ ScoringError::NoOverlap { .. }) => {
                failed.push((predictions.name().to_owned(), error.to_string()));
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
        failed,
    })
}

/// The interval of Fmax in each namespace, where that is asked for.
fn resampled(predictions: &Predictions<'_>, how: &How<'_>) -> Result<Vec<Interval>, ScoringError> {
    let Some(bootstrap) = &how.bootstrap else {
        return Ok(Vec::new());
    };
    let mut watch = |_, _| match interrupt::requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let resampled = resample(predictions, how.options, how.rules, bootstrap, &mut watch)?;
    Ok(resampled.iter().map(Resampled::interval).collect())
}

fn warn_of(reporter: &Reporter, evaluation: &Evaluation, level: LogLevel) {
    let (name, skipped) = (&evaluation.name, &evaluation.skipped);
    warn_of_terms(reporter, name, &skipped.unknown_terms);
    if skipped.short_lines > 0 {
        reporter.warn(&format!(
            "{name}: lines with fewer than three columns were left out: {}",
            skipped.short_lines
        ));
    }
    // To predict for more proteins than the ground truth has is usual.
    if level <= LogLevel::Info && skipped.unknown_proteins.lines > 0 {
        reporter.note(&format!(
            "{name}: proteins that are not in the ground truth were left out: {}",
            skipped.unknown_proteins
        ));
    }
}

fn warn_of_terms(reporter: &Reporter, name: &str, unknown: &Tally) {
    if unknown.lines > 0 {
        reporter.warn(&format!(
            "{name}: terms that are not in the ontology, or obsolete in it, were left out: {unknown}"
        ));
    }
}

fn warn_of_knowledge(
    reporter: &Reporter,
    truth: &GroundTruth<'_>,
    knowledge: &PartialKnowledge<'_>,
    options: &ScoringOptions,
) {
    if let Some(known) = knowledge.known {
        let name = format!("known annotations {}", known.name());
        warn_of_terms(reporter, &name, &known.skipped().unknown_terms);
        for namespace in knowledge.nothing_known(truth) {
            reporter.warn(&format!(
                "{name}: nothing is known of any protein of the ground truth in {namespace}: all its terms count there"
            ));
        }
    }
    if let Some(interest) = knowledge.interest {
        let name = format!("terms of interest {}", interest.name());
        warn_of_terms(reporter, &name, interest.unknown());
    }
    for left in knowledge.nothing_left(truth, options) {
        reporter.warn(&format!(
            "{} is not scored: no protein of the ground truth ({} there) has a term left that is of interest and not known",
            left.namespace, left.proteins
        ));
    }
}

fn table<'s>(
    scored: impl Iterator<Item = (&'s Evaluation, &'s Vec<Interval>)>,
    bootstrap: Option<&Bootstrap>,
) -> String {
    let interval = bootstrap.map(|bootstrap| format!("{} % CI", percent(bootstrap.confidence)));
    let headings = ["file", "aspect", "proteins", "Fmax"].map(str::to_owned);
    let others = ["at tau", "wFmax", "Smin", "AuPRC", "coverage"].map(str::to_owned);
    let mut table = Table::new(2.., headings.into_iter().chain(interval).chain(others));
    let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    for (evaluation, intervals) in scored {
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
