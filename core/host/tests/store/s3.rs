//! A real S3-compatible server on loopback.

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

const INTERPRETER: &str = "PROTEA_TEST_PYTHON";
/// The secret that the tests sign with; it must never be seen again.
pub const SECRET: &str = "a-secret-that-nobody-may-see";
/// The id of the key that the tests sign with; neither.
pub const KEY: &str = "AKIANOBODYMAYSEETHIS";

/// Somebody; the server asks no further.
const SIGNED: &str = "AWS somebody:signed";

/// A server that lives as long as this, or as the process of the tests.
pub struct S3 {
    pub endpoint: String,
    port: u16,
    server: Option<Child>,
}

impl S3 {
    /// The server that the tests share; none where there is no interpreter.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<S3>> = LazyLock::new(S3::start);
        SHARED.as_ref()
    }

    /// A server of one's own. Without an interpreter the test says so; in CI that is a failure.
    pub fn start() -> Option<Self> {
        if env::var(INTERPRETER).is_ok_and(|path| !path.is_empty()) {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let mut server = Self {
                endpoint: format!("http://127.0.0.1:{port}"),
                port,
                server: None,
            };
            server.start_again();
            return Some(server);
        }
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "{INTERPRETER} must name a Python with moto"
        );
        eprintln!("\n*** SKIPPED: set {INTERPRETER} to a Python that has moto ***\n");
        None
    }

    /// Starts it again, with nothing in it.
    pub fn start_again(&mut self) {
        let mut server = Command::new(env::var(INTERPRETER).unwrap())
            .args(["-c", include_str!("serve.py")])
            .arg(self.port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut answer = String::new();
        let mut answers = BufReader::new(server.stdout.as_mut().unwrap());
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "up\n", "the server does not start");
        self.server = Some(server);
    }

    /// Kills it, as a machine that loses power would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Makes a bucket of one's own and gives its name.
    pub fn bucket(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("bucket-{}-{count}", std::process::id());
        self.make(&name);
        name
    }

    /// Makes a bucket of this name.
    pub fn make(&self, name: &str) {
        let made = ureq::put(format!("{}/{name}", self.endpoint))
            .header("authorization", SIGNED)
            .send_empty();
        made.unwrap();
    }

    /// Writes an object, past everything that guards it.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        ureq::put(format!("{}/{path}", self.endpoint))
            .header("authorization", SIGNED)
            .send(bytes)
            .unwrap();
    }

    /// Reads an object, if it is there.
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        let answer = ureq::get(format!("{}/{path}", self.endpoint))
            .header("authorization", SIGNED)
            .call();
        match answer {
            Ok(mut answer) => {
                let body = answer.body_mut().with_config().limit(1 << 30);
                Some(body.read_to_vec().unwrap())
            }
            Err(ureq::Error::StatusCode(404)) => None,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Removes an object.
    pub fn delete(&self, path: &str) {
        ureq::delete(format!("{}/{path}", self.endpoint))
            .header("authorization", SIGNED)
            .call()
            .unwrap();
    }

    /// What the server says of uploads that are neither complete nor aborted.
    pub fn uploads(&self, bucket: &str) -> usize {
        let text = self.get(&format!("{bucket}?uploads")).unwrap();
        String::from_utf8(text)
            .unwrap()
            .matches("<UploadId>")
            .count()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.kill();
    }
}
