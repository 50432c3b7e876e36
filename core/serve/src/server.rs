//! Accepts connections: one thread each, a bounded number of them.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use protea_core::Workspace;

use crate::{
    access::Access,
    api,
    http::{self, Method, RequestError, Response, Status},
    pages,
    state::State,
};

/// The largest number of open connections, of which at most half are streams.
const MOST_CONNECTIONS: usize = 64;
/// How long a client may take to read an answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a thread waits after the system refused a connection, for example because too many files
/// are open.
const PAUSE: Duration = Duration::from_millis(50);

/// Where and for whom the server listens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    address: SocketAddr,
    needs_token: bool,
    names: Vec<String>,
}

impl Default for ServeOptions {
    /// The loopback interface, a free port, no token.
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            needs_token: false,
            names: Vec::new(),
        }
    }
}

impl ServeOptions {
    /// Where to listen; port 0 stands for a free one. Without the loopback interface, a token is
    /// needed.
    #[must_use]
    pub fn with_address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Requires a token also on the loopback interface, to which other users of the machine can connect.
    #[must_use]
    pub fn with_token(mut self) -> Self {
        self.needs_token = true;
        self
    }

    /// Allows a name of this machine in the `Host` header.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another program listens there, or this one may not.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random numbers or threads.
    #[error("cannot start the server")]
    Start(#[source] io::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<String>,
    access: Arc<Access>,
    state: Arc<State>,
}

impl Server {
    /// Listens. From now on the system accepts connections, and [`run`](Self::run) answers them.
    ///
    /// # Errors
    ///
    /// [`ServeError`].
    pub fn bind(workspace: Workspace, options: &ServeOptions) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen {
            address: options.address,
            source,
        };
        let listener = TcpListener::bind(options.address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let token = if options.needs_token || !address.ip().is_loopback() {
            Some(random_token()?)
        } else {
            None
        };
        let state = Arc::new(State::new(workspace));
        state.watch().map_err(ServeError::Start)?;
        Ok(Self {
            listener,
            address,
            access: Arc::new(Access::new(token.clone(), options.names.clone())),
            token,
            state,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address for a browser, with the token if one is needed.
    #[must_use]
    pub fn url(&self) -> String {
        let host = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let token = self.token.as_ref();
        let token = token.map_or_else(String::new, |token| format!("?token={token}"));
        format!("http://{host}:{}/{token}", self.address.port())
    }

    /// Answers connections for as long as the process lives.
    pub fn run(&self) {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            let Ok((stream, _)) = self.listener.accept() else {
                thread::sleep(PAUSE);
                continue;
            };
            let slot = Slot::take(&open);
            let count = open.load(Ordering::SeqCst);
            if count > MOST_CONNECTIONS {
                continue;
            }
            let (access, state) = (Arc::clone(&self.access), Arc::clone(&self.state));
            let may_stream = count <= MOST_CONNECTIONS / 2;
            // If there is no thread to be had, the connection is closed.
            let _ = thread::Builder::new()
                .name("connection".to_owned())
                .spawn(move || {
                    let _slot = slot;
                    answer(stream, &access, &state, may_stream);
                });
        }
    }
}

/// A connection that is counted until it is dropped.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn random_token() -> Result<String, ServeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| ServeError::Start(io::Error::other(error.to_string())))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads a request and answers it. A client that is gone needs no answer.
fn answer(mut stream: TcpStream, access: &Access, state: &State, may_stream: bool) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_write_timeout(Some(WRITE_PATIENCE));
    let request = match http::read(&mut stream) {
        Ok(request) => request,
        Err(error) => {
            let status = match error {
                RequestError::Malformed(_) => Status::BadRequest,
                RequestError::TooLarge => Status::TooLarge,
                RequestError::Connection(_) => return,
            };
            let refusal = Response::message(status, &error.to_string());
            let _ = refusal.write(&mut stream, Method::Get);
            return;
        }
    };
    let response = match access.check(&request) {
        Err(refusal) => refusal,
        Ok(()) => match request.segments() {
            Some(segments) => {
                let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                match segments[..] {
                    ["api", ref rest @ ..] => {
                        match api::answer(state, &request, rest, may_stream, &mut stream) {
                            Some(response) => response,
                            // It was a stream.
                            None => return,
                        }
                    }
                    ref page => pages::answer(state, page),
                }
            }
            None => Response::message(Status::BadRequest, "The path is not UTF-8."),
        },
    };
    let _ = response.write(&mut stream, request.method);
}
