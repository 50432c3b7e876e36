//! A headless Chromium that is driven through a pipe by its DevTools protocol.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names of the program, the first that is there is used.
const PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// How long a page may take to show something, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The browser with one page.
pub struct Browser {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    number: u64,
    session: String,
    /// What the browser reported while something else was waited for.
    events: Vec<Value>,
    profile: TempDir,
}

/// Whether a test that needs something that is missing may be skipped: never on a machine of the
/// project's checks.
pub fn missing(what: &str, how: &str) {
    let message = format!("NOT TESTED: {what} is not installed; {how}");
    assert!(env::var("CI").is_err(), "{message}");
    eprintln!("{message}");
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path)
        .flat_map(|directory| PROGRAMS.into_iter().map(move |name| directory.join(name)));
    places.find(|place| place.is_file())
}

impl Browser {
    /// Starts it. `None` if it is not installed.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            missing("Chromium", "apt-get install chromium");
            return None;
        };
        let profile = TempDir::new().unwrap();
        // Chromium reads from file 3 and writes to file 4.
        let script = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-extensions",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            number: 0,
            session: String::new(),
            events: Vec::new(),
            profile,
        };
        let made = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the protocol and gives its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.stdin.write_all(&text).unwrap();
        self.stdin.flush().unwrap();
        loop {
            let received = self.receive();
            if received["id"] == self.number {
                assert!(received["error"].is_null(), "{method}: {received}");
                return received["result"].clone();
            }
            self.events.push(received);
        }
    }

    fn receive(&mut self) -> Value {
        let mut text = Vec::new();
        self.stdout.read_until(0, &mut text).unwrap();
        assert!(!text.is_empty(), "the browser has ended");
        text.pop();
        serde_json::from_slice(&text).unwrap()
    }

    /// Opens a file at a width in pixels and waits until its script has run.
    pub fn open(&mut self, file: &Path, width: u32) {
        self.open_url(&format!("file://{}", file.display()), width);
    }

    /// Opens an address at a width in pixels and waits until its script has run.
    pub fn open_url(&mut self, url: &str, width: u32) {
        self.events.clear();
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.call("Page.navigate", json!({ "url": url }));
        loop {
            let at = self
                .events
                .iter()
                .position(|e| e["method"] == "Page.loadEventFired");
            if at.is_some() {
                break;
            }
            let event = self.receive();
            self.events.push(event);
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let result = self.call("Runtime.evaluate", params);
        let thrown = &result["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression in the page is true.
    pub fn until(&mut self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.value(expression) != true {
            let text = "document.body.innerText.slice(0, 2000)";
            if Instant::now() > deadline {
                panic!(
                    "never true: {expression}; the page says {}",
                    self.value(text)
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "text": text }),
            );
        }
    }

    /// Prefers light or dark.
    pub fn prefer(&mut self, theme: &str) {
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.call("Emulation.setEmulatedMedia", feature);
    }

    /// Asserts that nothing went wrong in the page, and that it asked for nothing but `file`.
    pub fn assert_quiet(&mut self, file: &Path) {
        let own = format!("file://{}", file.display());
        self.assert_quiet_if(|url| url == own);
    }

    /// Asserts that nothing went wrong in the page, and that it asked only addresses that begin so.
    pub fn assert_quiet_at(&mut self, start: &str) {
        self.assert_quiet_if(|url| url.starts_with(start));
    }

    fn assert_quiet_if(&mut self, is_own: impl Fn(&str) -> bool) {
        // A round trip, so that everything before it has been reported.
        self.value("1");
        for event in &self.events {
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown"
                | "Runtime.consoleAPICalled"
                | "Log.entryAdded"
                | "Page.javascriptDialogOpening" => panic!("{event}"),
                "Network.requestWillBeSent" => {
                    let url = event["params"]["request"]["url"].as_str().unwrap();
                    assert!(is_own(url) || url.starts_with("blob:"), "asked for {url}");
                }
                _ => {}
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = &self.profile;
    }
}
