//! Plans in an object store: machines without a common file system.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use protea_e2e::Ran;
use serde_json::Value;

use super::{
    records::{records, same_answers},
    setup::{Planned, SEARCH, until},
};
use crate::store::{
    command,
    proxy::Proxy,
    s3::{KEY, S3, SECRET},
};

/// A plan of the usual search in a bucket, and machines that only share the bucket.
struct Stored {
    planned: Planned,
    s3: &'static S3,
    bucket: String,
    uri: String,
}

impl Stored {
    fn new() -> Option<Self> {
        let s3 = S3::shared()?;
        let bucket = s3.bucket();
        Some(Self {
            planned: Planned::new(),
            s3,
            uri: format!("s3://{bucket}/plans/one"),
            bucket,
        })
    }

    /// The command on the machine that plans and gathers.
    fn here(&self, words: &str) -> Ran {
        let mut command = command(&self.planned.place, &self.s3.endpoint);
        Ran::from(command.args(words.split_whitespace()).output().unwrap())
    }

    fn plan(&self) -> usize {
        let words = format!("{SEARCH} --workspace w --plan {}", self.uri);
        let planned = self.here(&words).json();
        assert_eq!(planned["plan"], self.uri);
        planned["tasks"].as_u64().unwrap() as usize
    }

    /// The command on another machine, which has nothing of the planning one.
    fn node(&self, name: &str, endpoint: &str, words: &str) -> Command {
        let node = self.planned.place.join(name);
        fs::create_dir_all(&node).unwrap();
        let mut command = command(&self.planned.place, endpoint);
        command
            .current_dir(&node)
            .env("HOME", &node)
            .env("PROTEA_CACHE_DIR", node.join("cache"))
            .env_remove("PROTEA_EXAMPLE_DATA")
            .args(words.split_whitespace());
        command
    }

    fn task(&self, name: &str, index: usize) -> Ran {
        let words = format!("task {} --index {index} --quiet", self.uri);
        let mut command = self.node(name, &self.s3.endpoint, &words);
        Ran::from(command.output().unwrap())
    }

    fn spawn(&self, name: &str, endpoint: &str, index: usize, variables: &[(&str, &str)]) -> Child {
        let words = format!("task {} --index {index} --quiet", self.uri);
        let mut command = self.node(name, endpoint, &words);
        command
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The keys of objects below a part of the plan, relative to it.
    fn keys(&self, part: &str) -> Vec<String> {
        let prefix = format!("plans/one/{part}/");
        let query = format!("{}?list-type=2&prefix={prefix}", self.bucket);
        let text = String::from_utf8(self.s3.get(&query).unwrap()).unwrap();
        let keys = text.split("<Key>").skip(1);
        let keys = keys.map(|rest| rest.split("</Key>").next().unwrap());
        keys.map(|key| key.strip_prefix(&prefix).unwrap().to_owned())
            .collect()
    }

    /// The tokens of the attempts whose files are in the store.
    fn tokens(&self) -> Vec<String> {
        let keys = self.keys("files");
        let mut tokens: Vec<String> = keys
            .iter()
            .map(|key| key.split('/').nth(1).unwrap().to_owned())
            .collect();
        tokens.dedup();
        tokens
    }

    fn object(&self, key: &str) -> String {
        format!("{}/plans/one/{key}", self.bucket)
    }

    fn tasks(&self) -> Vec<Value> {
        let documents = self.keys("documents");
        let list = documents.iter().find(|key| key.ends_with("/tasks.jsonl"));
        let key = self.object(&format!("documents/{}", list.unwrap()));
        let text = String::from_utf8(self.s3.get(&key).unwrap()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn task_with_x(&self, wanted: impl Fn(f64) -> bool) -> usize {
        let tasks = self.tasks();
        let mut tasks = tasks.iter();
        tasks
            .position(|task| wanted(task["spec"]["x"].as_f64().unwrap()))
            .unwrap()
    }
}

#[test]
fn a_search_in_a_store_is_the_local_search() {
    let Some(stored) = Stored::new() else { return };
    let place = &stored.planned.place;
    let local = stored
        .planned
        .protea(&format!("{SEARCH} --workspace local"));
    let tasks = stored.plan();
    assert_eq!(tasks, 12);
    assert!(!place.join("w").exists(), "a plan runs nothing");
    assert_eq!(stored.plan(), 12, "the same command is the same plan");
    let other = SEARCH.replace("--seed 7", "--seed 8");
    let other = format!("{other} --workspace w --plan {}", stored.uri);
    stored
        .here(&other)
        .fails_with(5, &["already has another plan", &stored.uri]);
    let gather = format!("gather {} --json --quiet", stored.uri);
    stored
        .here(&gather)
        .fails_with(75, &["12 of 12 tasks have no result"]);

    // The machines that execute tasks have neither the runner nor the datasets.
    fs::rename(place.join("runners"), place.join("hidden")).unwrap();
    for (index, task) in stored.tasks().iter().enumerate() {
        let fails = task["spec"]["x"].as_f64().unwrap() > 0.9;
        let ran = stored.task(["one", "two"][index % 2], index);
        assert_eq!(ran.code, Some(if fails { 65 } else { 0 }), "{ran:?}");
    }
    let failing = stored.task_with_x(|x| x > 0.9);
    stored
        .task("two", failing)
        .fails_with(65, &["failed before"]);
    let files = stored.keys("files");
    stored.task("three", 0).succeeds();
    assert_eq!(stored.keys("files"), files, "a second worker adds nothing");
    assert_eq!(stored.keys("results").len(), tasks);
    assert_eq!(stored.keys("claims"), [""; 0]);
    let remaining = stored.here(&format!("plan remaining {}", stored.uri));
    assert_eq!((remaining.code, remaining.stdout.as_str()), (Some(0), ""));
    let status = format!("engine status {} --json --quiet", stored.uri);
    let status = stored.here(&status).json();
    assert!(status["counts"]["failed"].as_u64().unwrap() > 0);
    assert_eq!(status["plan"], stored.uri);
    let logs = format!("engine logs {} {failing} --json", stored.uri);
    assert!(
        !stored.here(&logs).json()["lines"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    fs::rename(place.join("hidden"), place.join("runners")).unwrap();
    let first = stored.here(&gather);
    let again = stored.here(&gather);
    assert_eq!(first.stdout, again.stdout);
    same_answers(&local.json(), &first.json(), place);
    let (here, gathered) = (records(place, "local"), records(place, "w"));
    assert_eq!(
        here.keys().collect::<Vec<_>>(),
        gathered.keys().collect::<Vec<_>>()
    );
    for (name, content) in &here {
        // Manifests and reference models name where the runner and the datasets were.
        if !name.ends_with("_manifest.json") && !name.ends_with("model/model.json") {
            assert_eq!(content, &gathered[name], "{name}");
        }
    }
    for part in ["documents", "results", "files"] {
        for key in stored.keys(part) {
            let found = stored.s3.get(&stored.object(&format!("{part}/{key}")));
            let text = String::from_utf8_lossy(&found.unwrap()).into_owned();
            assert!(!text.contains(SECRET) && !text.contains(KEY), "{key}");
        }
    }
}

#[test]
fn workers_in_a_store_at_the_same_time_have_one_result() {
    let Some(stored) = Stored::new() else { return };
    stored.plan();
    let well = stored.task_with_x(|x| x < 0.9);
    let workers: Vec<Child> = ["one", "two", "three"]
        .iter()
        .map(|node| stored.spawn(node, &stored.s3.endpoint, well, &[]))
        .collect();
    let codes: Vec<i32> = workers
        .into_iter()
        .map(|mut worker| worker.wait().unwrap().code().unwrap())
        .collect();
    assert!(
        codes.contains(&0) && codes.iter().all(|code| [0, 75].contains(code)),
        "{codes:?}"
    );
    assert_eq!(stored.keys("results").len(), 1);
    assert_eq!(stored.tokens().len(), 1);
    assert_eq!(stored.keys("claims"), [""; 0]);
}

#[test]
fn a_killed_worker_of_a_store_is_followed_by_another() {
    let Some(stored) = Stored::new() else { return };
    stored.plan();
    let held = stored.task_with_x(|x| x > 0.4 && x < 0.9);
    // Killed while it computes.
    let holds = [("PARABOLA_HOLDS", "1")];
    let mut holder = stored.spawn("one", &stored.s3.endpoint, held, &holds);
    until("it holds the task", || !stored.keys("claims").is_empty());
    let pid = holder.id().to_string();
    stored
        .task("two", held)
        .fails_with(75, &["is being done by process", &pid]);
    let status = format!("engine status {} --json --quiet", stored.uri);
    assert_eq!(stored.here(&status).json()["counts"]["claimed"], 1);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(!stored.keys("claims").is_empty());
    // Killed while it sends its result.
    let proxy = Proxy::before(&stored.s3.endpoint);
    let mut sending = stored.spawn("two", &proxy.endpoint, held, &[]);
    until("it sends files", || !stored.keys("files").is_empty());
    proxy.hold_after(0);
    until("it is in the middle", || proxy.holds());
    sending.kill().unwrap();
    sending.wait().unwrap();
    proxy.release();
    if stored.keys("results").is_empty() {
        assert_eq!(stored.tokens().len(), 1);
    }
    stored.task("three", held).succeeds();
    assert_eq!(stored.keys("results").len(), 1);
    assert_eq!(stored.tokens().len(), 1, "what others left is removed");
    assert_eq!(stored.keys("claims"), [""; 0]);
    // A machine that was killed while it sent has its result still, and gives it up.
    stored.task("two", held).succeeds();
    assert_eq!(stored.tokens().len(), 1);
}

#[test]
fn a_store_that_is_away_is_tried_again() {
    let Some(stored) = Stored::new() else { return };
    stored.plan();
    let well = stored.task_with_x(|x| x < 0.3);
    let starts = stored.planned.place.join("starts");
    let variables = [("PARABOLA_STARTS", starts.to_str().unwrap())];
    let proxy = Proxy::before(&stored.s3.endpoint);
    let mut worker = stored.spawn("one", &proxy.endpoint, well, &variables);
    until("it sends files", || !stored.keys("files").is_empty());
    proxy.down_after(0);
    assert_eq!(worker.wait().unwrap().code(), Some(75));
    assert_eq!(stored.keys("results"), [""; 0]);
    proxy.up();
    // It sends what it had computed.
    let mut worker = stored.spawn("one", &proxy.endpoint, well, &variables);
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_to_string(&starts).unwrap().lines().count(), 1);
    assert_eq!(stored.keys("results").len(), 1);
}

#[test]
fn a_damaged_object_of_a_plan_is_named() {
    let Some(stored) = Stored::new() else { return };
    stored.plan();
    let well = stored.task_with_x(|x| x < 0.9);
    stored.task("one", well).succeeds();
    let gather = format!("gather {} --partial --json --quiet", stored.uri);
    let files = stored.keys("files");
    let manifest = files.iter().find(|key| key.ends_with("/run_manifest.json"));
    let name = format!("files/{}", manifest.unwrap());
    let bytes = stored.s3.get(&stored.object(&name)).unwrap();
    let mut damaged = bytes.clone();
    damaged[10] ^= 1;
    stored.s3.put(&stored.object(&name), &damaged);
    let uri = format!("{}/{name}", stored.uri);
    stored.here(&gather).fails_with(3, &[&uri, "SHA-256"]);
    stored.s3.put(&stored.object(&name), &bytes[1..]);
    stored.here(&gather).fails_with(3, &[&uri, "are listed"]);
    stored.s3.delete(&stored.object(&name));
    stored
        .here(&gather)
        .fails_with(3, &[&uri, "does not exist"]);
    stored.s3.put(&stored.object(&name), &bytes);
    let gathered = stored.here(&gather).json();
    assert_eq!(gathered["best"]["number"], well);

    let record = stored.keys("results").remove(0);
    let record = format!("results/{record}");
    let whole = stored.s3.get(&stored.object(&record)).unwrap();
    stored
        .s3
        .put(&stored.object(&record), &whole[..whole.len() / 2]);
    let uri = format!("{}/{record}", stored.uri);
    stored
        .task("two", well)
        .fails_with(65, &[&uri, "is not a document of a plan", "remove"]);
    // Without the record the task is executed again.
    stored.s3.delete(&stored.object(&record));
    stored.task("two", well).succeeds();
    assert_eq!(stored.tokens().len(), 1);
}

#[test]
fn what_a_plan_in_a_store_cannot_do_is_refused() {
    let Some(stored) = Stored::new() else { return };
    let planned = |more: &str, uri: &str| stored.here(&format!("{SEARCH} {more} --plan {uri}"));
    for uri in ["https://h/plan", "ftp://h/plan", "memory://h/plan"] {
        planned("", uri).fails_with(2, &[uri, "s3://", "gs://", "az://"]);
        stored
            .here(&format!("gather {uri}"))
            .fails_with(2, &[uri, "s3://"]);
    }
    assert!(!stored.planned.place.join("https:").exists());
    planned("--engine slurm", &stored.uri).fails_with(2, &["slurm", "directory", &stored.uri]);
    let tpe = SEARCH.replace("--random 12", "--tpe 30");
    let tpe = format!("{tpe} --workspace w --plan {}", stored.uri);
    stored
        .here(&tpe)
        .fails_with(2, &["depend on earlier ones", "directory"]);
    assert_eq!(stored.keys("documents"), [""; 0]);
    stored
        .here(&format!("gather {}", stored.uri))
        .fails_with(3, &[&stored.uri, "is not a plan directory"]);
    // A path with a colon, and a file URI, are directories.
    let file = format!("file://{}", stored.planned.place.join("here").display());
    planned("--workspace w", &file).succeeds();
    assert!(stored.planned.place.join("here/plan.json").exists());
}

#[test]
fn the_local_engine_and_kubernetes_use_the_uri() {
    let Some(stored) = Stored::new() else { return };
    let words = format!("run toy --json --quiet --workspace w --plan {}", stored.uri);
    let gathered = stored.here(&format!("{words} --engine local")).json();
    let local = stored
        .here("run toy --json --quiet --workspace local")
        .json();
    assert_eq!(gathered["metrics"], local["metrics"]);
    assert_eq!(gathered["job_id"], local["job_id"]);
    assert_eq!(stored.keys("results").len(), 1);
    let export = format!("plan export {} --for kubernetes --output -", stored.uri);
    let exported = stored.here(&export).stdout;
    assert!(exported.contains(&stored.uri), "{exported}");
    assert!(!exported.contains("REPLACE-CLAIM"), "{exported}");
    stored
        .here(&format!("plan export {} --for parallel", stored.uri))
        .fails_with(2, &["directory", &stored.uri]);
}
