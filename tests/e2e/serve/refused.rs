//! What the server refuses, and that it changes nothing.

use std::{collections::BTreeMap, fs, io::Read, net::TcpStream, path::Path, time::SystemTime};

use protea_e2e::Place;
use serde_json::json;

use super::{Served, id_of, invented};

#[test]
fn foreign_hosts_methods_and_paths_are_refused() {
    let place = Place::new();
    let run = invented(&place, 1, &json!({}));
    let secret = place.write("secret.txt", "secret");
    let served = Served::start(&place, &[]);
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "",
    ] {
        let answer = served.send(&format!("GET /api/runs HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
        assert!(!answer.contains("run-1"));
    }
    let none = served.send("GET /api/runs HTTP/1.1\r\n\r\n");
    assert!(none.starts_with("HTTP/1.1 403"), "{none}");
    for site in ["cross-site", "same-site", "Cross-Site"] {
        let cross = format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: no-cors\r\n");
        assert!(
            served.get("/api/runs", &cross).starts_with("HTTP/1.1 403"),
            "{site}"
        );
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let head = format!("{method} /api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(served.send(&head).starts_with("HTTP/1.1 405"), "{method}");
    }
    let id = id_of(&run);
    let up = "../".repeat(8);
    let absolute = secret.to_str().unwrap();
    for path in [
        format!("/{up}etc/passwd"),
        format!("/assets/{up}etc/passwd"),
        format!("/assets/..%2f..%2f{absolute}"),
        format!("/report/{id}/../../../../secret.txt"),
        "/report/..%2f..%2f..%2fsecret.txt".to_owned(),
        format!("/report/{}", absolute.replace('/', "%2F")),
        format!("/api/run/{}%2f..%2f{id}", "..%2f".repeat(3)),
        format!("/run/{id}%00"),
        "//evil.example/%2e%2e".to_owned(),
    ] {
        let answer = served.get(&path, "");
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("secret") && !answer.contains("root:"));
    }
    for head in [
        "nonsense\r\n\r\n",
        "GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        assert!(served.send(head).starts_with("HTTP/1.1 400"), "{head}");
    }
    let large = format!("X: {}\r\n", "a".repeat(20_000));
    assert!(served.get("/", &large).starts_with("HTTP/1.1 431"));
    let page = served.get("/", "");
    for header in [
        "Content-Security-Policy: default-src 'none'; script-src 'self'",
        "nosniff",
    ] {
        assert!(page.contains(header), "{page}");
    }
    let head = served.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"));
}

#[test]
fn other_machines_need_a_token() {
    let place = Place::new();
    invented(&place, 1, &json!({}));
    let served = Served::start(&place, &["--address", "0.0.0.0", "--host-name", "box.lab"]);
    let token = served.url.split("token=").nth(1).unwrap();
    assert_eq!(token.len(), 32);
    for headers in [
        "",
        "Authorization: Bearer 0\r\n",
        "Cookie: protea-token=\r\n",
    ] {
        let answer = served.get("/api/runs", headers);
        assert!(
            answer.starts_with("HTTP/1.1 401") && !answer.contains("run-1"),
            "{answer}"
        );
    }
    for headers in [
        format!("Authorization: Bearer {token}\r\n"),
        format!("Cookie: other=1; protea-token={token}\r\n"),
    ] {
        assert!(
            served
                .get("/api/runs", &headers)
                .starts_with("HTTP/1.1 200")
        );
    }
    let entered = served.get(&format!("//evil.example?token={token}"), "");
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    assert!(entered.contains("Location: /evil.example\r\n"), "{entered}");
    assert!(entered.contains("HttpOnly; SameSite=Strict"));
    let by_name = served.send(&format!(
        "GET / HTTP/1.1\r\nHost: box.lab\r\nAuthorization: Bearer {token}\r\n\r\n"
    ));
    assert!(by_name.starts_with("HTTP/1.1 200"));
}

/// Every file below a directory with its content and time.
fn files(directory: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let modified = path.metadata().unwrap().modified().unwrap();
            let content = fs::read(&path).unwrap();
            found.insert(path.display().to_string(), (content, modified));
        }
    }
    found
}

#[test]
fn the_workspace_stays_as_it_is_and_few_clients_are_enough() {
    let place = Place::new();
    let run = invented(&place, 1, &json!({ "status": "running", "finished": null }));
    invented(&place, 2, &json!({ "pipeline": "search", "runner": null }));
    let broken = invented(&place, 3, &json!({}));
    fs::write(broken.join("run_manifest.json"), "{\"run_id\": ").unwrap();
    let workspace = place.join("protea-workspace");
    let before = files(&workspace);
    let served = Served::start(&place, &[]);
    let list = served.json("/api/runs");
    assert_eq!((&list["all"], &list["unreadable"]), (&json!(2), &json!(1)));
    let id = id_of(&run);
    for path in ["/api/run/{id}", "/report/{id}", "/run/{id}"] {
        let answer = served.get(&path.replace("{id}", &id), "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    assert_eq!(files(&workspace), before);
    // Connections beyond the most are closed; when others end, there is room again.
    let idle: Vec<TcpStream> = (0..80)
        .map(|_| TcpStream::connect(("127.0.0.1", served.port)).unwrap())
        .collect();
    let mut last = idle.last().unwrap();
    assert_eq!(last.read(&mut [0; 8]).unwrap_or(0), 0);
    drop(idle);
    while !served.get("/", "").starts_with("HTTP/1.1 200") {
        std::thread::yield_now();
    }
}
