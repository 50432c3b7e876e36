//! Experiments: run a runner's operations and record every run in the workspace and its trackers.

mod artifacts;
mod ask;
mod benchmark;
mod checkpoints;
mod compressed_files;
mod context;
mod cross_validation;
mod delegation;
mod error;
mod events;
mod finished_run;
mod first_manifest;
mod journal;
mod known_datasets;
mod lifecycle;
mod model_record;
mod model_reuse;
mod monitor;
mod observer;
mod observers;
mod operations;
mod parallel_runs;
mod planned_work;
mod recorder;
mod recording;
mod run_reuse;
mod run_spec;
mod search_check;
mod search_loop;
mod search_run;
mod search_table;
mod setup;
mod shared_exports;
mod step;
mod step_sink;
mod tracker_sink;
mod trial_lines;
mod tsv;
mod work;

pub use benchmark::{
    Benchmark, BenchmarkGroup, BenchmarkLine, BenchmarkResult, Comparison, Contender, Entrant,
    FinishedBenchmark, GroupScores, MetricScore, Outcome, Scored, Scorer, ScorerError,
};
pub use context::{ChildRun, GroupedRun, RunContext, RunOptions};
pub use cross_validation::{CrossValidation, Fold, FoldScores, MetricSpread};
pub use delegation::{Delegation, PlannedCommand};
pub use error::ExperimentError;
pub use events::{EventSource, ExperimentEvent};
pub use finished_run::FinishedRun;
pub use model_record::{ModelRecord, check_model};
pub use observer::{BenchmarkEvent, Observer, Progress, Silent, Step};
pub use observers::CancelToken;
pub use planned_work::{AttemptOptions, Attempted, attempt, attempt_prediction};
pub use recording::{Diff, Recording, SYSTEM_METRICS_INTERVAL};
pub use setup::{Experiment, Reuse, RunLayout};

pub use crate::search::{
    Origin, Search, SearchError, SearchResult, Setting, Strategy, Trial, Values,
};
