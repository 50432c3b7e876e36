//! The command line that repeats a run, also a search, a cross-validation or a benchmark.

use protea_core::workspace::RunManifest;
use serde_json::Value;

/// The command that repeats a run with the same settings, seed and datasets, if the record of the run has
/// all of them. Strings of the record are quoted for a shell.
#[must_use]
pub fn command(manifest: &RunManifest) -> Option<String> {
    let words = words(manifest)?;
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Some(quoted.join(" "))
}

/// The words of the command that repeats a run; see [`command`].
#[must_use]
pub fn words(manifest: &RunManifest) -> Option<Vec<String>> {
    let mut words: Vec<String> = vec!["protea".to_owned()];
    let runner = manifest.runner.as_ref().map(|runner| runner.name.clone());
    let mut settings = &manifest.spec;
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
            words.push(manifest.model_uri.as_ref()?.to_string());
            dataset(&mut words, manifest, "eval")?;
        }
        "search" => {
            words.extend(["search".to_owned(), runner?]);
            dataset(&mut words, manifest, "train")?;
            dataset(&mut words, manifest, "eval")?;
            search(&mut words, &manifest.spec["search"])?;
            settings = &manifest.spec["search"]["base"];
        }
        "cross_validation" => {
            words.extend(["cv".to_owned(), runner?]);
            dataset(&mut words, manifest, "data")?;
            add(&mut words, "--folds", manifest.spec["folds"].as_u64()?);
            for (key, option) in [("group_by", "--group-by"), ("rank", "--rank")] {
                if let Some(value) = manifest.spec[key].as_str() {
                    words.extend([option.to_owned(), value.to_owned()]);
                }
            }
            settings = &manifest.spec["spec"];
        }
        "benchmark" => {
            words.push("benchmark".to_owned());
            contenders(&mut words, manifest)?;
            settings = &Value::Null;
        }
        _ => return None,
    }
    set(&mut words, "", settings);
    add(&mut words, "--seed", manifest.seed);
    if manifest.threads != 0 {
        add(&mut words, "--threads", manifest.threads);
    }
    Some(words)
}

fn add(words: &mut Vec<String>, name: &str, value: impl std::fmt::Display) {
    words.extend([name.to_owned(), value.to_string()]);
}

/// Adds a `--set` for each setting; `prefix` is the name of a contender with a dot.
fn set(words: &mut Vec<String>, prefix: &str, settings: &Value) {
    let settings = settings.as_object().into_iter().flatten();
    for (key, value) in settings.filter(|(_, value)| !value.is_null()) {
        words.push("--set".to_owned());
        words.push(format!("{prefix}{key}={}", setting(value)));
    }
}

/// What a search varies, and how.
fn search(words: &mut Vec<String>, search: &Value) -> Option<()> {
    let strategy = search["strategy"].as_str()?;
    let option = match strategy {
        "grid" => "--grid",
        "random" | "tpe" => {
            add(words, &format!("--{strategy}"), search["trials"].as_u64()?);
            "--space"
        }
        _ => return None,
    };
    for (key, values) in search["space"].as_object()? {
        words.push(option.to_owned());
        words.push(format!("{key}={}", varied(values)?));
    }
    if let Some(generation) = search["generation"].as_u64() {
        add(words, "--generation", generation);
    }
    add(words, "--metric", search["metric"].as_str()?);
    Some(())
}

/// The values of a setting as a search takes them: `1,3,5`, `1..30` or `0.001..1.0:log`.
fn varied(values: &Value) -> Option<String> {
    if let Some(list) = values.as_array() {
        let plain: Option<Vec<String>> = list
            .iter()
            .map(|value| match value {
                Value::String(text) => {
                    let is_plain = !text.is_empty()
                        && text.trim() == text
                        && !text.contains([',', '[', '"'])
                        && !text.contains("..")
                        && serde_json::from_str::<Value>(text).is_err();
                    is_plain.then(|| text.clone())
                }
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                _ => None,
            })
            .collect();
        return Some(plain.map_or_else(|| values.to_string(), |plain| plain.join(",")));
    }
    let end = |name: &str| values[name].is_number().then(|| values[name].to_string());
    let log = if values["log"] == true { ":log" } else { "" };
    Some(format!("{}..{}{log}", end("low")?, end("high")?))
}

/// The contenders of a benchmark with their settings, and its datasets and intervals.
fn contenders(words: &mut Vec<String>, manifest: &RunManifest) -> Option<()> {
    let contenders = manifest.spec["contenders"].as_object()?;
    let names: Vec<&str> = contenders.keys().map(String::as_str).collect();
    add(words, "--runners", names.join(","));
    dataset(words, manifest, "train")?;
    dataset(words, manifest, "eval")?;
    for (name, contender) in contenders {
        set(words, &format!("{name}."), &contender["spec"]);
    }
    let bootstrap = &manifest.spec["bootstrap"];
    match (
        bootstrap["resamples"].as_u64(),
        bootstrap["confidence"].as_f64(),
    ) {
        (Some(resamples), Some(confidence)) => {
            add(words, "--bootstrap", resamples);
            add(words, "--confidence", confidence);
        }
        _ => add(words, "--bootstrap", 0),
    }
    Some(())
}

fn dataset(words: &mut Vec<String>, manifest: &RunManifest, role: &str) -> Option<()> {
    let recorded = &manifest.datasets.get(role)?;
    // Where it was fetched from is of use on another machine; where it was fetched to is not.
    let uri = recorded["origin"]
        .as_str()
        .or_else(|| recorded["uri"].as_str())?;
    words.push(format!("--{role}"));
    let path = uri.strip_prefix("file://");
    let path = path.filter(|path| !path.contains('%'));
    words.push(path.unwrap_or(uri).to_owned());
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
        for (values, text) in [
            (json!([1, 3, 5]), "1,3,5"),
            (json!(["cosine", "l2"]), "cosine,l2"),
            (json!(["a,b", [1]]), "[\"a,b\",[1]]"),
            (json!(["5", true]), "[\"5\",true]"),
            (json!({ "low": 1, "high": 30, "log": false }), "1..30"),
            (
                json!({ "low": 0.001, "high": 1.0, "log": true }),
                "0.001..1.0:log",
            ),
        ] {
            assert_eq!(varied(&values).as_deref(), Some(text));
        }
        assert_eq!(quoted("k=5"), "k=5");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
    }
}
