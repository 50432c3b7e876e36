//! The worker's side of a call: it makes one call of one runner and ends.

use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use protea_contracts::{
    abi::host::{CallError, LateEvents, LoadedRunner},
    content,
    emit::{Event, EventSink, Level},
};
use rustix::process::{Signal, getpid, kill_process};
use serde::Serialize;

use super::{
    acknowledgements::Acknowledgements,
    keeper,
    keeper_link::Beginning,
    protocol::{
        CUT_OFF, Failure, Frames, Kind, Start, WorkerCall, encode_event, frame, is_awaited,
    },
    sandbox::INCOMPLETE as SANDBOX_INCOMPLETE,
};
#[cfg(target_os = "linux")]
use super::{native, privileges, protect_keeper};

/// How long the host may take to end a worker that has answered.
const KILL_TIMEOUT: Duration = Duration::from_secs(60);

/// The argument that makes a program serve as a worker.
pub(super) const ARGUMENT: &str = "__protea-worker";

/// Serves as a worker if this process was started as one, and does not return in that case.
/// Call it first in the `main` of a program that starts workers.
pub fn serve_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ARGUMENT) && arguments.next().is_none() {
        serve()
    }
}

/// Serves as a worker and does not return. Use it in a program that your own
/// [`WorkerCommand`](crate::WorkerCommand) starts with arguments that [`serve_if_asked`] does not
/// recognise.
///
/// Serves one dispatch as the worker or as its keeper, on the socket that is this process's
/// standard input. The keeper ends the worker. The keeper ends when the host tells it to, or dies.
pub fn serve() -> ! {
    // What the host inherited from its own parent is none of the runner's business.
    #[cfg(target_os = "linux")]
    privileges::close_inherited_files();
    match take_socket().and_then(|mut socket| {
        let read = match Beginning::read(&socket)? {
            Beginning::Keeper(link) => keeper::keep(socket, link),
            Beginning::Worker(read) => read,
        };
        // What the runner does to its process group, such as killing it, does not concern the keeper.
        // In a session of its own it has no terminal either, which it could write to or read from.
        rustix::process::setsid()?;
        let start = read_start(&mut socket, &read)?;
        let channel = Channel::new(&socket, &start)?;
        Ok((socket, start, Arc::new(channel)))
    }) {
        Ok((socket, start, channel)) => {
            // The sandbox applies to threads that start after it, so the listening thread starts
            // here.
            let ready = set_up(&start);
            watch(socket, Arc::clone(&channel));
            match ready {
                Ok(holes) => {
                    if let Some(holes) = holes {
                        channel.warn(SANDBOX_INCOMPLETE, &holes);
                    }
                    answer(&start, &channel);
                }
                Err(failure) => channel.fail(&failure),
            }
            // The keeper kills this process. If it exited by itself, it would run the destructors
            // of the runner's library.
            thread::sleep(KILL_TIMEOUT);
            cut_off()
        }
        Err(error) => {
            eprintln!("this process is a protea worker, but protea did not start it: {error}");
            std::process::exit(2)
        }
    }
}

/// Moves the socket away from standard input, which a runner may read or close.
fn take_socket() -> std::io::Result<UnixStream> {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(socket)
}

/// Reads the first message. `read` holds the bytes that were read already.
fn read_start(socket: &mut UnixStream, read: &[u8]) -> std::io::Result<Start> {
    let mut frames = Frames::default();
    frames.extend(read);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match frames.next().map_err(std::io::Error::other)? {
            Some((Kind::Start, payload)) => return Ok(serde_json::from_slice(payload)?),
            Some((kind, _)) => {
                return Err(std::io::Error::other(format!(
                    "the host's first message is {kind:?}"
                )));
            }
            None => match socket.read(&mut chunk)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => frames.extend(&chunk[..read]),
            },
        }
    }
}

/// Ends this process when it cannot reach the host any more: the host is gone, or the runner has
/// closed the connection. The keeper then ends the processes that the worker started.
fn cut_off() -> ! {
    let _ = kill_process(getpid(), CUT_OFF);
    // The runner has blocked or handles that signal.
    std::process::abort()
}

/// Waits for the host's cancel message. Ends this process when the host is gone.
fn watch(mut socket: UnixStream, channel: Arc<Channel>) {
    let to_host = Arc::clone(&channel);
    let listen = move || {
        let mut frames = Frames::default();
        let mut chunk = [0; 64];
        loop {
            match socket.read(&mut chunk) {
                Ok(read @ 1..) => frames.extend(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => cut_off(),
            }
            while let Ok(Some((kind, payload))) = frames.next() {
                match kind {
                    Kind::Cancel => channel.cancelled.store(true, Ordering::SeqCst),
                    Kind::Handled => channel.acknowledgements.arrived(payload),
                    _ => {}
                }
            }
        }
    };
    let listening = thread::Builder::new().name("protea-host".to_owned());
    if let Err(error) = listening.spawn(listen) {
        // Without this thread, the host could not cancel the call.
        to_host.fail(&Failure::Setup(format!(
            "the worker cannot start a thread: {error}"
        )));
        thread::sleep(KILL_TIMEOUT);
        cut_off()
    }
}

/// Returns the restrictions that the sandbox could not apply, if any.
fn set_up(start: &Start) -> Result<Option<String>, Failure> {
    let lacking = start.enclosure.leave_privileges();
    set_up_process(start).map_err(Failure::Setup)?;
    start.enclosure.restrict(lacking).map_err(Failure::Sandbox)
}

fn set_up_process(start: &Start) -> Result<(), String> {
    // The keeper kills this process. If the keeper was killed, the system does (PDEATHSIG). A change
    // of capabilities clears this setting, so it comes after it.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| error.to_string())?;
    #[cfg(target_os = "linux")]
    {
        native::report_out_of_memory_on_crash().map_err(|error| error.to_string())?;
        protect_keeper::protect_parent();
    }
    start.limits.impose().map_err(|error| error.to_string())
}

fn answer(start: &Start, channel: &Arc<Channel>) {
    let library = &start.library;
    let fail = |failure: Failure| channel.fail(&failure);
    match content::digest_file(library) {
        Ok((sha256, _)) if sha256 == start.sha256 => {}
        Ok(_) => {
            return fail(Failure::Open(format!(
                "{} changed while it was being loaded; try again",
                library.display()
            )));
        }
        Err(error) => {
            return fail(Failure::Open(format!("{}: {error}", library.display())));
        }
    }
    let runner = match LoadedRunner::open(library) {
        Ok(runner) => runner,
        Err(error) => return fail(Failure::Open(protea_contracts::error::with_causes(&error))),
    };
    match start.call {
        WorkerCall::Describe => channel.send_result(runner.describe(), start, None),
        WorkerCall::Operation(operation) => {
            let sink = Arc::clone(channel) as Arc<dyn EventSink>;
            // The worker does not parse request and result; the host does.
            let call = runner.call_json(operation, &start.request, sink);
            channel.send_result(call.result, start, Some(&call.late));
        }
    }
}

/// The connection to the host: for events from any thread, and for the answer.
struct Channel {
    socket: Mutex<Connection>,
    level: Level,
    cancelled: AtomicBool,
    acknowledgements: Acknowledgements,
}

/// The socket, and how many events were sent on it that the worker waits for.
struct Connection {
    socket: UnixStream,
    awaited: u64,
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) {
        if self.socket.write_all(bytes).is_err() {
            cut_off()
        }
    }
}

impl Channel {
    fn new(socket: &UnixStream, start: &Start) -> std::io::Result<Self> {
        Ok(Self {
            socket: Mutex::new(Connection {
                socket: socket.try_clone()?,
                awaited: 0,
            }),
            level: start.level,
            cancelled: AtomicBool::new(false),
            acknowledgements: Acknowledgements::new(start.acknowledges),
        })
    }

    /// Sends a whole frame before it returns, so that the events just before a crash reach the
    /// host.
    fn send(&self, bytes: &[u8]) {
        let mut connection = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        connection.send(bytes);
    }

    /// As [`send`](Self::send), and waits until the host has handled the event.
    fn send_and_wait(&self, bytes: &[u8]) {
        let mut connection = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        connection.send(bytes);
        connection.awaited += 1;
        let number = connection.awaited;
        drop(connection);
        self.acknowledgements.wait_for(number);
    }

    fn warn(&self, event: &'static str, message: &str) {
        if self.level <= Level::Warning {
            self.receive(&Event {
                name: event,
                message: Some(message),
                fields: b"{}",
                level: Level::Warning,
            });
        }
    }

    fn fail(&self, failure: &Failure) {
        match serde_json::to_vec(failure) {
            Ok(payload) => self.send(&frame(Kind::Failure, &payload)),
            Err(error) => eprintln!("the failure could not be sent to the host: {error}"),
        }
    }

    fn send_result<T: Serialize>(
        &self,
        result: Result<T, CallError>,
        start: &Start,
        late: Option<&LateEvents>,
    ) {
        match result {
            Ok(result) => match serde_json::to_vec(&result) {
                Ok(payload) => self.send(&frame(Kind::Result, &payload)),
                Err(error) => self.fail(&Failure::Protocol(error.to_string())),
            },
            Err(CallError::Runner(error)) => self.fail(&Failure::Runner(error)),
            Err(CallError::Panicked(panic)) => self.fail(&Failure::Panicked(panic)),
            Err(CallError::Protocol(message)) => self.fail(&Failure::Protocol(message)),
        }
        if start.linger > 0 {
            thread::sleep(Duration::from_millis(start.linger));
            let late = late.map_or(0, LateEvents::count);
            self.send(&frame(Kind::Bye, late.to_string().as_bytes()));
        }
    }
}

impl EventSink for Channel {
    fn level(&self) -> Level {
        self.level
    }

    fn receive(&self, event: &Event<'_>) {
        thread_local! {
            static BUFFER: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
        }
        let mut buffer = BUFFER.take();
        buffer.clear();
        if self.acknowledgements.are_sent() && is_awaited(event) {
            encode_event(&mut buffer, Kind::AwaitedEvent, event);
            self.send_and_wait(&buffer);
        } else {
            encode_event(&mut buffer, Kind::Event, event);
            self.send(&buffer);
        }
        BUFFER.set(buffer);
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
