//! Files that a runner or another user planted: nothing is followed, nothing hangs, nothing is fetched.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, built, compile_c, in_repository};
use serde_json::json;

/// Far more than any of these takes, and less than for ever.
const AMPLE: Duration = Duration::from_secs(60);

fn protea(place: &Place) -> Command {
    place.command(&built().join("protea"))
}

/// Runs the command to its end.
fn ends(command: &mut Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + AMPLE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it hangs: {command:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// The command fails by itself, with these words in its message.
fn refused(command: &mut Command, words: &str) {
    let output = ends(command);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{command:?}");
    assert_eq!(output.status.signal(), None, "{command:?}: {stderr}");
    assert!(stderr.contains(words), "{command:?}: {stderr}");
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn data(name: &str) -> String {
    let path = in_repository("examples/data").join(name);
    path.to_str().unwrap().to_owned()
}

/// A runner in C that writes what these definitions say.
fn planter(place: &Place, definitions: &[&str]) -> String {
    let directory = place.join("runners");
    fs::create_dir_all(&directory).unwrap();
    compile_c("tests/e2e/c/planter.c", "planter", &directory, definitions);
    directory.to_str().unwrap().to_owned()
}

#[test]
fn pipes_and_devices_in_place_of_inputs_are_errors() {
    let place = Place::new();
    let at = |name: &str| place.join(name);
    fs::create_dir(at("model")).unwrap();
    fs::create_dir(at("dataset")).unwrap();
    pipe(&at("model/model.json"));
    pipe(&at("dataset/dataset.json"));
    pipe(&at("spec.json"));
    symlink("/dev/zero", at("zero.json")).unwrap();
    let words = "not a regular file";
    let test = data("test");
    refused(
        protea(&place).args(["evaluate", "knn", "--model", "model", "--eval", &test]),
        words,
    );
    refused(
        protea(&place).args(["export", "knn", "--model", "model"]),
        words,
    );
    refused(
        protea(&place).args(["run", "knn", "--train", "dataset", "--eval", &test]),
        words,
    );
    for spec in ["spec.json", "zero.json"] {
        refused(protea(&place).args(["run", "knn", "--spec", spec]), words);
    }
}

#[test]
fn markers_and_documents_of_a_foreign_workspace_are_harmless() {
    let place = Place::new();
    let open = place.join("protea-workspace/.protea/open");
    fs::create_dir_all(&open).unwrap();
    let precious = place.join("precious.txt");
    fs::write(&precious, "no line break at the end").unwrap();
    symlink("/dev/zero", open.join("zero")).unwrap();
    pipe(&open.join("pipe"));
    fs::write(open.join("other"), "../../../precious.txt").unwrap();
    let job = place
        .join("protea-workspace/workspace")
        .join("0".repeat(32));
    let run = job.join("artifacts/experiment/run");
    fs::create_dir_all(&run).unwrap();
    symlink("/dev/zero", run.join("run_manifest.json")).unwrap();
    let output = ends(protea(&place).args(["runs", "list"]));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        fs::read_to_string(&precious).unwrap(),
        "no line break at the end"
    );
}

/// A web server that answers 404 and counts requests.
fn counting_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (address, requests)
}

#[test]
fn a_foreign_reference_model_makes_no_request() {
    let (address, requests) = counting_server();
    let place = Place::new();
    let model = place.join("model.json");
    let secret = format!("{address}/leak/secret");
    for reference in [
        json!({ "dataset_uri": secret }),
        json!({ "dataset_uri": "s3://any-bucket/x" }),
        json!({ "dataset_uri": "file:///nowhere", "dataset_origin": secret }),
    ] {
        let mut document = json!({ "kind": "reference", "spec": {}, "dataset_sha256": "00" });
        let fields = document.as_object_mut().unwrap();
        fields.extend(reference.as_object().unwrap().clone());
        fs::write(&model, document.to_string()).unwrap();
        refused(
            protea(&place)
                .env("AWS_ACCESS_KEY_ID", "user")
                .env("AWS_SECRET_ACCESS_KEY", "secret")
                .env("AWS_ENDPOINT_URL", &address)
                .args([
                    "evaluate",
                    "knn",
                    "--model",
                    "model.json",
                    "--eval",
                    &data("test"),
                ]),
            "--train DATASET",
        );
    }
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

#[test]
fn a_runner_cannot_name_a_dataset_or_a_model_elsewhere() {
    let (address, requests) = counting_server();
    let secret = format!("{address}/leak/secret");
    let reference = json!({
        "kind": "reference", "spec": {}, "dataset_uri": secret, "dataset_sha256": "00",
    });
    let quoted = |text: &str| format!("{text:?}");
    for (definition, words) in [
        (
            format!("-DDOCUMENT={}", quoted(&reference.to_string())),
            format!("refers to the dataset {secret}"),
        ),
        (
            format!("-DMODEL={}", quoted(&secret)),
            format!("{secret}, which is not in"),
        ),
    ] {
        let place = Place::new();
        let runners = planter(&place, &[&definition]);
        refused(
            protea(&place).args(["run", "planter", "--runner-dir", &runners]),
            &words,
        );
    }
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

#[test]
fn the_time_limit_covers_what_the_host_does_with_an_export() {
    let place = Place::new();
    let runners = planter(&place, &[]);
    let run = ["run", "planter", "--runner-dir", &runners];
    refused(
        protea(&place).args(run).args(["--time-limit", "2s"]),
        "exceeded its time limit of 2 s",
    );
    assert!(!has_sparse(place.path()), "it cleans up");
}

#[test]
fn one_signal_ends_the_host_whatever_it_does_with_an_export() {
    let place = Place::new();
    let runners = planter(&place, &[]);
    let mut command = protea(&place);
    command.args(["run", "planter", "--runner-dir", &runners]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Once the file is there, the host is about to hash it, which takes a minute at least.
    let deadline = Instant::now() + AMPLE;
    while !has_sparse(&place.join("protea-workspace")) {
        assert!(Instant::now() < deadline, "there is no export");
        thread::sleep(Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(!has_sparse(&place.join("protea-workspace")), "it cleans up");
}

fn has_sparse(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        entry.file_name() == "sparse59" || entry.path().is_dir() && has_sparse(&entry.path())
    })
}

#[test]
fn a_named_dataset_replaces_a_remote_one() {
    let place = Place::new();
    let manifest = fs::read(in_repository("examples/data/train/dataset.json")).unwrap();
    let document = json!({
        "kind": "reference",
        "spec": {},
        "dataset_uri": "https://localhost:1/train",
        "dataset_sha256": protea_contracts::content::digest_bytes(&manifest),
    });
    fs::write(place.join("model.json"), document.to_string()).unwrap();
    let runners = planter(&place, &[]);
    let (train, test) = (data("train"), data("test"));
    let mut evaluate = vec!["evaluate", "planter", "--runner-dir", &runners];
    evaluate.extend(["--model", "model.json", "--eval", &test]);
    refused(protea(&place).args(&evaluate), "https://localhost:1/train");
    let named = ends(protea(&place).args(&evaluate).args(["--train", &train]));
    assert!(named.status.success(), "{named:?}");
}

#[test]
fn a_limit_on_file_sizes_is_an_error_of_a_write() {
    let place = Place::new();
    let mut limited = place.command(Path::new("prlimit"));
    limited.arg("--fsize=1024").arg(built().join("protea"));
    let output = ends(limited.args(["run", "toy"]));
    assert_eq!(output.status.signal(), None, "{output:?}");
    assert!(!output.status.success(), "{output:?}");
}

/// W&B's client uploads every file that the records of an offline run name.
#[test]
fn offline_runs_that_a_runner_wrote_are_not_uploaded() {
    let place = Place::new();
    let job = place
        .join("protea-workspace/workspace")
        .join("0".repeat(32));
    let own = job.join("wandb/offline-run-20261121_084949-own");
    let planted = job.join("artifacts/experiment/run/predictions");
    let name = "offline-run-20261121_084949-planted";
    for run in [own.clone(), planted.join(name)] {
        fs::create_dir_all(&run).unwrap();
        let file = run.file_name().unwrap().to_str().unwrap().to_owned();
        let id = file.rsplit('-').next().unwrap();
        fs::write(run.join(format!("run-{id}.wandb")), "").unwrap();
    }
    symlink(planted.join(name), job.join("wandb").join(name)).unwrap();
    symlink(&planted, job.join("wandb/more")).unwrap();
    let output = ends(protea(&place).args(["sync-offline", "--dry-run", "--json"]));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(told.contains("-own") && !told.contains("planted"), "{told}");

    // Nothing is removed or written below a link.
    let precious = place.join("home/sync");
    fs::create_dir_all(&precious).unwrap();
    fs::write(precious.join("letter"), "").unwrap();
    symlink(place.join("home"), own.join("logs")).unwrap();
    // Older than what may still be recorded.
    let touched = Command::new("touch")
        .args(["-d", "2020-01-01"])
        .arg(own.join("run-own.wandb"))
        .status();
    assert!(touched.unwrap().success());
    let mut upload = protea(&place);
    refused(
        upload.args(["sync-offline", "--wandb", "/bin/true"]),
        "1 runs could not be uploaded",
    );
    assert!(precious.join("letter").exists());
}
