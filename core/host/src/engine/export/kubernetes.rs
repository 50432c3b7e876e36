//! Kubernetes: an indexed Job.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use serde_json::{Value, json};

use super::{super::quoting::comment, ExportError, Source, text, yaml};
use crate::store::local_path;

/// What a Job asks for if the plan does not say it.
const PARALLELISM: usize = 8;
/// How often a task is tried again.
const BACKOFF: usize = 2;

pub(super) fn job(source: &Source<'_>) -> Result<String, ExportError> {
    let name = format!("{}-{}", source.name(), source.tasks);
    let mounts = mounts(source)?;
    let mut lines = vec![
        "The tasks of a plan as an indexed Job of Kubernetes 1.29 or newer.".to_owned(),
        String::new(),
        "  kubectl apply -f kubernetes.yaml".to_owned(),
        format!("  kubectl get job {name} --watch       until it is Complete or Failed"),
        format!("  kubectl delete job {name}            before you apply the file again"),
        "  protea gather PLAN                               on a machine that sees the plan: no Job waits for another".to_owned(),
        String::new(),
    ];
    lines.extend(source.about());
    lines.extend([
        String::new(),
        "What protea does not know, and you have to fill in:".to_owned(),
        "- REPLACE-IMAGE: an image with protea and what the runners need.".to_owned(),
    ]);
    if source.plan.stored_at().is_some() {
        lines.push(
            "- the credentials of the store: give them to the pods as environment variables or a service account."
                .to_owned(),
        );
    }
    for (number, mount) in mounts.iter().enumerate() {
        lines.push(format!(
            "- REPLACE-CLAIM-{number}: the claim of the volume that holds {mount}, which pods must see under this path."
        ));
    }
    if source.megabytes().is_none() {
        lines.push("- the memory of a pod: it is not in the plan; add it to resources.".to_owned());
    }
    if source.resources.seconds.is_none() {
        lines.push(
            "- the time limit of a pod: it is not in the plan; add activeDeadlineSeconds to the pod."
                .to_owned(),
        );
    }
    lines.extend([
        format!("parallelism is the number of pods at once; {PARALLELISM} is a guess."),
        String::new(),
        "Tasks that end with exit code 75 are tried three times, those that end with 65 once: their failure is".to_owned(),
        "recorded, and the Job ends as Failed. A search with TPE: when `protea gather` says that tasks were added,".to_owned(),
        "export again. It is another Job; in it, tasks that have a result end at once.".to_owned(),
    ]);
    let lines: Vec<String> = lines;
    let header = comment("#", &lines).replace("# \n", "#\n");
    Ok(format!(
        "{header}\n{}",
        yaml::document(&document(source, &name, &mounts))
    ))
}

fn document(source: &Source<'_>, name: &str, mounts: &[String]) -> Value {
    let per_index = source.per_index.to_string();
    let threads = source.threads.to_string();
    let command = [
        source.program.as_str(),
        "task",
        &source.path,
        "--per-index",
        &per_index,
        "--threads",
        &threads,
    ];
    let mut requests = json!({ "cpu": threads });
    if let Some(megabytes) = source.megabytes() {
        requests["memory"] = format!("{megabytes}Mi").into();
    }
    let mut limits = requests.clone();
    if let Value::Object(limits) = &mut limits {
        // A pod that is above its limit of processor time is slowed down, not ended: none is needed.
        limits.remove("cpu");
    }
    let volume = |number: usize| format!("protea-{number}");
    let mut pod = json!({
        "restartPolicy": "Never",
        "containers": [{
            "name": "task",
            "image": "REPLACE-IMAGE",
            "command": command.map(literal),
            "resources": { "requests": requests, "limits": limits },
            "volumeMounts": mounts.iter().enumerate()
                .map(|(number, path)| json!({ "name": volume(number), "mountPath": path }))
                .collect::<Vec<_>>(),
        }],
        "volumes": mounts.iter().enumerate()
            .map(|(number, _)| json!({
                "name": volume(number),
                "persistentVolumeClaim": { "claimName": format!("REPLACE-CLAIM-{number}") },
            }))
            .collect::<Vec<_>>(),
    });
    if let Some(seconds) = source.seconds() {
        pod["activeDeadlineSeconds"] = seconds.into();
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": { "app.kubernetes.io/name": "protea" },
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": source.jobs(),
            "parallelism": source.jobs().min(PARALLELISM),
            "backoffLimitPerIndex": BACKOFF,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailIndex",
                        "onExitCodes": { "containerName": "task", "operator": "In", "values": [65] },
                    },
                    {
                        "action": "Ignore",
                        "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }],
                    },
                ],
            },
            "template": { "spec": pod },
        },
    })
}

/// Kubernetes replaces `$(NAME)` in a command, and `$$` by `$`.
fn literal(word: &str) -> String {
    word.replace('$', "$$")
}

/// The directories that pods must see: of the plan, the runners, local datasets, the model of a prediction,
/// and where the command was given. Directories with the same first component share the one that holds them all.
fn mounts(source: &Source<'_>) -> Result<Vec<String>, ExportError> {
    // Pods fetch everything from the store.
    if source.plan.stored_at().is_some() {
        return Ok(Vec::new());
    }
    let plan = source.plan.plan();
    let mut needed = vec![source.plan.path().to_owned(), plan.directory.clone()];
    needed.extend(
        plan.runners
            .iter()
            .filter_map(|runner| Some(runner.path.parent()?.to_owned())),
    );
    needed.extend(
        plan.datasets
            .iter()
            .filter_map(|dataset| local_path(dataset.source()).ok()),
    );
    needed.extend(plan.example_data.clone());
    if let Some(prediction) = &plan.prediction
        && let Ok(model) = local_path(&prediction.model)
    {
        // A model may be a document in its directory.
        let directory = match model.is_dir() {
            true => Some(model.as_path()),
            false => model.parent(),
        };
        needed.extend(directory.map(Path::to_owned));
    }
    let mut shared: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for path in needed
        .into_iter()
        .filter(|path| path.is_absolute() && path != Path::new("/"))
    {
        let first: PathBuf = path.components().take(2).collect();
        let common = match shared.get(&first) {
            Some(other) => common(other, &path),
            None => path,
        };
        shared.insert(first, common);
    }
    shared.into_values().map(|path| text(&path)).collect()
}

fn common(one: &Path, other: &Path) -> PathBuf {
    let pairs = one.components().zip(other.components());
    let same = pairs.take_while(|(one, other)| one == other);
    same.map(|(component, _): (Component<'_>, _)| component)
        .collect()
}

#[cfg(test)]
mod tests {
    use protea_contracts::content::digest_bytes;
    use protea_tracking::RunId;

    use super::*;
    use crate::engine::{ExportOptions, Plan, PlanDirectory, PlannedPrediction, TaskDataset};

    #[test]
    fn pods_see_the_model_of_a_prediction() {
        let place = tempfile::tempdir().unwrap();
        let sha256 = digest_bytes(b"");
        let queries = TaskDataset {
            name: "d".to_owned(),
            uri: "file:///d".parse().unwrap(),
            sha256,
        };
        let mut plan = Plan::new(sha256, RunId::from("20261130T000000Z-knn-000000"));
        plan.prediction = Some(PlannedPrediction {
            model: "file:///models/of/a.json".parse().unwrap(),
            model_name: "a".to_owned(),
            model_sha256: sha256,
            queries,
            query_shards: 1,
            reference_shards: 1,
        });
        let plan = PlanDirectory::create(&place.path().join("plan"), plan, &[]).unwrap();
        let options = ExportOptions::new(PathBuf::from("protea"));
        let mounts = mounts(&Source::new(&plan, &options).unwrap()).unwrap();
        assert!(mounts.contains(&"/models/of".to_owned()), "{mounts:?}");
    }

    #[test]
    fn dollars_are_those_of_the_path() {
        assert_eq!(literal("/a/$(X)/$$b"), "/a/$$(X)/$$$$b");
    }

    #[test]
    fn the_directory_that_holds_both() {
        let both = common(Path::new("/shared/a/x"), Path::new("/shared/a/y/z"));
        assert_eq!(both, Path::new("/shared/a"));
    }
}
