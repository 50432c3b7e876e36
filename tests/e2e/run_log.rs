//! The log of a run and the manifests of its steps: complete, in one format, also when it fails.

use std::{fs, path::PathBuf};

use protea_core::workspace::{LogLine, StepManifest};
use protea_e2e::{Place, zoo};
use serde_json::json;

/// The toy's log, without what differs from run to run.
const LOG: &str = r#"
INFO - Run started: runner=toy version={version} seed=0 threads=0 isolation=worker
INFO - Runner: contract={version} sha256=… path=…
INFO - Place: name=toy project=cafa group=H012/E018 tag.why="to see"
INFO - Spec: {"note":"hello"}
INFO - Dataset train: name=swissprot-2014-small-train proteins=822 sha256=… uri=…
INFO - Dataset eval: name=swissprot-2014-small-test proteins=244 sha256=… uri=…
INFO - Host: protea=… platform=… cores=…
INFO 00_fit Starting step 00_fit
INFO 00_fit runner.toy.fit_start {"note":"hello"}
INFO 00_fit Metrics: loss=0
INFO 00_fit Finished step 00_fit: proteins_in=822 seconds=… compute=… writing=…
INFO 01_evaluate Starting step 01_evaluate
INFO 01_evaluate stage {"name":"scoring","ends_early":false}
INFO 01_evaluate runner.cafa.scored {"predictions":2381}
INFO 01_evaluate Metrics: MFO.fmax=1 MFO.auc_pr=1 MFO.coverage=1 MFO.wfmax=1 MFO.smin=0 MFO.f_micro_w=1 MFO.fmicro=1 MFO.tau=0.01
INFO 01_evaluate Metrics: BPO.fmax=1 BPO.auc_pr=1 BPO.coverage=1 BPO.wfmax=1 BPO.smin=0 BPO.f_micro_w=1 BPO.fmicro=1 BPO.tau=0.01
INFO 01_evaluate Metrics: CCO.fmax=1 CCO.auc_pr=1 CCO.coverage=1 CCO.wfmax=1 CCO.smin=0 CCO.f_micro_w=1 CCO.fmicro=1 CCO.tau=0.01
INFO 01_evaluate Finished step 01_evaluate: proteins_in=244 predictions_out=2381 seconds=… compute=… writing=…
INFO 02_export Starting step 02_export
INFO 02_export Finished step 02_export: files_out=3 seconds=… compute=… writing=…
INFO - Output: role=model uri=…
INFO - Output: role=predictions path=…
INFO - Output: role=export files=3 bytes=… uri=…
INFO - Output: role=manifest path=…
INFO - Totals: steps=3 seconds=… compute=… writing=… warnings=0 errors=0
INFO - Run finished
"#;

/// Values that differ from run to run, or from machine to machine.
const VOLATILE: [&str; 10] = [
    "sha256", "path", "uri", "protea", "platform", "cores", "seconds", "compute", "writing",
    "bytes",
];

fn redacted(log: &str) -> String {
    let word = |word: &str| match word.split_once('=') {
        Some((name, _)) if VOLATILE.contains(&name) => format!("{name}=…"),
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        let parsed = LogLine::parse(line).unwrap_or_else(|| panic!("{line:?} is no line"));
        let words: Vec<String> = parsed.message.split(' ').map(word).collect();
        format!("{} {} {}\n", parsed.level, parsed.step, words.join(" "))
    };
    log.lines().map(line).collect()
}

/// The directory of the one run.
fn run_directory(place: &Place) -> PathBuf {
    let only = |directory: PathBuf| {
        let mut entries = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
        let entry = entries.next().unwrap();
        assert!(entries.next().is_none());
        entry
    };
    let job = only(place.join("protea-workspace/workspace"));
    only(only(job.join("artifacts")))
}

fn log(place: &Place) -> String {
    fs::read_to_string(run_directory(place).join("logs/run.log")).unwrap()
}

fn step(place: &Place, name: &str) -> StepManifest {
    let path = run_directory(place).join("steps").join(name);
    let text = fs::read(path.join("step_manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn the_log_has_every_step_and_can_go_to_stderr() {
    let place = Place::new();
    let ran = place.protea([
        "run",
        "toy",
        "--set",
        "note=hello",
        "--project",
        "cafa",
        "--group",
        "H012/E018",
        "--tag",
        "why=to see",
        "--log-level",
        "info",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let log = log(&place);
    // The runners of the workspace have one version, this package's.
    let expected = LOG.replace("{version}", env!("CARGO_PKG_VERSION"));
    assert_eq!(redacted(&log), expected.trim_start());
    let said: String = ran
        .stderr
        .split_inclusive('\n')
        .filter(|line| LogLine::parse(line).is_some())
        .collect();
    assert_eq!(said, log);
    assert!(!ran.stderr.contains("fit: done"), "{ran:#?}");

    let evaluated = step(&place, "01_evaluate");
    assert_eq!((evaluated.index, &*evaluated.name), (1, "evaluate"));
    assert_eq!(evaluated.rows_in.unwrap().count, 244);
    assert_eq!(evaluated.rows_out.unwrap().count, 2381);
    assert_eq!(evaluated.metrics["MFO"]["fmax"], json!(1.0));
    let sum = evaluated.compute_seconds + evaluated.writing_seconds;
    assert!((evaluated.seconds - sum).abs() < 1e-6);
    let exported = step(&place, "02_export");
    assert_eq!(exported.outputs.len(), 3);
    assert!(exported.outputs.iter().all(|file| file.sha256.is_some()));
}

#[test]
fn by_default_the_terminal_stays_calm_and_debug_has_more() {
    let place = Place::new();
    let calm = place.protea(["run", "toy"]);
    assert!(!calm.stderr.contains("Run started"), "{calm:#?}");
    assert!(calm.stderr.contains("fit: done in"), "{calm:#?}");
    let log_of_info = log(&place);
    assert!(!log_of_info.contains(" DEBUG "), "{log_of_info}");

    let place = Place::new();
    let warnings = place.protea(["run", "toy", "--log-level", "WARN"]);
    assert!(!warnings.stderr.contains("Run started"), "{warnings:#?}");
    // The log level of the terminal does not change the record.
    assert!(log(&place).contains("Run finished"));

    let place = Place::new();
    place.protea(["run", "knn", "--log-level", "debug"]);
    assert!(log(&place).contains(" DEBUG "), "{}", log(&place));
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_fails_has_the_whole_chain_of_causes_in_its_log() {
    for (animal, reason) in [
        ("crash-in-fit", "the runner crashed (SIGSEGV"),
        ("panic-in-fit", "panicked"),
        ("nan-metric", "not a finite number"),
    ] {
        let place = Place::new();
        fs::create_dir(place.join("dataset")).unwrap();
        place.write("dataset/dataset.json", r#"{ "name": "none", "files": [] }"#);
        let ran = place.protea([
            "run",
            animal,
            "--train",
            "dataset",
            "--eval",
            "dataset",
            "--runner-dir",
            zoo::directory().to_str().unwrap(),
        ]);
        ran.fails_with(1, &[reason]);
        let log = log(&place);
        let lines: Vec<LogLine<'_>> = log.lines().map(|l| LogLine::parse(l).unwrap()).collect();
        let at = lines
            .iter()
            .position(|line| line.message.starts_with("Run failed: "));
        let at = at.unwrap_or_else(|| panic!("{animal}: {log}"));
        assert_eq!((lines[at].level, lines[at].step), ("ERROR", "-"));
        assert!(lines[at].message.ends_with(" failed"), "{animal}: {log}");
        let causes = &lines[at + 1..];
        assert!(!causes.is_empty(), "{animal}: {log}");
        for cause in causes {
            assert_eq!(cause.level, "ERROR");
            assert!(cause.message.starts_with("Caused by: "), "{animal}: {log}");
        }
        let chain = causes.iter().map(|cause| cause.message);
        let chain: String = chain.collect::<Vec<_>>().join("\n");
        assert_eq!(chain.matches(reason).count(), 1, "{animal}: {log}");

        let failed = lines
            .iter()
            .find(|line| line.message.starts_with("Failed step "));
        let name = failed.unwrap_or_else(|| panic!("{animal}: {log}")).step;
        let step = step(&place, name);
        assert_eq!(step.status.to_string(), "failed");
        assert!(step.error.unwrap().contains(reason), "{animal}");
        assert_eq!(step.causes.len(), causes.len(), "{animal}: {log}");
    }
}
