//! Checks the response of every operation against the request, the written files and the runner's
//! capabilities.

use std::{
    borrow::Cow,
    collections::HashSet,
    convert::Infallible,
    path::{Path, PathBuf},
};

use protea_contracts::{
    Capabilities, EvalResult, Evaluate, EvaluateRequest, Explain, ExplainRequest, Explanation,
    Export, ExportRequest, ExportResult, Fit, FitRequest, Operation, Predict, PredictRequest,
    PredictResult, RunResult, RunnerError, content,
};
use url::Url;

use super::{DispatchError, ResolvedSpec};
use crate::store;

/// An operation as the host calls it: what its caller passes, and what a response must be.
pub trait CheckedOperation: Operation {
    /// The request as the caller of [`Runner::call`](super::Runner::call) passes it.
    type Call;

    /// The request as it is sent to the runner.
    fn request(call: &Self::Call) -> Cow<'_, Self::Request>;

    /// Checks a response against the request and against what the runner declares.
    ///
    /// # Errors
    ///
    /// [`DispatchError`], with what the contract does not allow.
    fn check(
        runner: &Capabilities,
        request: &Self::Request,
        response: &Self::Response,
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
    ) -> Result<(), DispatchError> {
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
    ) -> Result<(), DispatchError> {
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
    ) -> Result<(), DispatchError> {
        let output = store::local_path(&request.output_uri)
            .map_err(|error| DispatchError::Protocol(error.to_string()))?;
        exported(response, &output)
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
    ) -> Result<(), DispatchError> {
        written_inside(
            "the predictions",
            &response.predictions_uri,
            &request.output_uri,
        )?;
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
    let (Ok(path), Ok(output)) = (file.to_file_path(), output.to_file_path()) else {
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
    let root = output
        .canonicalize()
        .map_err(|error| broken(format!("has no directory to be in: {error}")))?;
    if !real.starts_with(&root) {
        return Err(broken(format!("is outside {}", output.display())));
    }
    Ok(())
}

/// Hashes every exported file; each must be inside `output`.
fn exported(result: &ExportResult, output: &Path) -> Result<(), DispatchError> {
    if result.files.is_empty() {
        return Err(DispatchError::Protocol(
            "its export lists no file".to_owned(),
        ));
    }
    let mut listed = HashSet::new();
    for file in &result.files {
        let path = path_of(&file.uri)?;
        let invalid = |reason: String| DispatchError::Export {
            path: path.clone(),
            reason,
        };
        let real = path
            .canonicalize()
            .map_err(|error| invalid(format!("cannot be read: {error}")))?;
        let root = output
            .canonicalize()
            .map_err(|error| invalid(format!("has no directory to be in: {error}")))?;
        if !real.starts_with(&root) {
            return Err(invalid(format!("is outside {}", output.display())));
        }
        let (sha256, bytes) = content::digest_file(&real)
            .map_err(|error| invalid(format!("cannot be read: {error}")))?;
        if sha256 != file.sha256 || bytes != file.bytes {
            return Err(invalid(format!(
                "has {bytes} bytes with SHA-256 {sha256}, not {} with {} as it says",
                file.bytes, file.sha256
            )));
        }
        listed.insert(real);
    }
    nothing_else(output, &listed)
}

/// Checks that the export lists every file in its directory.
fn nothing_else(directory: &Path, listed: &HashSet<PathBuf>) -> Result<(), DispatchError> {
    let unreadable = |error: std::io::Error| DispatchError::Export {
        path: directory.to_owned(),
        reason: format!("cannot be read: {error}"),
    };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && !path.is_symlink() {
            nothing_else(&path, listed)?;
        } else if !path.canonicalize().is_ok_and(|real| listed.contains(&real)) {
            return Err(DispatchError::Export {
                path,
                reason: "it does not list".to_owned(),
            });
        }
    }
    Ok(())
}

fn path_of(uri: &Url) -> Result<PathBuf, DispatchError> {
    uri.to_file_path().map_err(|()| {
        DispatchError::Protocol(format!("it exported to {uri}, which is not a local file"))
    })
}
