//! The command line that repeats a run.

use protea_core::workspace::RunManifest;
use serde_json::Value;

/// The command that repeats a run, if its record has everything for that.
pub fn command(manifest: &RunManifest) -> Option<String> {
    let mut words: Vec<String> = vec!["protea".to_owned()];
    let runner = manifest.runner.as_ref().map(|runner| runner.name.clone());
    match manifest.pipeline.as_str() {
        "experiment" | "trial" | "fold" | "contender" => {
            words.extend(["run".to_owned(), runner?]);
            dataset(&mut words, manifest, "train")?;
            dataset(&mut words, manifest, "eval")?;
        }
        "training" => {
            words.extend(["fit".to_owned(), runner?]);
            dataset(&mut words, manifest, "train")?;
        }
        "evaluation" => {
            words.extend(["evaluate".to_owned(), runner?, "--model".to_owned()]);
            words.push(quoted(manifest.model_uri.as_ref()?.as_str()));
            dataset(&mut words, manifest, "eval")?;
        }
        _ => return None,
    }
    if let Some(settings) = manifest.spec.as_object() {
        for (key, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
            words.push("--set".to_owned());
            words.push(quoted(&format!("{key}={}", setting(value))));
        }
    }
    words.push(format!("--seed {}", manifest.seed));
    if manifest.threads != 0 {
        words.push(format!("--threads {}", manifest.threads));
    }
    Some(words.join(" "))
}

fn dataset(words: &mut Vec<String>, manifest: &RunManifest, role: &str) -> Option<()> {
    let recorded = &manifest.datasets.get(role)?;
    // Where it was fetched from is of use on another machine; where it was fetched to is not.
    let uri = recorded["origin"]
        .as_str()
        .or_else(|| recorded["uri"].as_str())?;
    words.push(format!("--{role}"));
    words.push(quoted(
        uri.strip_prefix("file://")
            .filter(|p| !p.contains('%'))
            .unwrap_or(uri),
    ));
    Some(())
}

/// A value as `--set` takes it: a string that is not JSON as it is, everything else as JSON.
fn setting(value: &Value) -> String {
    match value {
        Value::String(text) if serde_json::from_str::<Value>(text).is_err() => text.clone(),
        other => other.to_string(),
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_and_words_survive_a_shell() {
        assert_eq!(setting(&json!("cosine")), "cosine");
        assert_eq!(setting(&json!("5")), "\"5\"");
        assert_eq!(setting(&json!({ "a": 1.5 })), "{\"a\":1.5}");
        assert_eq!(quoted("k=5"), "k=5");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
    }
}
