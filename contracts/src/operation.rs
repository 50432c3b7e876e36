//! The operations of a runner, each described once.
//!
//! Hosts, workers, the C face, the conformance suite and the command are generic over
//! [`Operation`], or go through [`OperationKind`] if they know an operation only by its name. To add
//! an operation:
//!
//! 1. its request and response, with an implementation of [`Request`];
//! 2. its method of [`ExperimentRunner`], with a default that answers
//!    [`RunnerError::Unsupported`];
//! 3. its type here, its variant of [`OperationKind`] and its arm in [`OperationKind::visit`];
//! 4. its function at the end of the root module and of the C table, and its arm in
//!    `abi/functions.rs`.

use semver::Version;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    emit::Emitter,
    error::RunnerError,
    explanation::Explanation,
    request::{
        EvaluateRequest, ExplainRequest, ExportRequest, FitRequest, PredictRequest, Request,
    },
    result::{EvalResult, ExportResult, PredictResult, RunResult},
    runner::ExperimentRunner,
};

/// An operation of a runner: a request goes in, a response comes out.
pub trait Operation: Send + Sync + 'static {
    /// What the host sends.
    type Request: Request;
    /// What the runner returns.
    type Response: Serialize + DeserializeOwned + Send;

    /// The operation as a value.
    const KIND: OperationKind;
    /// Its name in messages, logs and errors.
    const NAME: &'static str;
    /// The first version of the contract that has it. Runners built for an earlier one lack it.
    const SINCE: Version;
    /// Whether its request names a directory to write to.
    const HAS_OUTPUT: bool;

    /// Calls the method of a runner that implements this operation.
    ///
    /// # Errors
    ///
    /// Those of the method, and [`RunnerError::InvalidSpec`] for a spec that is not one of `R`.
    fn run<R: ExperimentRunner>(
        runner: &R,
        request: Self::Request,
        emit: &Emitter,
    ) -> Result<Self::Response, RunnerError>;
}

/// An [`Operation`] as a value, serialised by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OperationKind {
    /// [`Fit`].
    Fit,
    /// [`Evaluate`].
    Evaluate,
    /// [`Export`].
    Export,
    /// [`Explain`].
    Explain,
    /// [`Predict`].
    Predict,
}

/// Code that is generic over operations, to be called for one that is known as a value.
pub trait OperationVisitor {
    /// What it returns.
    type Output;

    /// Called with the type of the operation.
    fn visit<O: Operation>(self) -> Self::Output;
}

impl OperationKind {
    /// All operations, in the order in which they came to the contract.
    pub const ALL: &'static [Self] = &[
        Self::Fit,
        Self::Evaluate,
        Self::Export,
        Self::Explain,
        Self::Predict,
    ];

    /// Calls `visitor` with the type of this operation.
    pub fn visit<V: OperationVisitor>(self, visitor: V) -> V::Output {
        match self {
            Self::Fit => visitor.visit::<Fit>(),
            Self::Evaluate => visitor.visit::<Evaluate>(),
            Self::Export => visitor.visit::<Export>(),
            Self::Explain => visitor.visit::<Explain>(),
            Self::Predict => visitor.visit::<Predict>(),
        }
    }

    /// [`Operation::NAME`].
    #[must_use]
    pub fn name(self) -> &'static str {
        struct Name;
        impl OperationVisitor for Name {
            type Output = &'static str;

            fn visit<O: Operation>(self) -> &'static str {
                O::NAME
            }
        }
        self.visit(Name)
    }

    /// [`Operation::SINCE`].
    #[must_use]
    pub fn since(self) -> Version {
        struct Since;
        impl OperationVisitor for Since {
            type Output = Version;

            fn visit<O: Operation>(self) -> Version {
                O::SINCE
            }
        }
        self.visit(Since)
    }

    /// [`Operation::HAS_OUTPUT`].
    #[must_use]
    pub fn has_output(self) -> bool {
        struct HasOutput;
        impl OperationVisitor for HasOutput {
            type Output = bool;

            fn visit<O: Operation>(self) -> bool {
                O::HAS_OUTPUT
            }
        }
        self.visit(HasOutput)
    }
}

impl std::fmt::Display for OperationKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// [`ExperimentRunner::fit`].
#[derive(Debug, Clone, Copy)]
pub struct Fit;

impl Operation for Fit {
    type Request = FitRequest;
    type Response = RunResult;

    const KIND: OperationKind = OperationKind::Fit;
    const NAME: &'static str = "fit";
    const SINCE: Version = Version::new(1, 0, 0);
    const HAS_OUTPUT: bool = true;

    fn run<R: ExperimentRunner>(
        runner: &R,
        request: FitRequest,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError> {
        let request = request.map_spec(|spec| {
            serde_path_to_error::deserialize(spec).map_err(|error| {
                RunnerError::invalid_spec(&pointer(error.path()), error.inner().to_string())
            })
        })?;
        runner.fit(&request, emit)
    }
}

/// [`ExperimentRunner::evaluate`].
#[derive(Debug, Clone, Copy)]
pub struct Evaluate;

impl Operation for Evaluate {
    type Request = EvaluateRequest;
    type Response = EvalResult;

    const KIND: OperationKind = OperationKind::Evaluate;
    const NAME: &'static str = "evaluate";
    const SINCE: Version = Version::new(1, 0, 0);
    const HAS_OUTPUT: bool = true;

    fn run<R: ExperimentRunner>(
        runner: &R,
        request: EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        runner.evaluate(&request, emit)
    }
}

/// [`ExperimentRunner::export`].
#[derive(Debug, Clone, Copy)]
pub struct Export;

impl Operation for Export {
    type Request = ExportRequest;
    type Response = ExportResult;

    const KIND: OperationKind = OperationKind::Export;
    const NAME: &'static str = "export";
    const SINCE: Version = Version::new(1, 0, 0);
    const HAS_OUTPUT: bool = true;

    fn run<R: ExperimentRunner>(
        runner: &R,
        request: ExportRequest,
        emit: &Emitter,
    ) -> Result<ExportResult, RunnerError> {
        runner.export(&request, emit)
    }
}

/// [`ExperimentRunner::explain`].
#[derive(Debug, Clone, Copy)]
pub struct Explain;

impl Operation for Explain {
    type Request = ExplainRequest;
    type Response = Explanation;

    const KIND: OperationKind = OperationKind::Explain;
    const NAME: &'static str = "explain";
    const SINCE: Version = Version::new(1, 1, 0);
    const HAS_OUTPUT: bool = false;

    fn run<R: ExperimentRunner>(
        runner: &R,
        request: ExplainRequest,
        emit: &Emitter,
    ) -> Result<Explanation, RunnerError> {
        runner.explain(&request, emit)
    }
}

/// [`ExperimentRunner::predict`].
#[derive(Debug, Clone, Copy)]
pub struct Predict;

impl Operation for Predict {
    type Request = PredictRequest;
    type Response = PredictResult;

    const KIND: OperationKind = OperationKind::Predict;
    const NAME: &'static str = "predict";
    const SINCE: Version = Version::new(1, 2, 0);
    const HAS_OUTPUT: bool = true;

    fn run<R: ExperimentRunner>(
        runner: &R,
        request: PredictRequest,
        emit: &Emitter,
    ) -> Result<PredictResult, RunnerError> {
        runner.predict(&request, emit)
    }
}

/// The JSON pointer (RFC 6901) to the place of an error.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_listed_once_and_described_alike() {
        struct Check;
        impl OperationVisitor for Check {
            type Output = OperationKind;

            fn visit<O: Operation>(self) -> OperationKind {
                assert_eq!(serde_json::to_value(O::KIND).unwrap(), O::NAME);
                assert!(OperationKind::ALL.contains(&O::KIND));
                O::KIND
            }
        }
        for (index, kind) in OperationKind::ALL.iter().enumerate() {
            assert_eq!(kind.visit(Check), *kind);
            assert!(!OperationKind::ALL[..index].contains(kind));
        }
    }

    #[test]
    fn has_output_says_whether_the_request_names_an_output() {
        let uri = || url::Url::parse("file:///x").unwrap();
        let fit = FitRequest::new(serde_json::json!({}), uri(), uri());
        assert_eq!(fit.uris().output.is_some(), Fit::HAS_OUTPUT);
        let evaluate = EvaluateRequest::new(uri(), uri(), uri());
        assert_eq!(evaluate.uris().output.is_some(), Evaluate::HAS_OUTPUT);
        let export = ExportRequest::new("run", uri(), uri());
        assert_eq!(export.uris().output.is_some(), Export::HAS_OUTPUT);
        let explain = ExplainRequest::new(uri(), uri(), "P1");
        assert_eq!(explain.uris().output.is_some(), Explain::HAS_OUTPUT);
        let predict = PredictRequest::new(uri(), uri(), uri());
        assert_eq!(predict.uris().output.is_some(), Predict::HAS_OUTPUT);
    }
}
