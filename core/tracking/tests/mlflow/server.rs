//! A real MLflow server that the tests start.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";
/// The password of the user `admin` on a server with authentication.
pub const PASSWORD: &str = "a:long-p@ssword-1";

/// The Python interpreter. Without one the test is skipped with a message, or fails in CI.
pub fn python() -> Option<String> {
    let found = env::var(INTERPRETER).ok().filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with mlflow"
        );
        eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has mlflow ***\n");
    }
    found
}

/// A server. It ends when this is dropped or the process of the tests ends.
pub struct Server {
    pub uri: String,
    directory: PathBuf,
    supervisor: Child,
    // Closed before waiting for the supervisor, which ends at the end of its standard input.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// The server that the tests share; none without an interpreter.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<Server>> = LazyLock::new(|| Server::start(&[]));
        SHARED.as_ref()
    }

    /// A server for one test.
    pub fn start(more: &[&str]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let python = python()?;
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("mlflow-{}-{count}", std::process::id());
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        // In another process namespace, an earlier run of the tests had the same number.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let port = free_port();
        let mut supervisor = Command::new(python)
            .args(["-c", include_str!("serve.py")])
            .arg(&directory)
            .arg(port.to_string())
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Self {
            uri: format!("http://127.0.0.1:{port}"),
            directory,
            commands: supervisor.stdin.take(),
            answers: BufReader::new(supervisor.stdout.take().unwrap()),
            supervisor,
        };
        server.wait_until_up();
        Some(server)
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.command("stop");
    }

    /// Starts the server again with the same data.
    pub fn start_again(&mut self) {
        self.command("start");
        self.wait_until_up();
    }

    fn command(&mut self, command: &str) {
        let mut commands = self.commands.as_ref().unwrap();
        writeln!(commands, "{command}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }

    fn wait_until_up(&self) {
        // Only ends a test whose server would never start.
        let until = Instant::now() + Duration::from_secs(1800);
        while ureq::get(format!("{}/health", self.uri)).call().is_err() {
            assert!(
                Instant::now() < until,
                "the server does not start: {}",
                fs::read_to_string(self.directory.join("server.log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends a `POST` request to the REST API, which must succeed.
    pub fn post(&self, call: &str, body: &Value) -> Value {
        let response = ureq::post(format!("{}/api/2.0/mlflow/{call}", self.uri))
            .header("content-type", "application/json")
            .send(body.to_string());
        read(response.unwrap_or_else(|error| panic!("{call}: {error}")))
    }

    /// Sends a `GET` request with a query, which must succeed.
    pub fn get(&self, call: &str, query: &[(&str, &str)]) -> Value {
        let response = ureq::get(format!("{}/api/2.0/mlflow/{call}", self.uri))
            .query_pairs(query.iter().copied())
            .call();
        read(response.unwrap_or_else(|error| panic!("{call}: {error}")))
    }

    /// The run with this id of MLflow.
    pub fn run(&self, id: &str) -> Value {
        self.get("runs/get", &[("run_id", id)])["run"].clone()
    }

    /// The points of a metric: step, time, value.
    pub fn history(&self, id: &str, metric: &str) -> Vec<(u64, i64, f64)> {
        let mut points = Vec::new();
        let mut token = String::new();
        loop {
            let query = [
                ("run_id", id),
                ("metric_key", metric),
                ("max_results", "1000"),
                ("page_token", &token),
            ];
            let query = &query[..if token.is_empty() { 3 } else { 4 }];
            let page = self.get("metrics/get-history", query);
            for point in page["metrics"].as_array().into_iter().flatten() {
                let value = match &point["value"] {
                    Value::String(text) => text.parse().unwrap(),
                    value => value.as_f64().unwrap(),
                };
                // Some servers omit zeros.
                let step = point["step"].as_u64().unwrap_or(0);
                points.push((step, point["timestamp"].as_i64().unwrap(), value));
            }
            match page["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return points,
            }
        }
    }

    /// The run as MLflow's own client reads it, with its files below `directory`.
    pub fn as_the_client_reads_it(&self, id: &str, directory: &std::path::Path) -> Value {
        let output = Command::new(python().unwrap())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mlflow/read.py"))
            .args([&self.uri, id])
            .arg(directory)
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.supervisor.wait();
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Value {
    serde_json::from_slice(&response.body_mut().read_to_vec().unwrap()).unwrap()
}

/// A port on which nothing listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
