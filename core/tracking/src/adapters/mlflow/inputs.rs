//! Datasets as inputs of a run, which MLflow displays with the run and finds runs by.

use serde_json::{Value, json};

use super::{answer::Failure, limits, run::RemoteRun, server::Server};
use crate::{DatasetInput, TrackerError};

/// Length of a dataset's name in characters. The server refuses longer ones.
const NAME: usize = 500;
/// Length of a digest in characters. The server refuses longer ones.
const DIGEST: usize = 36;
/// How many characters of a longer digest are kept.
const KEPT_DIGEST: usize = 32;
/// Length of a tag's value of an input in characters.
const TAG: usize = 500;
/// Length of the description of a source in characters.
const SOURCE: usize = 60_000;

/// The tag of MLflow that says what a dataset is used for.
const CONTEXT: &str = "mlflow.data.context";
/// The tag with the whole digest.
const WHOLE_DIGEST: &str = "protea.digest";

impl Server {
    /// Adds datasets as inputs of a run. The server has each once, however often it is sent. Servers
    /// before MLflow 2.4 have no inputs; the settings of the run name the datasets too.
    pub(super) fn put_inputs(
        &self,
        run: &RemoteRun,
        inputs: &[DatasetInput],
    ) -> Result<(), TrackerError> {
        if inputs.is_empty() {
            return Ok(());
        }
        let datasets: Vec<Value> = inputs.iter().map(dataset).collect();
        let body = json!({ "run_id": run.id, "datasets": datasets });
        match self.client.post("runs/log-inputs", &body) {
            Err(failure) if failure.is_no_such_endpoint() => Ok(()),
            answer => answer.map_err(Failure::on("datasets")).map(drop),
        }
    }
}

fn dataset(input: &DatasetInput) -> Value {
    let digest = if input.digest.chars().count() > DIGEST {
        input.digest.chars().take(KEPT_DIGEST).collect()
    } else {
        input.digest.clone()
    };
    let mut dataset = json!({
        "name": limits::fitted(&input.name, NAME),
        "digest": digest,
        "source_type": source_type(&input.source),
        "source": limits::fitted(&source(&input.source), SOURCE),
    });
    if !input.profile.is_empty() {
        dataset["profile"] = json!(Value::Object(input.profile.clone()).to_string());
    }
    json!({
        "tags": [
            { "key": CONTEXT, "value": limits::fitted(&input.context, TAG) },
            { "key": WHOLE_DIGEST, "value": limits::fitted(&input.digest, TAG) },
        ],
        "dataset": dataset,
    })
}

/// The kinds of sources that MLflow's client opens.
fn source_type(uri: &str) -> &str {
    match uri.split_once("://") {
        None | Some(("file", _)) => "local",
        Some(("https", _)) => "http",
        Some((scheme, _)) => scheme,
    }
}

/// A source as MLflow's client describes it.
fn source(uri: &str) -> String {
    let key = if source_type(uri) == "http" {
        "url"
    } else {
        "uri"
    };
    let place = uri.strip_prefix("file://").unwrap_or(uri);
    json!({ key: place }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_described_as_the_client_does() {
        let input = DatasetInput::new("A", "0123456789".repeat(7), "file:///data/a")
            .with_context("training")
            .with_profile("proteins", 7);
        let sent = dataset(&input);
        assert_eq!(sent["dataset"]["digest"], "0123456789".repeat(7)[..32]);
        assert_eq!(sent["dataset"]["source_type"], "local");
        assert_eq!(sent["dataset"]["source"], r#"{"uri":"/data/a"}"#);
        assert_eq!(sent["dataset"]["profile"], r#"{"proteins":7}"#);
        assert_eq!(
            sent["tags"][0],
            json!({ "key": CONTEXT, "value": "training" })
        );
        assert_eq!(source("https://x/a"), r#"{"url":"https://x/a"}"#);
        assert_eq!(source_type("s3://b/a"), "s3");
    }
}
