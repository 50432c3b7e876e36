//! A runner ready for dispatch.

use std::sync::Arc;

use protea_contracts::{
    Capabilities, EvalResult, EvaluateRequest, ExplainRequest, Explanation, ExportRequest,
    ExportResult, FitRequest, RunResult, emit::EventSink,
};
use serde_json::Value;
use url::Url;

use super::{DispatchError, Isolation, LoadError, check, spec, transport::Transport};
use crate::{
    catalog::{CatalogError, Entry},
    store,
};

/// A runner that has described itself.
#[derive(Debug, Clone)]
pub struct Runner {
    entry: Entry,
    transport: Transport,
    capabilities: Capabilities,
}

impl Runner {
    /// Loads a runner of the catalog and asks what it is. **Its code runs from here on**, where
    /// `isolation` says.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file changed since it was found, does not open, does not fit, or
    /// says one thing in its descriptor and another when asked.
    pub fn load(entry: &Entry, isolation: &Isolation) -> Result<Self, LoadError> {
        // A worker looks again by itself.
        if *isolation == Isolation::InProcess
            && *entry != Entry::read(&entry.path, entry.descriptor.clone(), entry.origin)?
        {
            return Err(LoadError::Catalog(CatalogError::Changed {
                path: entry.path.clone(),
            }));
        }
        let transport = Transport::open(entry, isolation)?;
        let capabilities = transport.describe().map_err(|source| LoadError::Describe {
            path: entry.path.clone(),
            source: Box::new(source),
        })?;
        if capabilities.descriptor != entry.descriptor {
            let text = |descriptor: &protea_contracts::Descriptor| {
                format!(
                    "{} {} for contract {}",
                    descriptor.name, descriptor.version, descriptor.contract_version
                )
            };
            return Err(LoadError::DescriptorLies {
                path: entry.path.clone(),
                in_file: text(&entry.descriptor),
                loaded: text(&capabilities.descriptor),
            });
        }
        Ok(Self {
            entry: entry.clone(),
            transport,
            capabilities,
        })
    }

    /// Where it came from.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.descriptor.name
    }

    /// Where its code runs.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.transport.isolation()
    }

    /// What it says of itself: spec schema, defaults, metrics.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Completes a spec with the runner's defaults and checks it against the runner's schema.
    /// `null` stands for all defaults.
    ///
    /// # Errors
    ///
    /// [`RunnerError::InvalidSpec`](protea_contracts::RunnerError::InvalidSpec) with the JSON
    /// pointer of the first setting that is wrong.
    pub fn resolve_spec(&self, given: &Value) -> Result<Value, DispatchError> {
        spec::resolve(&self.capabilities, given)
    }

    /// Dispatches `fit`, after checking the spec; a model in a local file lies below the output.
    ///
    /// # Errors
    ///
    /// [`DispatchError`].
    pub fn fit(
        &self,
        request: &FitRequest,
        sink: Arc<dyn EventSink>,
    ) -> Result<RunResult, DispatchError> {
        self.resolve_spec(&request.spec)?;
        let fitted = self
            .transport
            .fit(request, &self.capabilities.programs, sink);
        let fitted = fitted.map_err(|error| check::room(error, &request.output_uri))?;
        check::fitted(&fitted.model_uri, &request.output_uri)?;
        Ok(fitted)
    }

    /// Dispatches `evaluate`, and holds the metrics against what the runner declares.
    ///
    /// # Errors
    ///
    /// [`DispatchError`].
    pub fn evaluate(
        &self,
        request: &EvaluateRequest,
        sink: Arc<dyn EventSink>,
    ) -> Result<EvalResult, DispatchError> {
        let evaluated = self
            .transport
            .evaluate(request, &self.capabilities.programs, sink);
        let evaluated = evaluated.map_err(|error| check::room(error, &request.output_uri))?;
        self.capabilities.metrics.check(&evaluated.metrics)?;
        Ok(evaluated)
    }

    /// Dispatches `export`, and hashes every file that the runner says it wrote.
    ///
    /// # Errors
    ///
    /// [`DispatchError`].
    pub fn export(
        &self,
        request: &ExportRequest,
        sink: Arc<dyn EventSink>,
    ) -> Result<ExportResult, DispatchError> {
        let exported = self
            .transport
            .export(request, &self.capabilities.programs, sink);
        let exported = exported.map_err(|error| check::room(error, &request.output_uri))?;
        check::exported(&exported, &local(&request.output_uri)?)?;
        Ok(exported)
    }

    /// Dispatches `explain`, and holds the answer against what was asked.
    ///
    /// # Errors
    ///
    /// [`DispatchError`]; its [`Runner`](DispatchError::Runner) with
    /// [`Unsupported`](protea_contracts::RunnerError::Unsupported) for a runner that does not
    /// explain, or is older than the operation.
    pub fn explain(
        &self,
        request: &ExplainRequest,
        sink: Arc<dyn EventSink>,
    ) -> Result<Explanation, DispatchError> {
        let explanation = self
            .transport
            .explain(request, &self.capabilities.programs, sink)?;
        check::explained(&explanation, request)?;
        Ok(explanation)
    }
}

fn local(output: &Url) -> Result<std::path::PathBuf, DispatchError> {
    store::local_path(output).map_err(|error| DispatchError::Protocol(error.to_string()))
}
