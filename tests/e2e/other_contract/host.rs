//! A host that opens the runners it is given, all in one process, and prints what each answers as
//! one line of JSON.

use std::{path::Path, sync::{Arc, Mutex}};

use protea_contracts::{
    Evaluate, EvaluateRequest, Export, ExportRequest, Fit, FitRequest,
    abi::host::LoadedRunner,
    emit::{Event, EventSink},
};
use serde_json::{Value, json};

#[derive(Default)]
struct Names(Mutex<Vec<String>>);

impl EventSink for Names {
    fn receive(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(event.name.to_owned());
    }
}

fn main() {
    for path in std::env::args().skip(1) {
        let said = match LoadedRunner::open(Path::new(&path)) {
            Ok(runner) => ask(&runner),
            Err(error) => json!({ "refused": error.to_string() }),
        };
        println!("{said}");
    }
}

fn ask(runner: &LoadedRunner) -> Value {
    let uri = || "file:///nowhere/model".parse().unwrap();
    let sink = Arc::<Names>::default();
    let listen = || Arc::clone(&sink) as Arc<dyn EventSink>;
    #[allow(unused_mut)]
    let mut fit = FitRequest::new(json!({}), uri(), uri());
    #[cfg(feature = "grown")]
    {
        fit.note = "of a grown host".to_owned();
    }
    let evaluate = EvaluateRequest::new(uri(), uri(), uri());
    let export = ExportRequest::new("run", uri(), uri());
    let fitted = runner.call::<Fit>(&fit, listen()).result;
    let evaluated = runner.call::<Evaluate>(&evaluate, listen()).result;
    let exported = runner.call::<Export>(&export, listen()).result;
    #[cfg(feature = "explains")]
    let explained = {
        let request = protea_contracts::ExplainRequest::new(uri(), uri(), "P1");
        match runner.call::<protea_contracts::Explain>(&request, listen()).result {
            Ok(explanation) => json!({
                "declared": runner.describe().unwrap().explains,
                explanation.accession: explanation.terms[0].reproduced(),
            }),
            Err(error) => json!(error.to_string()),
        }
    };
    #[cfg(not(feature = "explains"))]
    let explained = Value::Null;
    #[cfg(feature = "grown")]
    let foreseen = match runner.call::<protea_contracts::operation::Foresee>(&evaluate, listen()).result {
        Ok(result) => result.extras["because"].clone(),
        Err(error) => json!(error.to_string()),
    };
    #[cfg(not(feature = "grown"))]
    let foreseen = Value::Null;
    json!({
        "contract": runner.describe().unwrap().descriptor.contract_version,
        "fit": fitted.unwrap(),
        "evaluate": evaluated.unwrap_err().to_string(),
        "export": exported.unwrap_err().to_string(),
        "explain": explained,
        "foresee": foreseen,
        "events": *sink.0.lock().unwrap(),
    })
}
