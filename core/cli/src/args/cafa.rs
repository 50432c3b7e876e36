//! `protea cafa`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protea_cafa::scoring::{Bootstrap, Norm, Propagation, ScoringOptions};

/// Arguments of `protea cafa`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea cafa go-basic.obo predictions/ truth.tsv --ia IA.tsv --out-dir results
  protea cafa go-basic.obo predictions/ truth.tsv -ia IA.tsv -no_orphans -th_step 0.001
  protea cafa go-basic.obo predictions/ partial-knowledge.tsv --ia IA.tsv --known known.tsv
  protea cafa go-basic.obo predictions/ truth.tsv --bootstrap 1000

Takes the place of `cafaeval`: the same arguments, its spellings with one dash too, the same scores
and the same files: evaluation_all.tsv and evaluation_best_{f,s,f_micro,f_w,f_micro_w}.tsv. Smin in
the printed table is the lowest s_w of evaluation_all.tsv, as CAFA reports it; AuPRC is by the
formula of cafaeval's notebook. Files may be compressed with gzip or zstd; `.gz` and `.zst` are no
part of their names.

With --known or --toi it takes the place of CAFA-evaluator-PK, which also leaves out proteins none of
whose terms count. --evaluator pk asks for that without either.")]
pub struct CafaArgs {
    /// The ontology, in OBO or OBO Graphs JSON
    pub ontology: PathBuf,
    /// A directory of prediction files `accession term score`, or one such file
    pub predictions: PathBuf,
    /// The ground truth, `accession term`
    pub ground_truth: PathBuf,
    /// Where the tables are written
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out_dir: PathBuf,
    /// Information accretion of the terms, for the weighted scores
    #[arg(long, value_name = "FILE")]
    pub ia: Option<PathBuf>,
    /// What was known before, `accession term`: left out of the scores of the proteins that it is of
    #[arg(long, value_name = "FILE", help_heading = "Partial knowledge")]
    pub known: Option<PathBuf>,
    /// The terms that count at all, one per line
    #[arg(long, value_name = "FILE", help_heading = "Partial knowledge")]
    pub toi: Option<PathBuf>,
    /// By whose rules scores are computed [default: pk with --known or --toi, else cafaeval]
    #[arg(long, value_enum, help_heading = "Partial knowledge")]
    pub evaluator: Option<EvaluatorArg>,
    /// Leave the roots out of the unweighted scores
    #[arg(long)]
    pub no_orphans: bool,
    /// What sums over proteins are divided by
    #[arg(long, value_enum, default_value_t = NormArg::Cafa)]
    pub norm: NormArg,
    /// How predicted scores are carried to ancestors
    #[arg(long, value_enum, default_value_t = PropArg::Max)]
    pub prop: PropArg,
    /// Distance between thresholds, 0.00001 to below 1
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = step)]
    pub th_step: f64,
    /// Take only the first N terms (and one more, as cafaeval does) per protein and namespace
    #[arg(long, value_name = "N")]
    pub max_terms: Option<usize>,
    /// Resample the proteins N times, for a confidence interval of Fmax; 0 makes none
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::benchmark::resamples)]
    pub bootstrap: usize,
    /// How much of the resamples the interval covers
    #[arg(long, value_name = "SHARE", default_value_t = Bootstrap::default().confidence, value_parser = super::benchmark::confidence)]
    pub confidence: f64,
    /// Seeds the resamples
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads; 0 stands for one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// What is said on standard error, from this level on
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info, ignore_case = true)]
    pub log_level: LogLevel,
}

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvaluatorArg {
    /// cafaeval 1.3.0
    Cafaeval,
    /// CAFA-evaluator-PK: proteins none of whose terms count are left out
    Pk,
}

/// cafaeval's `-norm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NormArg {
    /// Precision by the proteins with a prediction, all else by those of the ground truth
    Cafa,
    /// Everything by the proteins with a prediction
    Pred,
    /// Everything by the proteins of the ground truth
    Gt,
}

/// cafaeval's `-prop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PropArg {
    /// A term has at least the score of each of its children
    Max,
    /// Only terms without a score of their own take the highest of their children's
    Fill,
}

/// cafaeval's `-log_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Everything
    Debug,
    /// Progress and warnings
    Info,
    /// Warnings
    Warning,
    /// Errors only
    Error,
    /// Errors only
    Critical,
}

impl CafaArgs {
    /// By whose rules scores are computed; `None` if what is asked for contradicts itself.
    pub fn evaluator(&self) -> Option<EvaluatorArg> {
        let partial = self.known.is_some() || self.toi.is_some();
        match self.evaluator {
            None if partial => Some(EvaluatorArg::Pk),
            None => Some(EvaluatorArg::Cafaeval),
            Some(EvaluatorArg::Cafaeval) if partial => None,
            given => given,
        }
    }

    /// How Fmax is resampled, if it is.
    pub fn resampling(&self) -> Option<Bootstrap> {
        (self.bootstrap > 0).then_some(Bootstrap {
            resamples: self.bootstrap,
            confidence: self.confidence,
            seed: self.seed,
        })
    }

    /// The options that change the scores.
    pub fn options(&self) -> ScoringOptions {
        ScoringOptions {
            norm: match self.norm {
                NormArg::Cafa => Norm::Cafa,
                NormArg::Pred => Norm::Pred,
                NormArg::Gt => Norm::Gt,
            },
            prop: match self.prop {
                PropArg::Max => Propagation::Max,
                PropArg::Fill => Propagation::Fill,
            },
            no_orphans: self.no_orphans,
            th_step: self.th_step,
            max_terms: self.max_terms,
        }
    }
}

fn step(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(step) if (0.00001..1.0).contains(&step) => Ok(step),
        _ => Err("give a number from 0.00001 to below 1, such as 0.01".to_owned()),
    }
}
