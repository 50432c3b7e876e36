//! `protea cafa`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protea_cafa::{
    ontology::Reading,
    scoring::{Bootstrap, Norm, Propagation, ScoringOptions},
};

/// Arguments of `protea cafa`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea cafa go-basic.obo predictions/ truth.tsv --ia IA.tsv --out-dir results
  protea cafa go-basic.obo predictions/ truth.tsv -ia IA.tsv -no_orphans
  protea cafa go-basic.obo predictions/ truth.tsv --ia IA.tsv --known known.tsv
  protea cafa go-basic.obo predictions/ truth.tsv --bootstrap 1000

Replaces `cafaeval`: same arguments (its single-dash spellings too), same scores
and same files: evaluation_all.tsv and
evaluation_best_{f,s,f_micro,f_w,f_micro_w}.tsv. Smin in the printed table is
the lowest s_w of evaluation_all.tsv, as in CAFA. AuPRC follows the formula of
cafaeval's notebook. Input files may be compressed with gzip or zstd; their
names in the tables do not include `.gz` or `.zst`.

If a file has a byte-order mark, `GO_0008150` instead of `GO:0008150`, or
`is_obsolete: false`, protea reads what is meant, and says so. cafaeval reads
such a file differently, and so does --strict-cafaeval.

With --known or --toi it replaces CAFA-evaluator-PK, which also skips proteins
that have no term left to score. `--evaluator pk` skips them even without these
options.")]
pub struct CafaArgs {
    /// Ontology in OBO or OBO Graphs JSON
    pub ontology: PathBuf,
    /// Directory of prediction files `accession term score`, or one such file
    pub predictions: PathBuf,
    /// Ground truth: a table `accession term`
    pub ground_truth: PathBuf,
    /// Directory for the tables
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out_dir: PathBuf,
    /// Information accretion of the terms, for weighted scores
    #[arg(long, value_name = "FILE")]
    pub ia: Option<PathBuf>,
    /// Annotations already known, `accession term`; they do not count for their proteins
    #[arg(long, value_name = "FILE", help_heading = "Partial knowledge")]
    pub known: Option<PathBuf>,
    /// Terms of interest, one per line; others do not count
    #[arg(long, value_name = "FILE", help_heading = "Partial knowledge")]
    pub toi: Option<PathBuf>,
    /// Program whose rules apply [default: pk with --known or --toi, otherwise cafaeval]
    #[arg(long, value_enum, help_heading = "Partial knowledge")]
    pub evaluator: Option<EvaluatorArg>,
    /// Read damaged and unusual files exactly as cafaeval does
    #[arg(long)]
    pub strict_cafaeval: bool,
    /// Replace obsolete terms by the terms that the ontology names in `replaced_by`
    #[arg(long, conflicts_with = "strict_cafaeval")]
    pub map_obsolete: bool,
    /// Exclude the roots from unweighted scores
    #[arg(long)]
    pub no_orphans: bool,
    /// Denominator of the averages over proteins
    #[arg(long, value_enum, default_value_t = NormArg::Cafa)]
    pub norm: NormArg,
    /// How predicted scores propagate to ancestors
    #[arg(long, value_enum, default_value_t = PropArg::Max)]
    pub prop: PropArg,
    /// Step between thresholds, at least 0.00001 and below 1
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = step)]
    pub th_step: f64,
    /// Use only the first N terms per protein and namespace (and one more, as cafaeval does)
    #[arg(long, value_name = "N")]
    pub max_terms: Option<usize>,
    /// Number of bootstrap resamples for a confidence interval of Fmax; 0 means no interval
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::benchmark::resamples)]
    pub bootstrap: usize,
    /// Confidence level of the interval
    #[arg(long, value_name = "LEVEL", default_value_t = Bootstrap::default().confidence, value_parser = super::benchmark::confidence)]
    pub confidence: f64,
    /// Seed of the resamples
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads; 0 means one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// Lowest level of messages on standard error
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info, ignore_case = true)]
    pub log_level: LogLevel,
}

/// The program whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvaluatorArg {
    /// cafaeval 1.3.0
    Cafaeval,
    /// CAFA-evaluator-PK: skips proteins that have no term left to score
    Pk,
}

/// The values of cafaeval's option `-norm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NormArg {
    /// Precision: proteins with a prediction; other scores: proteins of the ground truth
    Cafa,
    /// Proteins with a prediction
    Pred,
    /// Proteins of the ground truth
    Gt,
}

/// The values of cafaeval's option `-prop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PropArg {
    /// A term gets the maximum of its own score and those of its children
    Max,
    /// Only terms without a score get the maximum of their children's
    Fill,
}

/// The values of cafaeval's option `-log_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Everything
    Debug,
    /// Progress and warnings
    Info,
    /// Warnings
    Warning,
    /// Errors
    Error,
    /// Errors, as `error`
    Critical,
}

impl CafaArgs {
    /// The program whose rules apply; `None` if the options contradict each other.
    pub fn evaluator(&self) -> Option<EvaluatorArg> {
        let partial = self.known.is_some() || self.toi.is_some();
        match self.evaluator {
            None if partial => Some(EvaluatorArg::Pk),
            None => Some(EvaluatorArg::Cafaeval),
            Some(EvaluatorArg::Cafaeval) if partial => None,
            explicit => explicit,
        }
    }

    /// How files are read.
    pub fn reading(&self) -> Reading {
        if self.strict_cafaeval {
            Reading::Cafaeval
        } else {
            Reading::Specification
        }
    }

    /// The bootstrap of Fmax, unless the number of resamples is 0.
    pub fn resampling(&self) -> Option<Bootstrap> {
        (self.bootstrap > 0).then_some(Bootstrap {
            resamples: self.bootstrap,
            confidence: self.confidence,
            seed: self.seed,
        })
    }

    /// The scoring options.
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
