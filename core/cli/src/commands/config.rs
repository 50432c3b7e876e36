//! `protea config show`.

use std::env;

use protea_core::store::redacted;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    args::WORKSPACE_VARIABLE,
    config::{Author, Config, KEYS, TRUSTED, VARIABLE},
    failure::Failure,
    output::{Lines, Report, Table, display_path},
};

/// The environment variables that protea itself reads, and that no key stands for.
const VARIABLES: [&str; 10] = [
    "PROTEA_RUNNER_PATH",
    "PROTEA_EXAMPLE_DATA",
    "PROTEA_CACHE_DIR",
    "PROTEA_CACHE_LIMIT",
    "PROTEA_STORE_PATIENCE",
    "PROTEA_INDEX_CACHE",
    "PROTEA_LOG",
    "PROTEA_KERNEL",
    VARIABLE,
    "MLFLOW_TRACKING_URI",
];

/// Shows every key with its value and where that is from.
pub fn show() -> Result<Report, Failure> {
    let config = Config::load()?;
    let mut table = Table::new(0..0, ["key", "value", "from"]);
    let mut entries = Map::new();
    for key in &KEYS {
        let from_environment = (key.name == "workspace")
            .then(|| env::var(WORKSPACE_VARIABLE).ok())
            .flatten()
            .filter(|value| !value.is_empty());
        let setting = config.setting(key);
        let (values, origin, place) = match (from_environment, setting) {
            (Some(value), _) => (
                vec![value],
                "environment",
                Some(WORKSPACE_VARIABLE.to_owned()),
            ),
            (None, Some(setting)) => {
                let origin = match setting.author {
                    Author::User => "user",
                    Author::Project | Author::TrustedProject => "project",
                };
                (
                    setting.values.clone(),
                    origin,
                    Some(display_path(&setting.file)),
                )
            }
            (None, None) if key.built_in.is_empty() => (Vec::new(), "built-in", None),
            (None, None) => (vec![key.built_in.to_owned()], "built-in", None),
        };
        let shown = if values.is_empty() {
            "-".to_owned()
        } else {
            values.join(", ")
        };
        let from = place.clone().unwrap_or_else(|| origin.to_owned());
        table.row([key.name, &shown, &from]);
        entries.insert(
            key.name.to_owned(),
            json!({ "values": values, "origin": origin, "from": place }),
        );
    }
    let (mut lines, mut variables) = (Lines::default(), Map::new());
    for name in VARIABLES {
        let Some(value) = env::var(name).ok().filter(|value| !value.is_empty()) else {
            continue;
        };
        // An address can have a password.
        let value = match Url::parse(&value) {
            Ok(url) => redacted(&url).to_string(),
            Err(_) => value,
        };
        lines.add(name, &value);
        variables.insert(name.to_owned(), Value::from(value));
    }
    let file = |path: &Option<std::path::PathBuf>| match path {
        Some(path) if path.symlink_metadata().is_ok() => display_path(path),
        Some(path) => format!("{} (does not exist)", display_path(path)),
        None => "none".to_owned(),
    };
    let mut files = Lines::default();
    files
        .add("project file", file(&config.project_file))
        .add("user file", file(&config.user_file));
    let text = [files.to_string(), table.to_string(), lines.to_string()];
    let text: Vec<&str> = text
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    Ok(Report {
        text: text.join("\n"),
        json: json!({
            "project_file": config.project_file.as_deref().map(display_path),
            "user_file": config.user_file.as_deref().map(display_path),
            "values": entries,
            "environment": variables,
            "trusted_key": TRUSTED,
        }),
    })
}
