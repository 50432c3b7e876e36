//! Progress of `protea cafa` within a file.

use protea_cafa::scoring::{GroundTruth, PredictionFile, Predictions, ScoringError, WorkCounter};

use crate::output::{Reporter, watched};

/// Reads the first file, before any scoring, and shows how much of it is read.
pub fn read_first<'t>(
    file: &PredictionFile,
    truth: &'t GroundTruth<'t>,
    reporter: &Reporter,
) -> Result<Predictions<'t>, ScoringError> {
    let bytes = WorkCounter::default();
    reporter.start_stage("reading predictions", false);
    reporter.detail(&file.name);
    // The size of what a compressed file holds is not known.
    let whole = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
    let show = |reporter: &Reporter| match bytes.done() {
        done if done > whole => reporter.bytes(done, 0),
        done => reporter.bytes(done, whole),
    };
    watched(reporter, show, || {
        Predictions::read_counted(&file.path, truth, &file.name, &bytes)
    })
}

/// The proteins that are scored, file by file.
pub struct Scoring {
    /// Counts the proteins of all files.
    pub counter: WorkCounter,
    /// How many are counted in a file.
    units: u64,
    files: u64,
}

impl Scoring {
    /// For so many files, whose proteins are counted so many times.
    pub fn new(truth: &GroundTruth<'_>, files: usize, passes: u64) -> Self {
        let namespaces = 0..truth.ontology().namespaces().len();
        let proteins: usize = namespaces.map(|at| truth.proteins_in(at)).sum();
        Self {
            counter: WorkCounter::default(),
            units: (proteins as u64 * passes).max(1),
            files: files as u64,
        }
    }

    /// Does `work`, which scores file number `file`, and shows how far it has come.
    pub fn watch<T>(&self, file: u64, reporter: &Reporter, work: impl FnOnce() -> T) -> T {
        let begun = self.counter.done();
        let show = |reporter: &Reporter| {
            let here = (self.counter.done() - begun).min(self.units);
            reporter.progress(file * self.units + here, self.files * self.units);
        };
        watched(reporter, show, work)
    }
}
