//! `protea plot`: figures for papers have the numbers of the run, the size asked for, and no font.

use std::{fs, path::PathBuf};

use protea_e2e::Place;

use crate::report::{number, rows, run};

/// The size in an SVG, in millimetres.
fn size(svg: &str) -> [f64; 2] {
    ["width=\"", "height=\""].map(|name| {
        let rest = svg.split_once(name).unwrap().1;
        rest.split_once("mm\"").unwrap().0.parse().unwrap()
    })
}

#[test]
fn figures_have_the_numbers_of_the_run() {
    let place = Place::new();
    let knn = run(&place, &["run", "knn", "--no-export"]);
    let predictions = PathBuf::from(knn["artifacts"]["predictions"].as_str().unwrap());
    let written = rows(predictions.join("evaluation_all.tsv"));
    let hostile = ["--style", "nature", "--label", "<b>蛋\u{202e}"];
    let drawn = place.protea([&["plot", "pr", "latest", "-o", "pr.svg"][..], &hostile].concat());
    assert_eq!(drawn.code, Some(0), "{drawn:#?}");
    assert!(drawn.stderr.contains("not in the font"), "{drawn:#?}");
    let names = [
        ("molecular_function", "MFO"),
        ("biological_process", "BPO"),
        ("cellular_component", "CCO"),
    ];
    let own: Vec<_> = rows(place.join("pr.tsv"))
        .into_iter()
        .filter(|row| row["method"] != "naive")
        .collect();
    assert_eq!(own.len(), written.len());
    for expected in &written {
        let aspect = names
            .iter()
            .find(|(name, _)| *name == expected["ns"])
            .unwrap()
            .1;
        let row = own
            .iter()
            .find(|row| {
                row["aspect"] == aspect && (number(row, "τ") - number(expected, "tau")).abs() < 1e-9
            })
            .unwrap();
        for (column, other) in [("precision", "pr"), ("recall", "rc"), ("F", "f")] {
            assert!((number(row, column) - number(expected, other)).abs() <= 0.000_500_1);
        }
    }
    let svg = fs::read_to_string(place.join("pr.svg")).unwrap();
    assert_eq!(size(&svg)[0], 183.0);
    assert!(!svg.contains("<text") && !svg.contains("font") && !svg.contains("<b>"));
    assert!(!svg.contains('\u{202e}'));
    // The curves are drawn to scale: the one of naive in MFO ends where its data does.
    let dashed = svg
        .lines()
        .find(|line| line.contains("\"3 2\"") && line.matches('L').count() > 5);
    let points: Vec<[f64; 2]> = dashed
        .unwrap()
        .split('"')
        .nth(1)
        .unwrap()
        .split(['M', 'L'])
        .filter(|point| !point.is_empty())
        .map(|point| {
            let (x, y) = point.split_once(' ').unwrap();
            [x.parse().unwrap(), y.parse().unwrap()]
        })
        .collect();
    let data: Vec<[f64; 2]> = rows(place.join("pr.tsv"))
        .iter()
        .filter(|row| row["method"] == "naive" && row["aspect"] == "MFO")
        .map(|row| [number(row, "recall"), number(row, "precision")])
        .collect();
    assert_eq!(points.len(), data.len());
    for axis in [0, 1] {
        let (first, last) = (0, data.len() - 1);
        let scale =
            (points[last][axis] - points[first][axis]) / (data[last][axis] - data[first][axis]);
        for (point, value) in points.iter().zip(&data) {
            let expected = points[first][axis] + (value[axis] - data[first][axis]) * scale;
            assert!((point[axis] - expected).abs() < 0.01, "{point:?} {value:?}");
        }
    }

    let options = ["--width", "80", "--height", "90", "--label", "ours"];
    for name in ["x.svg", "x.pdf", "x.png"] {
        let drawn = place.protea([&["plot", "sweep", "latest", "-o", name][..], &options].concat());
        assert_eq!(drawn.code, Some(0), "{drawn:#?}");
    }
    let svg = fs::read_to_string(place.join("x.svg")).unwrap();
    assert_eq!(size(&svg), [80.0, 90.0]);
    let pdf = fs::read(place.join("x.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF"));
    assert!(
        String::from_utf8_lossy(&pdf).contains("/MediaBox [0 0 226.77"),
        "80 mm"
    );
    let png = fs::read(place.join("x.png")).unwrap();
    let pixels = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!([pixels(16), pixels(20)], [945, 1063], "300 dots per inch");
    let text = place.protea(["plot", "pr", "latest", "--terminal"]);
    assert!(
        text.stdout.contains("MFO (precision up, ◎ best)"),
        "{text:#?}"
    );
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 80));

    place
        .protea(["plot", "benchmark", "latest", "-o", "b.svg"])
        .fails_with(3, &["is not a benchmark"]);
    place
        .protea(["plot", "sweep", "latest", "latest", "-o", "b.svg"])
        .fails_with(2, &["2 are given"]);
    place
        .protea(["plot", "pr", "latest", "-o", "b.gif"])
        .fails_with(2, &[".svg, .pdf or .png"]);
    place
        .protea(["plot", "pr", "nonesuch", "-o", "b.svg"])
        .fails_with(3, &["nonesuch"]);
}

#[test]
fn groups_of_runs_have_figures() {
    let place = Place::new();
    let options = ["--runners", "naive,knn", "--bootstrap", "20"];
    let found = run(&place, &[&["benchmark"][..], &options].concat());
    let table = found["tables"].as_array().unwrap().iter();
    let table = table
        .map(|path| path.as_str().unwrap())
        .find(|path| path.ends_with(".tsv"));
    let benchmark = rows(table.unwrap().into());
    place
        .protea(["plot", "benchmark", "latest", "-o", "fmax.svg"])
        .succeeds();
    let drawn = rows(place.join("fmax.tsv"));
    assert_eq!(drawn.len(), benchmark.len());
    for row in &drawn {
        let is_same = |other: &&std::collections::BTreeMap<String, String>| {
            other["runner"] == row["contender"] && other["aspect"] == row["aspect"]
        };
        let expected = benchmark.iter().find(is_same).unwrap();
        for (own, other) in [("fmax", "fmax"), ("low", "fmax_low"), ("high", "fmax_high")] {
            assert_eq!(row[own], expected[other]);
        }
    }
    place
        .protea(["plot", "rumi", "latest", "-o", "rumi.svg"])
        .succeeds();
    let methods: std::collections::BTreeSet<String> = rows(place.join("rumi.tsv"))
        .into_iter()
        .map(|mut row| row.remove("method").unwrap())
        .collect();
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), ["knn", "naive"]);
    let search = run(
        &place,
        &["search", "knn", "--grid", "k=1,3,5", "--metric", "MFO.fmax"],
    );
    place
        .protea([
            "plot",
            "search",
            search["run_id"].as_str().unwrap(),
            "-o",
            "s.svg",
        ])
        .succeeds();
    let scores = rows(place.join("s.tsv"));
    let best = scores
        .iter()
        .map(|row| number(row, "score"))
        .fold(0.0, f64::max);
    assert_eq!(
        (scores.len(), number(scores.last().unwrap(), "best so far")),
        (3, best)
    );
    let parallel = ["plot", "parallel", search["run_id"].as_str().unwrap()];
    place
        .protea(parallel.into_iter().chain(["-o", "parallel.svg"]))
        .succeeds();
    let lines = rows(place.join("parallel.tsv"));
    let mut ks: Vec<&str> = lines.iter().map(|row| row["k"].as_str()).collect();
    ks.sort_unstable();
    assert_eq!(ks, ["1", "3", "5"]);
    let svg = fs::read_to_string(place.join("parallel.svg")).unwrap();
    assert_eq!(size(&svg)[0], 174.0);
    let shown = place.protea(parallel.into_iter().chain(["--terminal"]));
    assert!(shown.stdout.contains("● best"), "{shown:#?}");
    // Three trials are too few to say what matters.
    place
        .protea([
            "plot",
            "importance",
            search["run_id"].as_str().unwrap(),
            "-o",
            "i.svg",
        ])
        .fails_with(3, &["at least four trials"]);
    let more = [
        "search",
        "knn",
        "--grid",
        "k=1,3,5,9",
        "--metric",
        "MFO.fmax",
    ];
    let more = run(&place, &more);
    let importance = ["plot", "importance", more["run_id"].as_str().unwrap()];
    place
        .protea(importance.into_iter().chain(["-o", "i.svg"]))
        .succeeds();
    let settings = rows(place.join("i.tsv"));
    assert_eq!(settings[0]["setting"], "k");
}
