//! Servers that misbehave.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// The headers with their names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn is(&self, part: &str) -> bool {
        self.line.contains(part)
    }
}

/// A server with the given answers. It ends with the process.
pub struct Stub {
    pub uri: String,
    requests: Arc<Mutex<Vec<Request>>>,
    sent: Arc<AtomicU32>,
}

impl Stub {
    /// Answers with a status, additional headers and a body.
    pub fn new(
        answer: impl Fn(&Request) -> (u16, &'static str, String) + Send + Sync + 'static,
    ) -> Self {
        Self::raw(move |request| {
            let (status, headers, body) = answer(request);
            let length = body.len();
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
                .into_bytes()
        })
    }

    /// Answers with any bytes and closes the connection.
    pub fn raw(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(request) = read(&stream) else { return };
                    seen.lock().unwrap().push(request.clone());
                    let _ = stream.write_all(&answer(&request));
                });
            }
        });
        Self {
            uri,
            requests,
            sent: Arc::default(),
        }
    }

    /// Sends one blank after the other, with a pause before each, and then a valid answer.
    pub fn dripping(pause: Duration, parts: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicU32::new(0));
        let most = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let most = Arc::clone(&most);
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let _ = read(&stream);
                    let length = parts + 2;
                    let head = format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n");
                    let _ = stream.write_all(head.as_bytes());
                    for part in 1..=parts {
                        thread::sleep(pause);
                        // Fails once the client has closed the connection.
                        if stream.write_all(b" ").is_err() {
                            return;
                        }
                        most.fetch_max(part, Ordering::Relaxed);
                    }
                    let _ = stream.write_all(b"{}");
                });
            }
        });
        Self {
            uri,
            requests: Arc::default(),
            sent,
        }
    }

    /// The largest number of blanks that a dripping server has sent in one answer.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Accepts connections and never answers.
    pub fn silent() -> Self {
        Self::raw(|_| {
            thread::sleep(Duration::from_secs(3600));
            Vec::new()
        })
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        line,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
