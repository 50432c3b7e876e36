//! `protea report`: the numbers of the page are those of the run, and the page works in a browser.

mod browser;
mod hostile;
mod pages;

pub use browser::Browser;
pub use pages::{axe, serious};

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, test, train};
use serde_json::Value;

/// Makes the report of a run, with its tables in `<name>-tables`, and gives the page.
fn reported(place: &Place, run: &str, name: &str) -> PathBuf {
    let (page, tables) = (format!("{name}.html"), format!("{name}-tables"));
    let bootstrap = ["--bootstrap", "100", "--seed", "5"];
    let arguments = [
        "report", run, "--force", "--output", &page, "--tables", &tables,
    ];
    let made = place.protea([&arguments[..], &bootstrap].concat());
    assert_eq!(made.code, Some(0), "{made:#?}");
    let page = place.join(page);
    assert!(fs::metadata(&page).unwrap().len() < 3 << 20);
    page
}

/// The rows of a table as maps from column to cell.
pub fn rows(path: PathBuf) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines
        .map(|cells| header.iter().cloned().zip(cells).collect())
        .collect()
}

pub fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

fn data() -> [String; 4] {
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    [
        "--train".to_owned(),
        path(train()),
        "--eval".to_owned(),
        path(test()),
    ]
}

pub fn run(place: &Place, arguments: &[&str]) -> Value {
    let data = data();
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    place
        .protea([arguments, &data, &["--json"]].concat())
        .json()
}

#[test]
fn numbers_equal_the_tables_of_the_run() {
    let place = Place::new();
    let knn = run(&place, &["run", "knn", "--no-export"]);
    let page = reported(&place, knn["run_id"].as_str().unwrap(), "knn");
    let tables = place.join("knn-tables");
    let metrics = &knn["metrics"];
    for row in rows(tables.join("metrics.tsv")) {
        for (name, value) in metrics[&row["group"]].as_object().unwrap() {
            assert_eq!(number(&row, name), value.as_f64().unwrap(), "{name}");
        }
    }
    for row in rows(tables.join("fmax-table.tsv")) {
        let recorded = metrics[&row["aspect"]]["fmax"].as_f64().unwrap();
        assert!((number(&row, "Fmax") - recorded).abs() < 1e-12);
        assert!(number(&row, "low") <= recorded && recorded <= number(&row, "high"));
    }
    // Every point of the curves.
    let names = BTreeMap::from([
        ("molecular_function", "MFO"),
        ("biological_process", "BPO"),
        ("cellular_component", "CCO"),
    ]);
    let predictions = PathBuf::from(knn["artifacts"]["predictions"].as_str().unwrap());
    let written = rows(predictions.join("evaluation_all.tsv"));
    let compare = |table: &str, columns: &[(&str, &str)]| {
        let drawn = rows(tables.join(table));
        let drawn: Vec<_> = drawn
            .iter()
            .filter(|row| row.get("method").is_none_or(|method| method == "knn"))
            .collect();
        assert_eq!(drawn.len(), written.len());
        for expected in &written {
            let aspect = names[&*expected["ns"]];
            let is_same = |row: &&&BTreeMap<String, String>| {
                row["aspect"] == aspect && (number(row, "τ") - number(expected, "tau")).abs() < 1e-9
            };
            let row = drawn.iter().find(is_same).unwrap();
            for (own, other) in columns {
                let (own, other) = (number(row, own), number(expected, other));
                assert!(
                    (own - other).abs() <= 0.000_500_1,
                    "{table}: {own} and {other}"
                );
            }
        }
    };
    compare(
        "precision-recall.tsv",
        &[("precision", "pr"), ("recall", "rc"), ("F", "f")],
    );
    compare(
        "sweep.tsv",
        &[
            ("precision", "pr"),
            ("recall", "rc"),
            ("F", "f"),
            ("coverage", "cov"),
        ],
    );
    let weighted = [
        ("remaining uncertainty", "ru_w"),
        ("misinformation", "mi_w"),
        ("S", "s_w"),
    ];
    compare("uncertainty-misinformation.tsv", &weighted);
    // naive is that of the runner.
    let naive = run(
        &place,
        &["run", "baseline", "--set", "method=naive", "--no-export"],
    );
    for row in rows(tables.join("fmax-table.tsv")) {
        let recorded = naive["metrics"][&row["aspect"]]["fmax"].as_f64().unwrap();
        assert!((number(&row, "naive") - recorded).abs() < 1e-12, "{row:?}");
    }
    // The proteins add up to the point of Fmax.
    let proteins = rows(tables.join("proteins-table.tsv"));
    let mut found = 0;
    for expected in rows(predictions.join("evaluation_best_f.tsv")) {
        let aspect = names[&*expected["ns"]];
        let own: Vec<_> = proteins
            .iter()
            .filter(|row| row["aspect"] == aspect)
            .collect();
        let recall = own.iter().map(|row| number(row, "recall")).sum::<f64>() / own.len() as f64;
        assert!((recall - number(&expected, "rc")).abs() <= 0.000_500_1);
        found += 1;
    }
    assert_eq!(found, 3);
    let html = fs::read_to_string(page).unwrap();
    let fmax = metrics["MFO"]["fmax"].as_f64().unwrap();
    assert!(html.contains(&format!(">{fmax:.3}</td>")));
    assert!(html.contains("protea run knn --train"));
}

#[test]
fn intervals_equal_those_of_a_benchmark() {
    let place = Place::new();
    let options = [
        "--runners",
        "naive,knn",
        "--bootstrap",
        "100",
        "--seed",
        "5",
    ];
    let found = run(&place, &[&["benchmark"][..], &options].concat());
    let table = found["tables"].as_array().unwrap().iter();
    let table = table
        .map(|path| path.as_str().unwrap())
        .find(|path| path.ends_with(".tsv"));
    let benchmark = rows(table.unwrap().into());
    reported(&place, found["run_id"].as_str().unwrap(), "benchmark");
    for (row, expected) in rows(place.join("benchmark-tables/benchmark-table.tsv"))
        .iter()
        .zip(&benchmark)
    {
        assert_eq!(row["contender"], expected["runner"]);
        for (own, other) in [
            ("Fmax", "fmax"),
            ("low", "fmax_low"),
            ("high", "fmax_high"),
            ("p", "p_value"),
        ] {
            assert_eq!(row[own], expected[other]);
        }
    }
    // The report of a contender's own run resamples the same proteins.
    reported(&place, found["runs"]["knn"].as_str().unwrap(), "knn");
    for row in rows(place.join("knn-tables/fmax-table.tsv")) {
        let of = |runner: &str| {
            let is_own = |other: &&BTreeMap<String, String>| {
                other["runner"] == runner && other["aspect"] == row["aspect"]
            };
            benchmark.iter().find(is_own).unwrap()
        };
        let (knn, naive) = (of("knn"), of("naive"));
        assert_eq!(
            (&row["low"], &row["high"]),
            (&knn["fmax_low"], &knn["fmax_high"])
        );
        if !naive["difference"].is_empty() {
            assert!((number(&row, "difference") + number(naive, "difference")).abs() < 1e-12);
            assert!((number(&row, "diff. low") + number(naive, "difference_high")).abs() < 1e-9);
            assert_eq!(row["p"], naive["p_value"]);
        }
    }
    // Wins and losses: the numbers of both add up to the proteins.
    for row in rows(place.join("benchmark-tables/wins-table.tsv")) {
        let all: f64 = ["wins", "ties", "losses"]
            .iter()
            .map(|name| number(&row, name))
            .sum();
        let own = benchmark
            .iter()
            .find(|other| other["aspect"] == row["aspect"])
            .unwrap();
        assert_eq!(all, number(own, "proteins"));
    }
}

#[test]
fn an_evaluation_is_compared_with_naive_of_its_model() {
    let place = Place::new();
    let data = data();
    let [train_option, train, eval_option, eval] = data.each_ref().map(String::as_str);
    let fitted = |runner: &str| {
        let command = ["fit", runner, train_option, train, "--json"];
        let fitted = place.protea(command).json();
        PathBuf::from(fitted["artifacts"]["directory"].as_str().unwrap()).join("model")
    };
    let evaluate = |runner: &str, model: &Path| {
        let command = [
            "evaluate",
            runner,
            "--model",
            model.to_str().unwrap(),
            eval_option,
            eval,
            "--json",
        ];
        place.protea(command).json()["run_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let run = evaluate("knn", &fitted("knn"));
    reported(&place, &run, "own");
    let has_naive = |name: &str| {
        let rows = rows(place.join(name));
        rows.iter().all(|row| !row["naive"].is_empty())
    };
    assert!(has_naive("own-tables/fmax-table.tsv"));
    assert!(place.join("own-tables/groups-similarity.tsv").is_file());

    // A model that is in no run and names no references: the training set is given.
    let model = fitted("toy");
    let copy = place.join("copy");
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(&model).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let run = evaluate("toy", &copy);
    let page = reported(&place, &run, "copied");
    assert!(!has_naive("copied-tables/fmax-table.tsv"));
    assert!(
        fs::read_to_string(page)
            .unwrap()
            .contains("Give the training set")
    );
    let report = [
        "report",
        &run,
        "-o",
        "given.html",
        "--tables",
        "given",
        "--train",
        train,
    ];
    assert_eq!(
        place
            .protea([&report[..], &["--bootstrap", "0"]].concat())
            .code,
        Some(0)
    );
    assert!(has_naive("given/fmax-table.tsv"));
    let plot = ["plot", "pr", &run, "-o", "pr.svg", "--train", train];
    assert_eq!(place.protea(plot).code, Some(0));
    let drawn = rows(place.join("pr.tsv"));
    assert!(drawn.iter().any(|row| row["method"] == "naive"));
}

#[test]
fn groups_of_runs_have_the_command_that_repeats_them() {
    let place = Place::new();
    let eval = data()[3].clone();
    let search = ["search", "knn", "--grid", "k=1,3", "--set", "vote=max"];
    let search = run(&place, &[&search[..], &["--metric", "MFO.smin"]].concat());
    let cv = [
        "cv", "knn", "--data", &eval, "--folds", "2", "--set", "k=3", "--json",
    ];
    let cv = place.protea(cv).json();
    let benchmark = [
        "benchmark",
        "--runners",
        "naive,knn@k1",
        "--set",
        "knn@k1.k=1",
    ];
    let benchmark = run(&place, &[&benchmark[..], &["--bootstrap", "100"]].concat());
    let repeated = |found: &Value| {
        let id = found["run_id"].as_str().unwrap();
        let page = fs::read_to_string(reported(&place, id, "group")).unwrap();
        let begin = page.find("<pre>protea ").unwrap() + "<pre>protea ".len();
        let command = page[begin..].split("</pre>").next().unwrap();
        let command = command.replace("&#39;", "'").replace("&quot;", "\"");
        // `run --from` does the same, and compares the scores.
        let again = place.protea(["run", "--from", id, "--json"]).json();
        assert_eq!(again["same"], true, "{again}");
        assert_eq!(again["repeats"], id);
        assert_ne!(again["run_id"], id);
        assert!(again["taken_over"].as_u64().unwrap_or(0) == 0, "{again}");
        // Between quotation marks, a word has no blank here.
        let words = command.split(' ').map(|word| word.trim_matches('\''));
        place.protea(words.chain(["--json"])).json()
    };
    let scores = |found: &Value| {
        let trials = found["trials"].as_array().unwrap().iter();
        trials
            .map(|trial| trial["score"].clone())
            .collect::<Vec<_>>()
    };
    let again = repeated(&search);
    assert_eq!(scores(&again), scores(&search));
    assert_eq!(again["taken_over"], 2);
    assert_eq!(again["best"]["params"], search["best"]["params"]);
    let again = repeated(&cv);
    assert_eq!(again["metrics"], cv["metrics"]);
    let again = repeated(&benchmark);
    assert!(again["differences"].is_array(), "{again}");
    assert_eq!(again["differences"], benchmark["differences"]);
}
