//! Runs whose names, messages, settings and logs are attacks on the page, and runs that failed, have
//! not ended or are empty.

use std::fs;

use protea_e2e::Place;
use serde_json::{Value, json};

use super::{browser::Browser, reported};

const ATTACK: &str = "</script></title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u{1b}[2J\u{202e}\"'&<!--";
const RUN: &str = "20261121T100000Z-knn-00000a";

/// The manifest of an invented run, with these fields in place of the usual.
fn manifest(place: &Place, fields: &Value) {
    let directory = place
        .join("protea-workspace/workspace/58c65a6af75569eec233acc76a42ba59/artifacts/experiment")
        .join(RUN);
    fs::create_dir_all(directory.join("logs")).unwrap();
    fs::create_dir_all(place.join("protea-workspace/.signac")).unwrap();
    let sha256 = "67460ebba53c577e2441c39b6ce7d360458e2a0404628a515faaca074ff3f49f";
    let mut manifest = json!({
        "run_id": RUN, "job_id": "58c65a6af75569eec233acc76a42ba59", "pipeline": "experiment",
        "status": "finished", "isolation": "worker", "spec": { "k": 5 }, "seed": 0, "threads": 1,
        "runner": {
            "name": "knn", "version": "1.0.0", "contract_version": "1.0.0",
            "path": "/runners/libknn.so", "sha256": sha256
        },
        "datasets": { "eval": { "name": "t", "uri": "file:///nowhere/t", "sha256": sha256 } },
        "host": { "protea": "1.0.0", "platform": "linux-x86_64", "cores": 2 },
        "started": "2026-11-21T10:00:00Z", "finished": "2026-11-21T10:01:00Z", "steps": [],
        "model_uri": null, "metrics": {}, "artifacts": { "directory": directory }, "error": null,
    });
    for (name, value) in fields.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    fs::write(directory.join("run_manifest.json"), manifest.to_string()).unwrap();
    let log = format!("2026-11-21T10:00:00.000Z INFO  [experiment {RUN} -] {ATTACK}\n\u{7}\n");
    fs::write(directory.join("logs/run.log"), log).unwrap();
}

#[test]
fn hostile_text_is_shown_as_text() {
    let place = Place::new();
    let fields = json!({
        "name": ATTACK, "status": "failed", "error": ATTACK, "notes": ATTACK, "project": ATTACK,
        "tags": { ATTACK: ATTACK }, "spec": { ATTACK: ATTACK },
        "metrics": { ATTACK: { ATTACK: 0.5 } },
        "steps": [{ "name": ATTACK, "status": "failed", "seconds": 1.5, "note": ATTACK,
            "extras": { "reliability": { ATTACK: { "bins": [{ "from": 0.0, "to": 0.1,
                "predictions": 1, "mean_score": 0.05, "true_fraction": 0.5 }] } } } }],
    });
    manifest(&place, &fields);
    let page = reported(&place, RUN, "hostile");
    let html = fs::read_to_string(&page).unwrap();
    assert!(!html.contains(['\u{1b}', '\u{202e}', '\u{7}']));
    // The script of the page and its blocks of data; nothing of the run begins or ends one.
    let scripts = html.matches("<script").count();
    assert_eq!(scripts, html.matches("</script>").count());
    let data = html
        .matches("<script type=\"application/json\" class=\"data\">")
        .count();
    assert_eq!(scripts, data + 1);
    assert!(!html.contains("<img"));
    assert!(html.contains("&lt;img src=x onerror="));
    let Some(mut browser) = Browser::start() else {
        return;
    };
    browser.open(&page, 1400);
    assert_eq!(
        browser.value("document.querySelectorAll('img,iframe,object').length"),
        0
    );
    let title = browser.value("document.title");
    assert!(
        title
            .as_str()
            .unwrap()
            .starts_with("</script></title><script>"),
        "{title}"
    );
    assert_eq!(
        browser.value("'ready' in document.documentElement.dataset"),
        true
    );
    browser.assert_quiet(&page);
}

#[test]
fn runs_without_scores_have_a_report() {
    let place = Place::new();
    manifest(
        &place,
        &json!({ "status": "failed", "error": "the runner crashed" }),
    );
    let text = fs::read_to_string(reported(&place, RUN, "failed")).unwrap();
    for part in [
        "the runner crashed",
        "status-failed",
        "has no scores",
        "INFO  [experiment",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let running = json!({
        "status": "running", "finished": null,
        "steps": [{ "name": "fit", "status": "running", "seconds": 0.5 }],
    });
    manifest(&place, &running);
    let text = fs::read_to_string(reported(&place, RUN, "running")).unwrap();
    assert!(text.contains("had not ended") || text.contains("status-killed"));
    for pipeline in [
        "search",
        "benchmark",
        "cross_validation",
        "group",
        "training",
        "unknown",
    ] {
        manifest(&place, &json!({ "pipeline": pipeline, "runner": null }));
        let text = fs::read_to_string(reported(&place, RUN, pipeline)).unwrap();
        assert!(text.ends_with("</html>\n"), "{pipeline}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let place = Place::new();
    let predictions = place.join("predictions");
    fs::create_dir_all(&predictions).unwrap();
    fs::write(predictions.join("predictions.tsv"), "P1\tGO:0003674\t0.5\n").unwrap();
    let header = "filename\tns\ttau\tn\tpr\trc\tcov\tmi\tru\tf\ts\n";
    let row = "p\tmolecular_function\t0.010\t1\t0.5\t0.25\t1.0\t2\t3\t0.333\t3.6\n";
    fs::write(
        predictions.join("evaluation_all.tsv"),
        [header, row, "cut"].concat(),
    )
    .unwrap();
    let artifacts = json!({ "directory": place.join("gone"), "predictions": predictions });
    manifest(&place, &json!({ "artifacts": artifacts }));
    let text = fs::read_to_string(reported(&place, RUN, "gone")).unwrap();
    assert!(text.contains("The dataset that the run was scored on cannot be used"));
    assert!(text.contains("The curves are those of evaluation_all.tsv"));
    let curve = fs::read_to_string(place.join("gone-tables/precision-recall.tsv")).unwrap();
    assert_eq!(
        curve.lines().nth(1),
        Some("knn\tMFO\t0.01\t0.25\t0.5\t0.333")
    );

    place
        .protea(["report", "nonesuch"])
        .fails_with(3, &["nonesuch"]);
}
