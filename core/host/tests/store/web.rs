//! A web server of the tests' own, which does whatever a test wants.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What a client asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
}

impl Request {
    /// The range that is asked for, its end not counted.
    pub fn range(&self, size: u64) -> Option<(u64, u64)> {
        let (from, to) = self
            .headers
            .get("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        let from: u64 = from.parse().unwrap();
        Some((from, to.parse::<u64>().map_or(size, |to| to + 1).min(size)))
    }
}

/// What it is answered.
pub struct Answer {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Says so many bytes where there are others.
    pub says: Option<u64>,
    /// Sends only so many of the body, then nothing more for a minute.
    pub hangs_after: Option<usize>,
    /// Closes the connection without a word.
    pub breaks: bool,
}

impl Answer {
    /// The whole of something.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: "200 OK",
            headers: Vec::new(),
            body: body.into(),
            says: None,
            hangs_after: None,
            breaks: false,
        }
    }

    pub fn status(status: &'static str) -> Self {
        Self {
            status,
            ..Self::ok(Vec::new())
        }
    }

    /// As a good server would answer: ranges, and a tag that is the same for the same content.
    pub fn of(request: &Request, content: &[u8]) -> Self {
        let sum = content.iter().fold(7_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        Self::tagged(request, content, &format!("\"{sum:x}\""))
    }

    /// As [`of`](Self::of), with this tag.
    pub fn tagged(request: &Request, content: &[u8], etag: &str) -> Self {
        let size = content.len() as u64;
        let mut answer = match request.range(size) {
            None => Self::ok(content),
            Some((from, to)) => {
                let mut answer = Self::ok(&content[from as usize..to as usize]);
                answer.status = "206 Partial Content";
                let range = format!("bytes {from}-{}/{size}", to - 1);
                answer.headers.push(("content-range", range));
                answer
            }
        };
        answer.headers.push(("etag", etag.to_owned()));
        answer
    }
}

/// A server that answers each request as a function says. Its thread ends with the process.
pub struct Web {
    pub address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    pub fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                thread::spawn(move || {
                    let Some(request) = read(&client) else {
                        return;
                    };
                    noted.lock().unwrap().push(request.clone());
                    // The client may have gone.
                    let _ = send(&client, &request, &answer(&request));
                });
            }
        });
        Self { address, asked }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(client: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(client);
    let mut lines = reader.by_ref().lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        headers: BTreeMap::new(),
    };
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.insert(name, value);
    }
    if let Some(length) = request.headers.get("content-length") {
        let mut body = reader.take(length.parse().ok()?);
        std::io::copy(&mut body, &mut std::io::sink()).ok()?;
    }
    Some(request)
}

fn send(mut client: &TcpStream, request: &Request, answer: &Answer) -> std::io::Result<()> {
    if answer.breaks {
        return Ok(());
    }
    let length = answer.says.unwrap_or(answer.body.len() as u64);
    let mut head = format!(
        "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {length}\r\n",
        answer.status
    );
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    client.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    if let Some(most) = answer.hangs_after {
        client.write_all(&answer.body[..most.min(answer.body.len())])?;
        thread::sleep(Duration::from_secs(60));
        return Ok(());
    }
    client.write_all(&answer.body)
}
