//! Checks the response of every operation against the request, the written files and the runner's
//! capabilities.

use std::{
    borrow::Cow,
    collections::HashMap,
    convert::Infallible,
    io,
    path::{Path, PathBuf},
};

use protea_contracts::{
    Capabilities, EvalResult, Evaluate, EvaluateRequest, Explain, ExplainRequest, Explanation,
    Export, ExportRequest, ExportResult, Fit, FitRequest, Metrics, Operation, Predict,
    PredictRequest, PredictResult, RunResult, RunnerError, Sha256, content,
};
use protea_files::{Directory, Limits, Links, Stop, Stoppable};
use serde_json::{Map, Value};
use url::Url;

use super::{DispatchError, ResolvedSpec, StepClock};
use crate::store;

/// An operation as the host calls it: what its caller passes, and what a response must be.
pub trait CheckedOperation: Operation {
    /// The request as the caller of [`Runner::call`](super::Runner::call) passes it.
    type Call;

    /// The request as it is sent to the runner.
    fn request(call: &Self::Call) -> Cow<'_, Self::Request>;

    /// Checks a response against the request and against what the runner declares. `stop` ends
    /// checks that read files.
    ///
    /// # Errors
    ///
    /// [`DispatchError`], with what the contract does not allow.
    fn check(
        runner: &Capabilities,
        request: &Self::Request,
        response: &Self::Response,
        stop: &dyn Stop,
    ) -> Result<(), DispatchError>;
}

impl CheckedOperation for Fit {
    type Call = FitRequest<ResolvedSpec>;

    fn request(call: &Self::Call) -> Cow<'_, FitRequest> {
        let Ok(request) = call
            .clone()
            .map_spec(|spec| Ok::<_, Infallible>(spec.into_value()));
        Cow::Owned(request)
    }

    fn check(
        _: &Capabilities,
        request: &FitRequest,
        response: &RunResult,
        _: &dyn Stop,
    ) -> Result<(), DispatchError> {
        recordable(&response.metrics, &response.extras)?;
        written_inside("the model", &response.model_uri, &request.output_uri)
    }
}

impl CheckedOperation for Evaluate {
    type Call = EvaluateRequest;

    fn request(call: &EvaluateRequest) -> Cow<'_, EvaluateRequest> {
        Cow::Borrowed(call)
    }

    fn check(
        runner: &Capabilities,
        _: &EvaluateRequest,
        response: &EvalResult,
        _: &dyn Stop,
    ) -> Result<(), DispatchError> {
        recordable(&response.metrics, &response.extras)?;
        Ok(runner.metrics.check(&response.metrics)?)
    }
}

impl CheckedOperation for Export {
    type Call = ExportRequest;

    fn request(call: &ExportRequest) -> Cow<'_, ExportRequest> {
        Cow::Borrowed(call)
    }

    fn check(
        _: &Capabilities,
        request: &ExportRequest,
        response: &ExportResult,
        stop: &dyn Stop,
    ) -> Result<(), DispatchError> {
        recordable(&Metrics::new(), &response.extras)?;
        let output = store::local_path(&request.output_uri)
            .map_err(|error| DispatchError::Protocol(error.to_string()))?;
        exported(response, &output, stop)
    }
}

impl CheckedOperation for Explain {
    type Call = ExplainRequest;

    fn request(call: &ExplainRequest) -> Cow<'_, ExplainRequest> {
        Cow::Borrowed(call)
    }

    fn check(
        _: &Capabilities,
        request: &ExplainRequest,
        response: &Explanation,
        _: &dyn Stop,
    ) -> Result<(), DispatchError> {
        explained(response, request)
    }
}

impl CheckedOperation for Predict {
    type Call = PredictRequest;

    fn request(call: &PredictRequest) -> Cow<'_, PredictRequest> {
        Cow::Borrowed(call)
    }

    fn check(
        _: &Capabilities,
        request: &PredictRequest,
        response: &PredictResult,
        _: &dyn Stop,
    ) -> Result<(), DispatchError> {
        recordable(&Metrics::new(), &response.extras)?;
        written_inside(
            "the predictions",
            &response.predictions_uri,
            &request.output_uri,
        )?;
        if let Some(evidence) = &response.evidence_uri {
            written_inside("the evidence", evidence, &request.output_uri)?;
        }
        let counts = &response.counts;
        let unpredicted: u64 = counts.unpredicted.values().sum();
        if counts.predicted.saturating_add(unpredicted) == counts.proteins {
            return Ok(());
        }
        Err(DispatchError::Protocol(format!(
            "it counts {} proteins, of which {} have predictions and {unpredicted} have none",
            counts.proteins, counts.predicted
        )))
    }
}

/// The most bytes of JSON, with line breaks, that a step's metrics and extras may be. A manifest has those
/// of several steps, and is a document of limited size.
const LARGEST_EXTRAS: usize = 4 << 20;

/// Checks that a manifest with these can be read again.
fn recordable(metrics: &Metrics, extras: &Map<String, Value>) -> Result<(), DispatchError> {
    let mut left = LARGEST_EXTRAS;
    let mut room = Room(&mut left);
    let fits = serde_json::to_writer_pretty(&mut room, metrics)
        .and_then(|()| serde_json::to_writer_pretty(&mut room, extras));
    fits.map_err(|_| {
        DispatchError::Protocol(format!(
            "it returned metrics and extras of more than {} MiB",
            LARGEST_EXTRAS >> 20
        ))
    })
}

/// Counts what is written, and fails when there is no room left.
struct Room<'r>(&'r mut usize);

impl io::Write for Room<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        *self.0 = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns a runner's error for lack of disk space into an error about the output directory.
pub(super) fn with_output(error: DispatchError, output: Option<&Url>) -> DispatchError {
    match (error, output.and_then(|output| output.to_file_path().ok())) {
        (DispatchError::Runner(RunnerError::NoSpace { message }), Some(path)) => {
            DispatchError::OutputFull { path, message }
        }
        (error, _) => error,
    }
}

/// An explanation is of the protein that was asked about, and of no more terms than were wanted.
fn explained(explanation: &Explanation, request: &ExplainRequest) -> Result<(), DispatchError> {
    let broken = |message: String| Err(DispatchError::Protocol(message));
    if explanation.accession != request.accession {
        return broken(format!(
            "asked to explain {:?}, it explained {:?}",
            request.accession, explanation.accession
        ));
    }
    let most = match (&request.term, request.limit) {
        (Some(_), _) => 1,
        (None, 0) => usize::MAX,
        (None, limit) => limit,
    };
    match explanation.terms.len() {
        terms if terms > most => broken(format!(
            "asked to explain {most} terms at most, it explained {terms}"
        )),
        _ => Ok(()),
    }
}

/// Checks that a local file is inside `output`: the sandbox of the next call can read the directory
/// of a model, and the host reads predictions.
fn written_inside(what: &str, file: &Url, output: &Url) -> Result<(), DispatchError> {
    let Ok(output) = output.to_file_path() else {
        return Ok(());
    };
    let Ok(path) = file.to_file_path() else {
        // A URI of the runner's own scheme, which only the runner resolves, is its own affair. One
        // that the host resolves would make the host fetch what a runner wants.
        if store::is_known(file) {
            return Err(DispatchError::Protocol(format!(
                "it answered {what} {}, which is not in {}",
                store::redacted(file),
                output.display()
            )));
        }
        return Ok(());
    };
    let broken = |reason: String| {
        DispatchError::Protocol(format!(
            "it answered {what} {}, which {reason}",
            path.display()
        ))
    };
    let real = path
        .canonicalize()
        .map_err(|error| broken(format!("cannot be read: {error}")))?;
    let root = output.canonicalize().map_err(|error| {
        broken(format!(
            "is in an output directory that cannot be read: {error}"
        ))
    })?;
    if !real.starts_with(&root) {
        return Err(broken(format!("is outside {}", output.display())));
    }
    Ok(())
}

/// Checks that an output directory holds regular files and directories only, not too many and not
/// too deep. Nothing that the host does with it later can block or lead out of it then.
pub(super) fn output(output: Option<&Url>, clock: &StepClock) -> Result<(), DispatchError> {
    let Some(path) = output.and_then(|output| output.to_file_path().ok()) else {
        return Ok(());
    };
    let failed = |error| clock.output_error(error);
    let directory = match Directory::open(&path, Links::Refuse) {
        Err(error) if error.is_not_found() => return Ok(()),
        directory => directory.map_err(failed)?,
    };
    let tree = directory.walk(&Limits::default(), clock).map_err(failed)?;
    match tree.left_out.into_iter().next() {
        None => Ok(()),
        Some(error) => Err(DispatchError::Output(error)),
    }
}

/// Hashes every exported file; each must be inside `output`.
fn exported(result: &ExportResult, output: &Path, stop: &dyn Stop) -> Result<(), DispatchError> {
    if result.files.is_empty() {
        return Err(DispatchError::Protocol(
            "its export lists no file".to_owned(),
        ));
    }
    let mut hashed: HashMap<PathBuf, (Sha256, u64)> = HashMap::new();
    for file in &result.files {
        let path = path_of(&file.uri)?;
        let invalid = |reason: String| DispatchError::Export {
            path: path.clone(),
            reason,
        };
        let real = path
            .canonicalize()
            .map_err(|error| invalid(format!("cannot be read: {error}")))?;
        let root = output.canonicalize().map_err(|error| {
            invalid(format!(
                "is in an output directory that cannot be read: {error}"
            ))
        })?;
        let relative = real
            .strip_prefix(&root)
            .map_err(|_| invalid(format!("is outside {}", output.display())))?
            .to_owned();
        // A file may be listed more than once.
        let (sha256, bytes) = match hashed.get(&relative) {
            Some(known) => *known,
            None => {
                let hash = hash(&root, &relative, stop);
                hash.map_err(|error| invalid(format!("cannot be read: {error}")))?
            }
        };
        if sha256 != file.sha256 || bytes != file.bytes {
            return Err(invalid(format!(
                "has {bytes} bytes with SHA-256 {sha256}, but the runner reported {} bytes with {}",
                file.bytes, file.sha256
            )));
        }
        hashed.insert(relative, (sha256, bytes));
    }
    nothing_else(output, &hashed, stop)
}

fn hash(root: &Path, relative: &Path, stop: &dyn Stop) -> std::io::Result<(Sha256, u64)> {
    let file = Directory::open(root, Links::Refuse)?.open_file(relative)?;
    content::digest_reader(Stoppable::new(file, root.join(relative), stop))
}

/// Checks that the export lists every file in its directory.
fn nothing_else(
    output: &Path,
    listed: &HashMap<PathBuf, (Sha256, u64)>,
    stop: &dyn Stop,
) -> Result<(), DispatchError> {
    let directory = Directory::open(output, Links::Refuse).map_err(DispatchError::Output)?;
    let tree = directory.walk(&Limits::default(), stop);
    let tree = tree.map_err(DispatchError::Output)?;
    match tree
        .files
        .iter()
        .find(|file| !listed.contains_key(&file.path))
    {
        None => Ok(()),
        Some(file) => Err(DispatchError::Export {
            path: output.join(&file.path),
            reason: "it does not list".to_owned(),
        }),
    }
}

fn path_of(uri: &Url) -> Result<PathBuf, DispatchError> {
    uri.to_file_path().map_err(|()| {
        DispatchError::Protocol(format!("it exported to {uri}, which is not a local file"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_that_a_manifest_cannot_hold_are_refused() {
        let extras = |length: usize| Map::from_iter([("x".to_owned(), "y".repeat(length).into())]);
        recordable(&Metrics::new(), &extras(LARGEST_EXTRAS - 100)).unwrap();
        let error = recordable(&Metrics::new(), &extras(LARGEST_EXTRAS)).unwrap_err();
        assert!(error.to_string().contains("more than 4 MiB"), "{error}");
        // Short values take a line each.
        let numbers = Map::from_iter([("x".to_owned(), vec![0; 1 << 20].into())]);
        assert!(recordable(&Metrics::new(), &numbers).is_err());
    }
}
