//! Runners and hosts of different minor versions of the contract understand each other.
//!
//! The contract as it is and one that has grown (a younger minor version, a request field, a
//! function in the root module and in the sink's table, a trait method, a kind of error) are built
//! from this source, with a tiny runner and a tiny host each. Every host opens both runners.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use protea_contracts::CONTRACT_VERSION;
use protea_e2e::{Place, cargo_build, in_repository, library, profile_directory, train};
use serde_json::{Value, json};

/// What grows: a file of the contract, a text that is in it, and what is added behind that text.
const GROWTH: [(&str, &str, &str); 14] = [
    (
        "src/request.rs",
        "    #[serde(default)]\n    pub threads: usize,\n",
        "    /// For the runner.\n    #[serde(default = \"no_note\")]\n    pub note: String,\n",
    ),
    (
        "src/request.rs",
        "            threads: 0,\n",
        "            note: no_note(),\n",
    ),
    (
        "src/request.rs",
        "use crate::{Attribute, Bundle, RunnerError, model};\n",
        "fn no_note() -> String {\n    \"none\".to_owned()\n}\n",
    ),
    (
        "src/abi/plugin.rs",
        "    typed.threads = request.threads;\n",
        "    typed.note = request.note;\n",
    ),
    (
        "src/error.rs",
        "    /// The host asked for the call to end, and it did.\n    #[error(\"cancelled\")]\n    Cancelled,\n",
        "    /// New.\n    #[error(\"{message}\")]\n    Quota {\n        /// Why.\n        message: String,\n    },\n",
    ),
    (
        "src/runner.rs",
        "    fn export(&self, request: &ExportRequest, emit: &Emitter) -> Result<ExportResult, RunnerError>;\n",
        "    /// New.\n    ///\n    /// # Errors\n    ///\n    /// Any.\n    fn explain(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {\n        \
         Err(RunnerError::unsupported(\"explain\", \"do without\"))\n    }\n",
    ),
    (
        "src/abi/module.rs",
        "    pub export: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
        "    /// New.\n    pub explain: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
    ),
    (
        "src/abi/plugin.rs",
        "        export: export::<P>,\n",
        "        explain: explain::<P>,\n",
    ),
    (
        "src/abi/plugin.rs",
        "    outcome(|| P::runner().export(&parse(request.as_slice())?, &emitter(sink)))\n}\n",
        "extern \"C\" fn explain<P: Plugin>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {\n    \
         outcome(|| P::runner().explain(&parse(request.as_slice())?, &emitter(sink)))\n}\n",
    ),
    (
        "src/abi/host.rs",
        "impl LoadedRunner {\n",
        "    /// New.\n    #[must_use]\n    pub fn explain(&self, request: &EvaluateRequest, sink: Arc<dyn EventSink>) -> Call<EvalResult> {\n        \
         let lacking = || RunnerError::unsupported(\"explain\", \"rebuild the runner\");\n        \
         match self.face {\n            \
         Face::Rust(module) => match module.explain() {\n                \
         Some(function) => call_rust(function, request, sink),\n                \
         None => call(request, sink, |_, _| Err(lacking().into())),\n            },\n            \
         Face::C(_) => call(request, sink, |_, _| Err(lacking().into())),\n        }\n    }\n",
    ),
    (
        "src/abi/sink.rs",
        "        RSlice<'_, u8>,\n        u8,\n    ) -> bool,\n",
        "    clock: unsafe extern \"C\" fn(*const ()) -> u64,\n",
    ),
    (
        "src/abi/sink.rs",
        "        is_cancelled,\n        emit,\n",
        "        clock,\n",
    ),
    (
        "src/abi/sink.rs",
        "impl SinkHandle {\n",
        "    pub(crate) fn clock(&self) -> u64 {\n        \
         // SAFETY: as for the other functions.\n        \
         self.functions.clock().map_or(0, |clock| unsafe { clock(self.context) })\n    }\n",
    ),
    (
        "src/emit.rs",
        "impl Emitter {\n",
        "    /// New; 0 for an older host.\n    #[must_use]\n    pub fn clock(&self) -> u64 {\n        self.handle.clock()\n    }\n",
    ),
];
/// Behind the last item of `sink.rs`.
const CLOCK: &str = "\nunsafe extern \"C\" fn clock(_: *const ()) -> u64 {\n    1234\n}\n";
const GROWN_VERSION: &str = "1.99.0";

/// Writes only what changed, so that Cargo builds only that.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn sources(directory: &Path, below: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            sources(directory, &path, into);
        } else {
            into.push(path);
        }
    }
}

fn grow(file: &Path, text: String) -> String {
    let mut text = text;
    for (of, behind, added) in GROWTH {
        if file == Path::new(of) {
            let at = text.find(behind).unwrap_or_else(|| {
                panic!("{of} no longer has {behind:?}: let GROWTH of this test follow it")
            });
            text.insert_str(at + behind.len(), added);
        }
    }
    if file == Path::new("src/abi/sink.rs") {
        text.push_str(CLOCK);
    }
    text
}

/// Lays out a workspace of the contract, a runner and a host, and builds it.
fn build(name: &str, grown: bool, directory: &Path) {
    let workspace = directory.join(name);
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let root = read(&in_repository("Cargo.toml"));
    let (before, after) = root.split_once("members = [").unwrap();
    let (_, after) = after.split_once(']').unwrap();
    let mut root = format!("{before}members = [\"contracts\", \"runner\", \"host\"]{after}");
    if grown {
        let version = format!("version = \"{CONTRACT_VERSION}\"\n");
        assert!(root.contains(&version));
        root = root.replacen(&version, &format!("version = \"{GROWN_VERSION}\"\n"), 1);
    }
    write(&workspace.join("Cargo.toml"), &root);
    write(
        &workspace.join("Cargo.lock"),
        &read(&in_repository("Cargo.lock")),
    );

    let contracts = in_repository("contracts");
    let mut files = Vec::new();
    sources(&contracts, Path::new(""), &mut files);
    for file in files {
        let text = read(&contracts.join(&file));
        let text = if grown { grow(&file, text) } else { text };
        write(&workspace.join("contracts").join(file), &text);
    }
    for (package, lib, features) in [
        (
            "runner",
            "[lib]\ncrate-type = [\"cdylib\"]\npath = \"main.rs\"",
            "[]",
        ),
        (
            "host",
            "[[bin]]\nname = \"host_NAME\"\npath = \"main.rs\"",
            "[\"host\"]",
        ),
    ] {
        let of = in_repository("tests/e2e/other_contract").join(format!("{package}.rs"));
        write(&workspace.join(package).join("main.rs"), &read(&of));
        let lib = lib.replace("NAME", name);
        let default = if grown { "default = [\"grown\"]" } else { "" };
        let manifest = format!(
            "[package]\nname = \"{package}_{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{lib}\n\n\
             [features]\ngrown = []\n{default}\n\n[dependencies]\n\
             protea-contracts = {{ path = \"../contracts\", features = {features} }}\n\
             serde_json.workspace = true\n"
        );
        write(&workspace.join(package).join("Cargo.toml"), &manifest);
    }
    cargo_build(
        &workspace.join("Cargo.toml"),
        &[],
        Some(&directory.join("target")),
    );
}

/// The directory of both hosts and both runners; kept between test runs.
fn both() -> &'static Path {
    static BOTH: LazyLock<PathBuf> = LazyLock::new(|| {
        let profile = profile_directory();
        let directory = profile.join("other-contract");
        build("today", false, &directory);
        build("grown", true, &directory);
        directory.join("target").join(profile.file_name().unwrap())
    });
    &BOTH
}

/// What a host says of runners that it opens in this order.
fn ask(host: &str, runners: &[&str]) -> Vec<Value> {
    let output = Command::new(both().join(format!("host_{host}")))
        .args(
            runners
                .iter()
                .map(|name| both().join(library(&format!("runner_{name}")))),
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the host has to say of the runner.
fn expected(host: &str, runner: &str) -> Value {
    let grown = |name| name == "grown";
    let extras = match (grown(runner), grown(host)) {
        (false, _) => json!({}),
        (true, false) => json!({ "note": "none", "host_clock": 0 }),
        (true, true) => json!({ "note": "of a grown host", "host_clock": 1234 }),
    };
    let mut events = vec!["tiny.fit"];
    if grown(runner) && grown(host) {
        events.push("tiny.explain");
    }
    json!({
        "contract": if grown(runner) { GROWN_VERSION } else { CONTRACT_VERSION },
        "fit": { "model_uri": "file:///nowhere", "metrics": { "seed": 0.0 }, "extras": extras },
        "evaluate": match (grown(runner), grown(host)) {
            (false, _) => "evaluate is not supported: fit",
            (true, false) => "quota: none left",
            (true, true) => "none left",
        },
        "explain": match (grown(runner), grown(host)) {
            (_, false) => Value::Null,
            (false, true) => json!("explain is not supported: rebuild the runner"),
            (true, true) => json!("it has grown"),
        },
        "events": events,
    })
}

#[test]
fn older_and_younger_runners_and_hosts_load_and_run_alone_and_together() {
    for host in ["today", "grown"] {
        for runners in [
            ["today"].as_slice(),
            &["grown"],
            // One process has one record of layouts seen, which the first runner begins.
            &["today", "grown"],
            &["grown", "today"],
            &["grown", "today", "grown"],
        ] {
            let said = ask(host, runners);
            assert_eq!(said.len(), runners.len());
            for (runner, mut said) in runners.iter().zip(said) {
                let panicked = said
                    .as_object_mut()
                    .and_then(|said| said.remove("export"))
                    .unwrap_or_else(|| panic!("{host} {runners:?}: {said:#}"));
                assert!(
                    panicked.as_str().unwrap().contains("on purpose"),
                    "{panicked}"
                );
                assert_eq!(said, expected(host, runner), "{host} {runners:?}");
            }
        }
    }
}

#[test]
fn protea_itself_runs_a_runner_of_a_younger_contract() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    let file = library("runner_grown");
    fs::copy(both().join(&file), runners.join(&file)).unwrap();
    let fit = place.protea([
        "fit".as_ref(),
        "tiny".as_ref(),
        "--json".as_ref(),
        "--runner-dir".as_ref(),
        runners.as_os_str(),
        "--train".as_ref(),
        train().as_os_str(),
        "--seed".as_ref(),
        "7".as_ref(),
    ]);
    let fitted = fit.json();
    assert_eq!(fitted["steps"][0]["metrics"]["seed"], 7.0, "{fitted:#}");
    let list = place.protea([
        "runners".as_ref(),
        "list".as_ref(),
        "--runner-dir".as_ref(),
        runners.as_os_str(),
    ]);
    assert!(list.stdout.contains(GROWN_VERSION), "{list:#?}");
}
