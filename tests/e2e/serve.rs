//! `protea serve`: the page of a workspace in a browser, hostile runs, broken event logs, runs that are
//! followed, killed and started again, and what the server refuses.

mod hostile;
mod live;
mod page;
mod refused;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use protea_e2e::{Place, built};
use serde_json::{Value, json};

/// A server that ends with its owner.
struct Served {
    child: Child,
    port: u16,
    url: String,
}

impl Served {
    /// Serves the workspace `protea-workspace` of a place.
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(&built().join("protea"));
        command
            .args(["serve", "--port", "0", "--json"])
            .args(arguments)
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).unwrap();
        let url = started["url"].as_str().unwrap().to_owned();
        let port = url.split(':').nth(2).unwrap().split('/').next().unwrap();
        Self {
            child,
            port: port.parse().unwrap(),
            url,
        }
    }

    /// The address of a path.
    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a head as it is, and gives the whole answer.
    fn send(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks for a path with more headers, each with its line break.
    fn get(&self, path: &str, headers: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{headers}\r\n",
            self.port
        ))
    }

    /// The JSON of a path.
    fn json(&self, path: &str) -> Value {
        let answer = self.get(path, "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the manifest of an invented run, with these fields in place of the usual, and gives its
/// directory.
fn invented(place: &Place, number: usize, fields: &Value) -> PathBuf {
    let id = format!(
        "20261121T10{:02}{:02}Z-knn-{number:06x}",
        number / 60 % 60,
        number % 60
    );
    let job = format!("{number:032x}");
    let pipeline = fields["pipeline"].as_str().unwrap_or("experiment");
    let workspace = place.join("protea-workspace");
    let directory = workspace.join(format!("workspace/{job}/artifacts/{pipeline}/{id}"));
    fs::create_dir_all(directory.join("logs")).unwrap();
    fs::create_dir_all(workspace.join(format!("workspace/{job}/tracker_log/{id}"))).unwrap();
    fs::create_dir_all(workspace.join(".signac")).unwrap();
    let sha256 = "67460ebba53c577e2441c39b6ce7d360458e2a0404628a515faaca074ff3f49f";
    let started = format!("2026-11-21T10:{:02}:{:02}Z", number / 60 % 60, number % 60);
    let mut manifest = json!({
        "run_id": id, "job_id": job, "pipeline": pipeline, "name": format!("run-{number}"),
        "status": "finished", "isolation": "worker", "spec": { "k": number % 30 }, "seed": 0,
        "threads": 1,
        "runner": {
            "name": "knn", "version": "1.0.0", "contract_version": "1.0.0",
            "path": "/runners/libknn.so", "sha256": sha256
        },
        "datasets": { "eval": { "name": "t", "uri": "file:///nowhere/t", "sha256": sha256 } },
        "host": { "protea": "1.0.0", "platform": "linux-x86_64", "cores": 2 },
        "started": started, "finished": "2026-11-21T12:00:00Z", "steps": [],
        "model_uri": null, "metrics": { "MFO": { "fmax": (number % 997) as f64 / 1000.0 } },
        "artifacts": { "directory": directory }, "error": null,
    });
    for (name, value) in fields.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    let written = directory.join("written");
    fs::write(&written, manifest.to_string()).unwrap();
    fs::rename(written, directory.join("run_manifest.json")).unwrap();
    directory
}

/// The event log of an invented run.
fn event_log(run: &std::path::Path) -> PathBuf {
    let job = run.ancestors().nth(3).unwrap();
    job.join("tracker_log")
        .join(run.file_name().unwrap())
        .join("events.jsonl")
}

fn id_of(run: &std::path::Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Ends a process without giving it a chance to clean up.
fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A command of the place.
fn protea(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(&built().join("protea"));
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
