//! Runs whose names, messages, settings, metrics and logs are attacks, and event logs that are broken.

use std::fs;

use protea_e2e::Place;
use serde_json::json;

use super::{Served, event_log, id_of, invented};
use crate::report::Browser;

const ATTACK: &str = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u{1b}[2J\u{202e}\"'&<!--";

#[test]
fn hostile_text_is_shown_as_text() {
    let place = Place::new();
    let run = invented(
        &place,
        1,
        &json!({
            "name": ATTACK, "status": "failed", "error": ATTACK, "notes": ATTACK, "project": ATTACK,
            "tags": { ATTACK: ATTACK }, "spec": { ATTACK: ATTACK },
            "metrics": { ATTACK: { ATTACK: 0.5 } },
            "steps": [{ "name": ATTACK, "status": "failed", "seconds": 1.5, "note": ATTACK }],
        }),
    );
    invented(&place, 2, &json!({ "name": ATTACK }));
    let id = id_of(&run);
    let log = format!("2026-11-21T10:00:00.000Z INFO  [experiment {id} -] {ATTACK}\n\u{7}\n");
    fs::write(run.join("logs/run.log"), log).unwrap();
    let event = |seq: u64, metric: &str, value: &str| {
        format!(
            "{{\"seq\":{seq},\"time\":\"2026-11-21T10:00:00Z\",\"event\":\"log\",\"step\":{seq},\"metrics\":{{{metric}:{value}}}}}\n"
        )
    };
    let name = json!(ATTACK).to_string();
    let events = [
        event(0, &name, "0.5"),
        event(1, &name, "0.25"),
        event(2, &name, "\"NaN\""),
        "{\"seq\":3,\"time\":\n\u{0}\u{1b}]0;owned\u{7}\n".to_owned(),
        // Half a line: its process was killed while it wrote.
        event(4, &name, "0.125")[..40].to_owned(),
    ];
    fs::write(event_log(&run), events.concat()).unwrap();
    let served = Served::start(&place, &[]);
    let answers = [
        served.get("/api/runs", ""),
        served.get(&format!("/api/run/{id}"), ""),
        served.get(&format!("/api/run/{id}/live"), ""),
    ];
    for answer in &answers {
        assert!(
            !answer.contains(['\u{1b}', '\u{202e}', '\u{7}']),
            "{answer}"
        );
    }
    assert!(answers[2].contains("2 lines of the event log are not events"));
    assert!(
        answers[2].contains("[[0.0,0.5],[1.0,0.25],[2.0,null]]"),
        "{}",
        answers[2]
    );
    assert!(answers[2].ends_with("event: end\ndata: null\n\n"));
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let other = id.replace("000001", "000002").replace("T100001", "T100002");
    for path in [
        "/".to_owned(),
        format!("/run/{id}"),
        format!("/compare?runs={id},{other}"),
        format!("/report/{id}"),
    ] {
        browser.open_url(&served.at(&path), 1400);
        browser.until("'ready' in (document.documentElement?.dataset ?? {})");
        if path.starts_with("/run/") {
            browser.until("document.querySelectorAll('#log-lines li').length === 2 && document.querySelectorAll('#charts svg').length === 1");
        }
        let images = "document.querySelectorAll('img,iframe,object,main script:not(.data)').length";
        assert_eq!(browser.value(images), 0, "{path}");
        let text = browser.value("document.body.textContent");
        assert!(
            text.as_str().unwrap().contains("<script>document.title="),
            "{path}"
        );
        assert_ne!(browser.value("document.title"), "owned", "{path}");
        browser.assert_quiet_at(&served.at("/"));
    }
}
