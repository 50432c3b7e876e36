//! A runner ready for dispatch.

use std::sync::Arc;

use protea_contracts::{
    Capabilities, EvalResult, EvaluateRequest, ExportRequest, ExportResult, FitRequest, RunResult,
    abi::host::{Call, LoadedRunner},
    emit::EventSink,
};
use serde_json::Value;

use super::{DispatchError, check, spec};
use crate::{
    catalog::{CatalogError, Entry, Verdict, inspect},
    store,
};

/// Where a runner's code runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Isolation {
    /// In this process: a direct call. A crash of the runner is a crash of the host.
    #[default]
    InProcess,
}

/// A runner that is loaded and has described itself.
#[derive(Debug, Clone)]
pub struct Runner {
    entry: Entry,
    loaded: LoadedRunner,
    capabilities: Capabilities,
}

impl Runner {
    /// Loads a runner of the catalog. **Its code runs from here on.**
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when the file changed since it was found, does not open, does not fit, or
    /// says one thing in its descriptor and another when asked.
    pub fn load(entry: &Entry) -> Result<Self, CatalogError> {
        match inspect(&entry.path) {
            Verdict::Runner(now) if now.sha256 == entry.sha256 => {}
            _ => {
                return Err(CatalogError::Changed {
                    path: entry.path.clone(),
                });
            }
        }
        let loaded = LoadedRunner::open(&entry.path)?;
        let capabilities = loaded.describe().map_err(|source| CatalogError::Describe {
            path: entry.path.clone(),
            source,
        })?;
        if capabilities.descriptor != entry.descriptor {
            let text = |descriptor: &protea_contracts::Descriptor| {
                format!(
                    "{} {} for contract {}",
                    descriptor.name, descriptor.version, descriptor.contract_version
                )
            };
            return Err(CatalogError::DescriptorLies {
                path: entry.path.clone(),
                in_file: text(&entry.descriptor),
                loaded: text(&capabilities.descriptor),
            });
        }
        Ok(Self {
            entry: entry.clone(),
            loaded,
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

    /// Dispatches `fit`, after checking the spec.
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
        result(self.loaded.fit(request, sink))
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
        let evaluated = result(self.loaded.evaluate(request, sink))?;
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
        let exported = result(self.loaded.export(request, sink))?;
        let output = store::stage(&request.output_uri)
            .map_err(|error| DispatchError::Protocol(error.to_string()))?;
        check::exported(&exported, &output)?;
        Ok(exported)
    }
}

fn result<T>(call: Call<T>) -> Result<T, DispatchError> {
    call.result.map_err(DispatchError::from)
}
