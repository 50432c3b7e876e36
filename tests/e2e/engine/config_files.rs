//! What `protea.toml` sets when a plan is made holds for its tasks and for gathering it.

use std::fs;

use serde_json::{Value, json};

use super::setup::{Planned, SEARCH};

#[test]
fn a_plan_records_what_protea_toml_sets() {
    let planned = Planned::new();
    planned.place.write(
        "protea.toml",
        "seed = 11\nmemory-limit = \"3GiB\"\ngroup = \"H1\"\nno-diff = true\nproject = \"mine\"\n",
    );
    // The second is valid only with the third, the first only with `locked`.
    fs::create_dir_all(planned.place.join("config-home/protea")).unwrap();
    planned.place.write(
        "config-home/protea/protea.toml",
        "lock-file = \"l\"\nsandbox-env = [\"A\"]\nsandbox = \"where-possible\"\n",
    );
    let search = SEARCH.replace("--seed 7", "--project theirs");
    let line = format!("{search} --workspace w --plan plan");
    assert_eq!(planned.protea(&line).code, Some(0));

    let plan: Value = {
        let text = fs::read_to_string(planned.place.join("plan/plan.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let command: Vec<&str> = plan["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();
    for option in [
        "--seed=11",
        "--memory-limit=3GiB",
        "--group=H1",
        "--no-diff",
        "--sandbox=where-possible",
        "--sandbox-env=A",
    ] {
        assert!(command.contains(&option), "{option}: {command:?}");
    }
    // The command line takes precedence over the file.
    assert!(!command.contains(&"--project=mine"), "{command:?}");
    assert!(
        !command
            .iter()
            .any(|argument| argument.starts_with("--lock-file")),
        "{command:?}"
    );

    // Without the file, the tasks and the gathered search have its settings.
    fs::remove_file(planned.place.join("protea.toml")).unwrap();
    fs::remove_dir_all(planned.place.join("config-home")).unwrap();
    let index = planned.task_with_x(|x| x < 0.9);
    assert_eq!(planned.task(index, "").code, Some(0));
    let tasks = fs::read_to_string(planned.place.join("plan/tasks.jsonl")).unwrap();
    for index in 0..tasks.lines().count() {
        planned.task(index, "");
    }
    let gathered = planned.protea("gather plan --json").json();
    assert_eq!(gathered["seed"], 11, "{gathered}");
    let shown = planned.protea("runs list --workspace w --json").json();
    let groups: Vec<&Value> = shown["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["group"])
        .collect();
    assert!(groups.len() > 1, "{shown}");
    assert!(groups.iter().all(|group| **group == json!("H1")), "{shown}");
}
