//! The pages in a browser: filters, order, tree, comparison, theme, keyboard; axe-core finds nothing
//! serious.

use protea_e2e::Place;
use serde_json::{Value, json};

use super::{Served, event_log, id_of, invented};
use crate::report::{Browser, axe, serious};

const ROWS: &str =
    "[...document.querySelectorAll('#rows tr')].map((row) => row.querySelector('a').textContent)";

fn rows(browser: &mut Browser) -> Vec<String> {
    let rows = browser.value(ROWS);
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row.as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_work_in_a_browser() {
    let place = Place::new();
    let parent = invented(
        &place,
        1,
        &json!({ "pipeline": "search", "name": "knn/search", "metrics": { "best.MFO.fmax": 0.9 },
            "spec": { "search": { "metric": "MFO.fmax" } } }),
    );
    for number in 2..5 {
        invented(
            &place,
            number,
            &json!({ "parent": id_of(&parent), "name": format!("knn/search/trial-{number}"),
                "metrics": { "MFO": { "fmax": 0.1 * number as f64 } } }),
        );
    }
    invented(
        &place,
        5,
        &json!({ "name": "best", "metrics": { "MFO": { "fmax": 0.8, "smin": 9.0 } } }),
    );
    invented(
        &place,
        6,
        &json!({ "name": "bad", "status": "failed", "error": "no memory", "metrics": {} }),
    );
    let running = invented(
        &place,
        7,
        &json!({ "name": "now", "status": "running", "finished": null, "metrics": {} }),
    );
    let events: String = (0..40)
        .map(|step| format!("{{\"seq\":{step},\"time\":\"2026-11-21T10:00:00Z\",\"event\":\"log\",\"step\":{step},\"metrics\":{{\"loss\":{}}}}}\n", 1.0 / f64::from(step + 1)))
        .collect();
    std::fs::write(event_log(&running), events).unwrap();
    let served = Served::start(&place, &[]);
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let axe = axe();
    let compared = format!("/compare?runs={},{}", id_of(&parent), id_of(&running));
    for path in [
        "/".to_owned(),
        format!("/run/{}", id_of(&running)),
        format!("/run/{}", id_of(&parent)),
        compared,
    ] {
        let url = served.at(&path);
        for width in [400, 1400] {
            browser.open_url(&url, width);
            browser.until("'ready' in (document.documentElement?.dataset ?? {})");
            let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
            assert!(
                overflow.as_i64().unwrap() <= 0,
                "{path} is {overflow} px too wide at {width}"
            );
            for theme in ["light", "dark"] {
                browser.prefer(theme);
                if let Some(axe) = &axe {
                    let found = serious(&mut browser, axe);
                    assert_eq!(found, json!([]), "{path}, {width}, {theme}");
                }
            }
        }
        browser.assert_quiet_at(&served.at("/"));
    }
    // The first metric can be seen without scrolling, also on a small screen.
    for width in [400, 1400] {
        browser.open_url(&served.at("/"), width);
        browser.until("document.querySelectorAll('#rows tr').length === 4");
        let end = "document.querySelector('#heads th:nth-child(8)').getBoundingClientRect().right";
        let end = browser.value(end).as_f64().unwrap();
        assert!(
            end <= f64::from(width),
            "the metric ends at {end} of {width}"
        );
    }
    // An unknown run has a page with a way back.
    browser.open_url(&served.at("/run/nosuch"), 1400);
    browser.until("document.querySelector('main a')?.getAttribute('href') === '/'");
    browser.open_url(&served.at("/"), 1400);
    browser.until("document.querySelectorAll('#rows tr').length === 4");
    assert_eq!(rows(&mut browser), ["now", "bad", "best", "knn/search"]);
    // The card of what is running has a line for its metric.
    browser.until("document.querySelectorAll('#cards svg path').length === 1");
    // The tree, by keyboard.
    browser.value("document.querySelector('.twist').focus()");
    browser.press("Enter");
    browser.until("document.querySelectorAll('#rows tr').length === 7");
    assert_eq!(rows(&mut browser)[4], "knn/search/trial-2");
    assert_eq!(
        browser.value("document.activeElement.getAttribute('aria-expanded')"),
        "true"
    );
    // Order, by a metric; a search counts as its best trial.
    browser.value("document.querySelector('#heads [data-key=\"MFO.fmax\"]').click()");
    browser.until("document.querySelector('#rows tr a').textContent === 'best'");
    assert_eq!(
        browser.value("document.activeElement.closest('th').getAttribute('aria-sort')"),
        "descending"
    );
    // Search and filter.
    let search = |text: &str| {
        format!(
            "(() => {{ const q = document.getElementById('q'); q.value = '{text}'; q.dispatchEvent(new Event('input')); }})()"
        )
    };
    browser.value(&search("trial-3"));
    browser.until("document.querySelectorAll('#rows tr').length === 1");
    assert_eq!(rows(&mut browser), ["knn/search/trial-3"]);
    browser.value(&search(""));
    browser.value("(() => { const s = document.getElementById('status'); s.value = 'failed'; s.dispatchEvent(new Event('change')); })()");
    browser.until("document.querySelector('#rows tr a')?.textContent === 'bad'");
    assert_eq!(rows(&mut browser), ["bad"]);
    assert!(
        browser
            .value("location.search")
            .as_str()
            .unwrap()
            .contains("status=failed")
    );
    // Columns.
    browser.open_url(&served.at("/?metrics=MFO.smin"), 1400);
    browser.until("document.querySelectorAll('#rows tr').length === 4");
    let heads: Value = browser
        .value("[...document.querySelectorAll('#heads th')].slice(7).map((h) => h.textContent)");
    assert_eq!(heads, json!(["MFO.smin"]));
    // Comparison.
    browser.value(
        "[...document.querySelectorAll('#rows input')].slice(1, 3).forEach((box) => box.click())",
    );
    browser.value("document.getElementById('compare').click()");
    browser.until(
        "location.pathname === '/compare' && 'ready' in (document.documentElement?.dataset ?? {})",
    );
    let differs = browser.value("document.getElementById('setting-rows').textContent");
    assert!(differs.as_str().unwrap().starts_with('k'), "{differs}");
    // Theme, kept from page to page.
    browser.prefer("light");
    let colour = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(colour);
    browser.value("document.getElementById('theme').click()");
    browser.value("document.getElementById('theme').click()");
    assert_ne!(browser.value(colour), light);
    browser.open_url(&served.at(&format!("/run/{}", id_of(&running))), 1400);
    assert_ne!(browser.value(colour), light);
    // The points of a chart, by keyboard.
    browser.until("document.querySelectorAll('#charts svg').length === 1");
    browser.value("document.querySelector('#charts svg').focus()");
    browser.press("End");
    let readout = browser.value("document.querySelector('#charts .readout').textContent");
    assert_eq!(readout, "step 39 · loss 0.0250");
    browser.assert_quiet_at(&served.at("/"));
}

#[test]
fn long_lists_are_answered_in_pages() {
    let place = Place::new();
    for number in 0..250 {
        invented(&place, number, &json!({}));
    }
    let served = Served::start(&place, &[]);
    let list = served.json("/api/runs?sort=MFO.fmax&offset=100&limit=50");
    assert_eq!((&list["total"], &list["all"]), (&json!(250), &json!(250)));
    let rows = list["runs"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["metrics"]), (50, &json!([0.149])));
    let found = served.json("/api/runs?q=K%3D29%20RUN-5&order=asc");
    let names: Vec<&str> = found["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["run-59"]);
    invented(&place, 250, &json!({}));
    while served.json("/api/runs")["all"] != 251 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
