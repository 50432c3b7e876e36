//! A worker and its keeper as the host has them: never left behind.

use std::{
    io::{self, BufRead, BufReader, Read},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use protea_contracts::emit::{Event, EventSink, Level};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{keeper_link::HostEnd, orphans, stderr_tail::StderrTail};

/// The event under which a line of the worker's standard output reaches the sink.
pub const STDOUT: &str = "worker.stdout";
/// The event under which a line of the worker's standard error reaches the sink.
pub const STDERR: &str = "worker.stderr";

/// Of a stream, so much reaches the sink; the rest is read and dropped.
const MOST_OUTPUT: u64 = 4 << 20;
const LONGEST_LINE: u64 = 8 << 10;
/// A keeper that takes longer to end a worker and its descendants does not work. On an idle machine
/// it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last of what a worker printed may take to be read, once nobody can print any more.
const READING: Duration = Duration::from_secs(10);

/// How a program becomes a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program; it calls [`serve_if_asked`](super::serve_if_asked) at its start.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A worker with its keeper. Dropped, they and all that the worker has started are killed.
pub(super) struct Process {
    keeper: Child,
    link: HostEnd,
    id: String,
    /// Nothing of it is left.
    killed: bool,
    readers: Vec<JoinHandle<()>>,
    stderr_tail: Arc<Mutex<StderrTail>>,
    gone: Option<ExitStatus>,
}

impl Process {
    /// Starts the keeper, which starts the worker; gives the host's end of the worker's socket.
    pub(super) fn start(
        command: &WorkerCommand,
        sink: &Arc<dyn EventSink>,
    ) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let link = HostEnd::attach(&ours)?;
        let id = orphans::new_id()?;
        let mut keeper = Command::new(&command.program)
            .args(&command.arguments)
            .env(orphans::VARIABLE, &id)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let stderr_tail: Arc<Mutex<StderrTail>> = Arc::default();
        let mut readers = Vec::new();
        if let Some(stream) = keeper.stdout.take() {
            readers.push(forward(stream, STDOUT, sink, None));
        }
        if let Some(stream) = keeper.stderr.take() {
            readers.push(forward(
                stream,
                STDERR,
                sink,
                Some(Arc::clone(&stderr_tail)),
            ));
        }
        let process = Self {
            keeper,
            link,
            id,
            killed: false,
            readers,
            stderr_tail,
            gone: None,
        };
        Ok((process, ours))
    }

    /// The process from which all that comes of the runner descends.
    pub(super) fn keeper(&self) -> Pid {
        Pid::from_child(&self.keeper)
    }

    /// How the worker ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.gone.is_none() {
            // In this order, for the keeper says how the worker ended before it ends itself.
            let keeper = self.keeper.try_wait()?;
            self.gone = self.link.worker_ended().or(keeper);
        }
        Ok(self.gone)
    }

    /// Kills the worker with all that it has started, and waits until they are gone.
    pub(super) fn kill(&mut self) {
        if std::mem::replace(&mut self.killed, true) {
            return;
        }
        let keeper = self.keeper();
        let running = matches!(self.keeper.try_wait(), Ok(None));
        if running {
            // A runner may have stopped it.
            let _ = kill_process(keeper, Signal::CONT);
        }
        let swept = self.link.let_go(PATIENCE);
        if running && !swept {
            let _ = kill_process_group(keeper, Signal::KILL);
        }
        let _ = self.keeper.wait();
        if !swept {
            orphans::kill(&self.id);
        }
        self.finish_reading(match swept {
            true => READING,
            // What escaped may hold them open.
            false => READING / 50,
        });
    }

    /// The last that it wrote to standard error, once it is killed.
    pub(super) fn stderr_tail(&self) -> String {
        let words = self.stderr_tail.lock();
        words.unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Lets the readers come to the end of their streams, which on a busy machine takes a while.
    fn finish_reading(&mut self, patience: Duration) {
        let patience = Instant::now() + patience;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        self.readers
            .drain(..)
            .filter(JoinHandle::is_finished)
            // A reader does not panic; a sink that does is contained by the emitter in the runner's place.
            .for_each(|reader| drop(reader.join()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends the lines of a stream to the sink, on a thread of its own.
fn forward(
    stream: impl Read + Send + 'static,
    event: &'static str,
    sink: &Arc<dyn EventSink>,
    stderr_tail: Option<Arc<Mutex<StderrTail>>>,
) -> JoinHandle<()> {
    let sink = Arc::clone(sink);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        let mut sent = 0;
        loop {
            line.clear();
            match (&mut stream)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
            {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            }
            if let Some(stderr_tail) = &stderr_tail {
                let mut words = stderr_tail.lock().unwrap_or_else(PoisonError::into_inner);
                words.hear(&line);
            }
            if sent > MOST_OUTPUT {
                continue;
            }
            sent += line.len() as u64;
            let text = String::from_utf8_lossy(&line);
            let message = if sent > MOST_OUTPUT {
                "(the rest of this stream is left out)"
            } else {
                text.trim_end_matches(['\n', '\r'])
            };
            sink.receive(&Event {
                name: event,
                message: Some(message),
                fields: b"{}",
                level: Level::Info,
            });
        }
    })
}
