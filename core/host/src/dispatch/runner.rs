//! A runner ready for dispatch.

use std::sync::Arc;

use protea_contracts::{Capabilities, event::EventSink, request::Request};
use serde_json::Value;

use super::{
    CheckedOperation, DispatchError, Isolation, LoadError, MeasuredCall, ResolvedSpec,
    SandboxRecord, StepClock, check, spec_resolution::SpecResolver, transport::Transport,
};
use crate::catalog::{CatalogError, Entry};

/// A runner that has described itself. A clone is cheap and shares everything with its original.
#[derive(Debug, Clone)]
pub struct Runner {
    loaded: Arc<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    entry: Entry,
    transport: Transport,
    capabilities: Capabilities,
    schema: SpecResolver,
}

impl Runner {
    /// Loads a runner of the catalog and gets its capabilities. **From here on the runner's code
    /// runs**, in this process or in a worker.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file has changed, does not open, is incompatible, or describes itself
    /// differently than its descriptor does.
    pub fn load(entry: &Entry, isolation: &Isolation) -> Result<Self, LoadError> {
        // A worker checks the hash itself.
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
            loaded: Arc::new(Loaded {
                entry: entry.clone(),
                transport,
                capabilities,
                schema: SpecResolver::default(),
            }),
        })
    }

    /// Its entry in the catalog.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.loaded.entry
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.loaded.entry.descriptor.name
    }

    /// Where its code runs.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.loaded.transport.isolation()
    }

    /// The sandbox of its calls. `None` without one.
    #[must_use]
    pub fn sandbox(&self) -> Option<SandboxRecord> {
        self.loaded.transport.sandbox()
    }

    /// Its capabilities: spec schema, defaults, metrics.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.loaded.capabilities
    }

    /// Completes a spec with a preset and the runner's defaults, and checks it against the runner's
    /// schema. `null` means all defaults.
    ///
    /// # Errors
    ///
    /// [`RunnerError::InvalidSpec`](protea_contracts::RunnerError::InvalidSpec) with the JSON
    /// pointer of the first invalid setting.
    pub fn resolve_spec(&self, spec: &Value) -> Result<ResolvedSpec, DispatchError> {
        self.loaded.schema.resolve(&self.loaded.capabilities, spec)
    }

    /// Calls an operation, such as `runner.call::<Evaluate>(&request, sink)`, and checks the
    /// response. A request to fit takes a spec of [`resolve_spec`](Self::resolve_spec).
    ///
    /// # Errors
    ///
    /// [`DispatchError`]. For an operation that the runner does not implement, or was built before,
    /// it is [`Runner`](DispatchError::Runner) with
    /// [`Unsupported`](protea_contracts::RunnerError::Unsupported).
    pub fn call<O: CheckedOperation>(
        &self,
        call: &O::Call,
        sink: Arc<dyn EventSink>,
    ) -> Result<O::Response, DispatchError> {
        self.call_measured::<O>(call, sink).result
    }

    /// As [`call`](Self::call), and says what the call used, whether it succeeded or not.
    pub fn call_measured<O: CheckedOperation>(
        &self,
        call: &O::Call,
        sink: Arc<dyn EventSink>,
    ) -> MeasuredCall<O::Response> {
        let request = O::request(call);
        let clock = StepClock::start(&self.isolation(), &sink);
        let Loaded {
            transport,
            capabilities,
            ..
        } = &*self.loaded;
        let MeasuredCall { result, usage } =
            transport.call::<O>(&request, &capabilities.programs, sink);
        let result = result
            .map_err(|error| check::with_output(error, request.uris().output))
            .and_then(|response| {
                check::output(request.uris().output, &clock)?;
                let checked = O::check(capabilities, &request, &response, &clock);
                // A check that was stopped fails for another reason than the one that it gives.
                checked.map_err(|error| clock.overrun().unwrap_or(error))?;
                Ok(response)
            });
        MeasuredCall { result, usage }
    }
}
