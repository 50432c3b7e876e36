//! The page of each kind of run in a real browser: it draws, searches, sorts, changes its theme, can
//! be used by keyboard, asks for nothing, and axe-core finds nothing serious.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, test, train};

use super::{
    browser::{Browser, missing},
    reported,
};

/// The source of axe-core, which tests/run installs.
pub fn axe() -> Option<String> {
    let installed = env::var("PROTEA_TEST_AXE").ok();
    let found = installed.and_then(|path| fs::read_to_string(path).ok());
    if found.is_none() {
        missing("axe-core", "tests/run installs it and sets PROTEA_TEST_AXE");
    }
    found
}

/// What axe-core finds in the page that is serious or worse, and landmarks with the same name.
pub fn serious(browser: &mut Browser, axe: &str) -> serde_json::Value {
    browser.value(&format!("{axe}; 1"));
    browser.value(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then((r) => \
         r.violations.filter((v) => ['serious', 'critical'].includes(v.impact) || v.id === 'landmark-unique').map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))]))",
    )
}

/// A workspace with a run, a benchmark, a cross-validation and a search on the example data.
fn pages(place: &Place) -> Vec<(&'static str, PathBuf)> {
    let (train, test) = (train(), test());
    let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
    let data = ["--train", train, "--eval", test];
    let commands: [(&str, Vec<&str>); 4] = [
        ("run", [&["run", "knn", "--no-export"][..], &data].concat()),
        (
            "benchmark",
            [
                &[
                    "benchmark",
                    "--runners",
                    "naive,knn,knn@k1",
                    "--set",
                    "knn@k1.k=1",
                ][..],
                &["--bootstrap", "100"],
                &data,
            ]
            .concat(),
        ),
        ("cv", vec!["cv", "knn", "--data", test, "--folds", "2"]),
        (
            "search",
            [
                &[
                    "search",
                    "knn",
                    "--grid",
                    "k=1,3,5",
                    "--grid",
                    "metric=cosine,l2",
                    "--metric",
                    "MFO.fmax",
                ][..],
                &data,
            ]
            .concat(),
        ),
    ];
    commands
        .into_iter()
        .map(|(name, arguments)| {
            let ran = place.protea(arguments.iter().chain(&["--json"]));
            assert_eq!(ran.code, Some(0), "{name}: {ran:#?}");
            (name, reported(place, "latest", name))
        })
        .collect()
}

fn check_page(browser: &mut Browser, name: &str, page: &Path, axe: Option<&str>) {
    browser.open(page, 1400);
    assert_eq!(
        browser.value("'ready' in document.documentElement.dataset"),
        true,
        "{name}"
    );
    let empty = "[...document.querySelectorAll('svg.chart')].filter((c) => !c.querySelector('path,circle,rect') || c.getBoundingClientRect().width < 100).map((c) => c.id)";
    assert_eq!(
        browser.value(empty),
        serde_json::json!([]),
        "{name}: charts without content"
    );
    assert!(
        browser
            .value("document.querySelectorAll('svg.chart').length")
            .as_u64()
            .unwrap()
            > 0
    );
    let duplicates = "(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.filter((id, at) => ids.indexOf(id) !== at); })()";
    assert_eq!(
        browser.value(duplicates),
        serde_json::json!([]),
        "{name}: ids"
    );
    // What scrolls, and so must be reachable by keyboard, depends on the width.
    for width in [400, 800, 1400, 1600] {
        browser.open(page, width);
        let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
        assert!(
            overflow.as_i64().unwrap() <= 0,
            "{name} is {overflow} px too wide at {width}"
        );
        let Some(axe) = axe.filter(|_| width < 1600) else {
            continue;
        };
        for theme in ["light", "dark"] {
            browser.prefer(theme);
            let found = serious(browser, axe);
            assert_eq!(found, serde_json::json!([]), "{name}, {width}, {theme}");
        }
    }
    // Tables of the page have room for all columns on a usual screen.
    browser.open(page, 1400);
    let cut = "[...document.querySelectorAll('#steps-table .scroll, #benchmark-table .scroll')].filter((b) => b.scrollWidth > b.clientWidth).map((b) => [b.scrollWidth, b.clientWidth])";
    assert_eq!(
        browser.value(cut),
        serde_json::json!([]),
        "{name}: cut tables"
    );
    browser.assert_quiet(page);
}

/// What the page of a run does.
fn check_use(browser: &mut Browser, page: &Path) {
    browser.open(page, 1400);
    // Search.
    let search = "(() => { const box = document.querySelector('#terms-table'); const input = box.querySelector('input'); input.value = 'catalytic activity'; input.dispatchEvent(new Event('input')); return [box.querySelectorAll('tbody tr').length, [...box.querySelectorAll('tbody tr')].every((r) => r.textContent.includes('catalytic activity'))]; })()";
    let found = browser.value(search);
    assert!(
        found[0].as_u64().unwrap() >= 1 && found[1] == true,
        "{found}"
    );
    // Sort, by keyboard.
    browser.value("document.querySelector('#proteins-table thead th:nth-child(8) button').focus()");
    let column = "[...document.querySelectorAll('#proteins-table tbody tr td:nth-child(8)')].map((c) => Number(c.textContent))";
    browser.value("document.activeElement.click()");
    let sorted = browser.value(column);
    let values: Vec<f64> = sorted
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect();
    assert!(
        values.len() > 5 && values.is_sorted_by(|a, b| a >= b),
        "{values:?}"
    );
    let direction =
        "document.querySelector('#proteins-table thead th:nth-child(8)').getAttribute('aria-sort')";
    assert_eq!(browser.value(direction), "descending");
    // Theme.
    let colour = "getComputedStyle(document.body).backgroundColor";
    browser.prefer("light");
    let light = browser.value(colour);
    browser.prefer("dark");
    let dark = browser.value(colour);
    assert_ne!(light, dark);
    browser.value("document.getElementById('theme').click()");
    assert_eq!(
        browser.value(colour),
        light,
        "the button overrides the system"
    );
    browser.value("document.getElementById('theme').click()");
    assert_eq!(browser.value(colour), dark);
    // The points of a chart, by keyboard.
    browser.value("document.querySelector('#precision-recall svg.chart').focus()");
    browser.press("ArrowRight");
    let readout = browser.value("document.querySelector('#precision-recall .readout').textContent");
    let readout = readout.as_str().unwrap();
    for part in ["method knn", "τ 0.0", "precision 0.", "recall "] {
        assert!(readout.contains(part), "{readout}");
    }
    // Saving, without a request.
    browser.value("document.querySelector('#precision-recall [data-save=tsv]').click()");
    browser.value("document.querySelector('#precision-recall [data-save=svg]').click()");
    browser.assert_quiet(page);
}

#[test]
fn pages_work_in_a_browser() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let axe = axe();
    let place = Place::new();
    let pages = pages(&place);
    for (name, page) in &pages {
        check_page(&mut browser, name, page, axe.as_deref());
    }
    check_use(&mut browser, &pages[0].1);
}
