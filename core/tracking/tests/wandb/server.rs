//! A server of W&B that the tests start, and the official client.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use protea_tracking::SyncOptions;
use serde_json::Value;

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";

/// The Python interpreter. Without one the test is skipped with a message, or fails in CI.
pub fn interpreter() -> Option<PathBuf> {
    let found = env::var_os(INTERPRETER).filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with wandb"
        );
        eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has wandb ***\n");
    }
    found.map(PathBuf::from)
}

/// The official client in the environment of an interpreter.
pub fn client(python: &Path) -> PathBuf {
    python.with_file_name("wandb")
}

pub struct Server {
    child: Child,
    port: u16,
    state: PathBuf,
}

impl Server {
    pub fn start(python: &Path, directory: &Path, arguments: &[&str]) -> Self {
        let state = directory.join("server.json");
        let mut child = Command::new(python)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/wandb/server.py"
            ))
            .arg(&state)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            child,
            port: port.trim().parse().unwrap(),
            state,
        }
    }

    /// What the server has received.
    pub fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.state).unwrap()).unwrap()
    }

    /// The rows of the history, in order.
    pub fn history(&self) -> Vec<Value> {
        let state = self.state();
        let rows = state["history"].as_object().unwrap();
        (0..rows.len())
            .map(|at| rows[&at.to_string()].clone())
            .collect()
    }

    /// Options to upload to this server. The time limit is not reached on a busy machine.
    pub fn options(&self, python: &Path) -> SyncOptions {
        let environment = [
            ("WANDB_BASE_URL", format!("http://127.0.0.1:{}", self.port)),
            ("WANDB_API_KEY", "0".repeat(40)),
            ("WANDB_ERROR_REPORTING", "false".to_owned()),
        ];
        SyncOptions {
            program: Some(client(python)),
            timeout: Duration::from_secs(1800),
            quiet: Duration::ZERO,
            environment: environment
                .into_iter()
                .map(|(name, value)| (OsString::from(name), OsString::from(value)))
                .collect(),
            ..SyncOptions::default()
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
