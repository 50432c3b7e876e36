//! A live page is followed while a search runs, is killed and is started again.

use protea_e2e::{Place, test, train};

use super::{Served, kill, protea};
use crate::report::Browser;

#[test]
fn a_search_is_followed_killed_and_started_again() {
    let place = Place::new();
    let (train, test) = (train(), test());
    let search = |k: &str| {
        let data = [
            "--train",
            train.to_str().unwrap(),
            "--eval",
            test.to_str().unwrap(),
        ];
        let own = ["search", "knn", "--grid", k, "--metric", "MFO.fmax"];
        protea(&place, &[&own[..], &data].concat())
    };
    // A workspace to serve.
    assert!(search("k=1").status().unwrap().success());
    let served = Served::start(&place, &[]);
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let many: Vec<String> = (2..200).map(|k| k.to_string()).collect();
    let many = format!("k={}", many.join(","));
    browser.open_url(&served.at("/"), 1400);
    browser.until("document.querySelectorAll('#rows tr').length === 1");
    let mut first = search(&many).spawn().unwrap();
    // It appears by itself, and its trials count up on its page.
    browser.until("document.querySelectorAll('#cards .card').length > 0 && document.querySelectorAll('#rows tr').length === 2");
    let href = browser.value("document.querySelector('#rows tr a').getAttribute('href')");
    let page = served.at(href.as_str().unwrap());
    browser.open_url(&page, 1400);
    browser.until("document.querySelectorAll('#child-rows tr .status-finished').length > 2 && document.querySelectorAll('#child-charts svg circle').length > 2");
    browser.until("document.querySelector('#live').textContent === 'Live'");
    kill(&mut first);
    browser.until("document.querySelector('#badge').textContent === 'killed'");
    let told = browser.value("document.getElementById('error').textContent");
    assert!(
        told.as_str().unwrap().contains("no end is recorded"),
        "{told}"
    );
    browser.open_url(&served.at("/"), 1400);
    browser.until("document.querySelectorAll('#rows .status-killed').length === 1");
    // Started again: another run, which also uses the trials of the first.
    let mut second = search(&many).spawn().unwrap();
    browser.until("document.querySelectorAll('#rows tr').length === 3 && document.querySelectorAll('#cards .card').length > 0");
    // Its card says how far it is and what it reused, and its page shows the reused trials too.
    browser.until("document.querySelector('#cards .done')?.textContent.includes(' reused · best')");
    let newest = browser.value("document.querySelector('#cards a').getAttribute('href')");
    browser.open_url(&served.at(newest.as_str().unwrap()), 1400);
    browser.until("document.querySelector('#facts')?.textContent.includes(' reused · best')");
    browser.until("[...document.querySelectorAll('#log-lines li')].some((l) => l.textContent.includes('reused best='))");
    browser.until("(() => { const dots = document.querySelectorAll('#child-charts svg circle').length; return dots > 3 && dots > document.querySelectorAll('#child-rows .status-finished').length; })()");
    browser.open_url(&served.at("/"), 1400);
    browser.until("document.querySelectorAll('#rows tr').length === 3");
    kill(&mut second);
    browser.until("document.querySelectorAll('#rows .status-killed').length === 2");
    browser.assert_quiet_at(&served.at("/"));
}
