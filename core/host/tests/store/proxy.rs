//! A proxy on loopback through which a server can be slow, and gone from one byte to the next.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// So many bytes are handed on at once.
const PIECE: usize = 32 << 10;

/// A proxy before one server. Its thread ends with the process.
pub struct Proxy {
    pub endpoint: String,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    up: AtomicBool,
    /// What went through, in both directions.
    passed: AtomicU64,
    /// It goes down by itself when so much went through.
    most: AtomicU64,
    /// How long each piece is kept, in microseconds.
    delay: AtomicU64,
    /// Pieces beyond so many bytes are kept until this is raised.
    held_at: AtomicU64,
    /// Whether a piece is kept for that reason.
    holds: AtomicBool,
}

impl Proxy {
    /// A proxy before the server at an endpoint such as `http://127.0.0.1:1234`.
    pub fn before(endpoint: &str) -> Self {
        let server = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            server,
            up: AtomicBool::new(true),
            passed: AtomicU64::new(0),
            most: AtomicU64::new(u64::MAX),
            delay: AtomicU64::new(0),
            held_at: AtomicU64::new(u64::MAX),
            holds: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&accepting);
                thread::spawn(move || state.serve(&client));
            }
        });
        Self { endpoint, state }
    }

    /// Goes down after so many bytes from now on, and stays down.
    pub fn down_after(&self, bytes: u64) {
        let passed = self.state.passed.load(Ordering::SeqCst);
        self.state.most.store(passed + bytes, Ordering::SeqCst);
    }

    /// Lets so many bytes pass from now on, and keeps all others until [`release`](Self::release).
    pub fn hold_after(&self, bytes: u64) {
        let passed = self.state.passed.load(Ordering::SeqCst);
        self.state.held_at.store(passed + bytes, Ordering::SeqCst);
    }

    /// Whether there is something that it keeps.
    pub fn holds(&self) -> bool {
        self.state.holds.load(Ordering::SeqCst)
    }

    /// Passes on what it keeps.
    pub fn release(&self) {
        self.state.held_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// Keeps each piece of 32 KiB for so long.
    pub fn slow(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap();
        self.state.delay.store(micros, Ordering::SeqCst);
    }

    /// Comes up again, for good.
    pub fn up(&self) {
        self.state.most.store(u64::MAX, Ordering::SeqCst);
        self.state.up.store(true, Ordering::SeqCst);
    }

    /// Whether it is down.
    pub fn is_down(&self) -> bool {
        !self.state.up.load(Ordering::SeqCst)
    }

    /// How many bytes went through, in both directions.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }
}

impl State {
    fn serve(self: &Arc<Self>, client: &TcpStream) {
        if !self.up.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(self.server) else {
            return;
        };
        thread::scope(|scope| {
            scope.spawn(|| self.hand_on(client, &server));
            self.hand_on(&server, client);
        });
    }

    fn hand_on(&self, mut from: &TcpStream, mut to: &TcpStream) {
        // Looked at again and again, so that what is down is down for idle connections as well.
        from.set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let mut piece = vec![0; PIECE];
        loop {
            if !self.up.load(Ordering::SeqCst) {
                break;
            }
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    continue;
                }
                Err(_) => break,
            };
            let before = self.passed.fetch_add(read as u64, Ordering::SeqCst);
            if before + read as u64 > self.most.load(Ordering::SeqCst) {
                self.up.store(false, Ordering::SeqCst);
                break;
            }
            while before + read as u64 > self.held_at.load(Ordering::SeqCst) {
                self.holds.store(true, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(Duration::from_micros(self.delay.load(Ordering::SeqCst)));
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
