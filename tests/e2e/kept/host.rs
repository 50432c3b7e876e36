//! The host whose builds for earlier contracts are kept in this directory. `make` builds it.
//!
//! It opens the runner at its first argument and writes to the directory that is its second, then
//! prints what each call answered as one JSON object.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use protea_contracts::{
    EvaluateRequest, ExportRequest, FitRequest,
    abi::host::LoadedRunner,
    emit::{Event, EventSink},
    request::file_uri,
};
use serde_json::{Value, json};

#[derive(Default)]
struct Events(Mutex<Vec<Value>>);

impl EventSink for Events {
    fn receive(&self, event: &Event<'_>) {
        let fields: Value = serde_json::from_slice(event.fields).unwrap();
        self.0.lock().unwrap().push(json!([event.name, fields]));
    }
}

/// Calls an operation; contracts up to 1.1.0 have a method for each.
#[cfg(not(feature = "operations"))]
macro_rules! call {
    ($runner:expr, $method:ident $operation:ident, $request:expr, $sink:expr) => {
        $runner.$method($request, $sink).result
    };
}
#[cfg(feature = "operations")]
macro_rules! call {
    ($runner:expr, $method:ident $operation:ident, $request:expr, $sink:expr) => {
        $runner
            .call::<protea_contracts::$operation>($request, $sink)
            .result
    };
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, output, spec] = &arguments[..] else {
        panic!("usage: host RUNNER OUTPUT SPEC");
    };
    let runner = LoadedRunner::open(Path::new(library)).unwrap();
    let described = runner.describe().unwrap();
    let output = |name: &str| file_uri(&Path::new(output).join(name)).unwrap();
    let spec: Value = serde_json::from_str(spec).unwrap();
    let events = Arc::<Events>::default();
    let sink = || Arc::clone(&events) as Arc<dyn EventSink>;

    let fit = FitRequest::new(spec, output("dataset"), output("fit"));
    let fitted = match call!(runner, fit Fit, &fit, sink()) {
        Ok(fitted) => fitted,
        Err(error) => return println!("{}", json!({ "fit": error.to_string() })),
    };
    let model = fitted.model_uri.clone();
    let evaluate = EvaluateRequest::new(model.clone(), output("dataset"), output("evaluate"));
    let evaluated = call!(runner, evaluate Evaluate, &evaluate, sink());
    let export = ExportRequest::new("a-run", model.clone(), output("export"));
    let exported = call!(runner, export Export, &export, sink()).unwrap();
    #[cfg(feature = "explains")]
    let explained = {
        let request = protea_contracts::ExplainRequest::new(model, output("dataset"), "P1");
        match call!(runner, explain Explain, &request, sink()) {
            Ok(explanation) => json!(explanation.terms[0].reproduced()),
            Err(error) => json!(error.to_string()),
        }
    };
    #[cfg(not(feature = "explains"))]
    let explained = Value::Null;
    let roles: Vec<&str> = exported
        .files
        .iter()
        .map(|file| file.role.as_str())
        .collect();
    println!(
        "{}",
        json!({
            "contract": described.descriptor.contract_version,
            "host_contract": protea_contracts::CONTRACT_VERSION,
            "defaults": described.spec_defaults,
            "fit": fitted.metrics,
            "evaluate": evaluated.map_or_else(|error| json!(error.to_string()), |result| json!(result.metrics)),
            "export": roles,
            "explain": explained,
            "events": *events.0.lock().unwrap(),
        })
    );
}
