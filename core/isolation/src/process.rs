//! The host's handle of a worker and its keeper, which kills both when it is dropped.

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
use rustix::process::{Pid, Signal, getppid, kill_process, kill_process_group};

use super::{
    environment::Environment, error::WorkerError, keeper_link::HostEnd, orphans,
    stderr_tail::StderrTail, usage::CallUsage,
};

/// The name of the event that carries a line of the worker's standard output to the sink.
pub const STDOUT: &str = "worker.stdout";
/// The name of the event that carries a line of the worker's standard error to the sink.
pub const STDERR: &str = "worker.stderr";

/// How many bytes of a stream reach the sink. The host reads and drops the rest.
const MOST_OUTPUT: u64 = 4 << 20;
const LONGEST_LINE: u64 = 8 << 10;
/// How long the keeper may take to end a worker and its descendants. On an idle machine it takes
/// milliseconds.
const KEEPER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the host reads the rest of the output once the worker is gone.
const READING: Duration = Duration::from_secs(10);

/// How a program becomes a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerCommand {
    /// The program; it calls [`serve_if_asked`](super::serve_if_asked) at its start.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl WorkerCommand {
    /// A command with these arguments.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<String>) -> Self {
        Self {
            program: program.into(),
            arguments,
        }
    }
}

/// How threads of OpenMP wait: in a loop (`ACTIVE`) or asleep (`PASSIVE`).
const OPENMP_WAITING: &str = "OMP_WAIT_POLICY";

/// Tells a process by which process it was started as a worker. Its descendants have the variable too,
/// but another parent.
const STARTED_BY: &str = "PROTEA_WORKER_OF";

/// Whether a host started this process as a worker.
fn is_worker() -> bool {
    let parent = getppid().map(|parent| parent.as_raw_nonzero().to_string());
    parent.is_some() && std::env::var(STARTED_BY).ok() == parent
}

/// A worker with its keeper. Dropped, they and all that the worker has started are killed.
pub(super) struct Process {
    keeper: Child,
    link: HostEnd,
    id: String,
    /// Whether worker, keeper and their descendants are gone.
    killed: bool,
    readers: Vec<JoinHandle<()>>,
    stderr_tail: Arc<Mutex<StderrTail>>,
    gone: Option<ExitStatus>,
}

impl Process {
    /// Starts the keeper, which starts the worker, with this environment or that of this process.
    /// Returns the host's end of the worker's socket too.
    pub(super) fn start(
        command: &WorkerCommand,
        environment: Option<Environment>,
        sink: &Arc<dyn EventSink>,
    ) -> Result<(Self, UnixStream), WorkerError> {
        // A program that does not serve would start itself again without end.
        if is_worker() {
            return Err(WorkerError::NotServing);
        }
        Self::spawn(command, environment, sink).map_err(|source| WorkerError::Start {
            program: command.program.clone(),
            source,
        })
    }

    fn spawn(
        command: &WorkerCommand,
        environment: Option<Environment>,
        sink: &Arc<dyn EventSink>,
    ) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let link = HostEnd::attach(&ours)?;
        let id = orphans::new_id()?;
        let mut program = Command::new(&command.program);
        if let Some(environment) = environment {
            program.env_clear().envs(environment.passed);
        }
        // By default the threads of GNU's OpenMP wait for each other in a loop. Where another
        // program needs the processor as well, that makes LightGBM take three times as long.
        if std::env::var_os(OPENMP_WAITING).is_none() {
            program.env(OPENMP_WAITING, "PASSIVE");
        }
        let mut keeper = program
            .args(&command.arguments)
            .env(orphans::VARIABLE, &id)
            .env(STARTED_BY, std::process::id().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (stdout, stderr) = (keeper.stdout.take(), keeper.stderr.take());
        // Killed on drop, if a reader cannot be started.
        let mut process = Self {
            keeper,
            link,
            id,
            killed: false,
            readers: Vec::new(),
            stderr_tail: Arc::default(),
            gone: None,
        };
        if let Some(stream) = stdout {
            process.readers.push(forward(stream, STDOUT, sink, None)?);
        }
        if let Some(stream) = stderr {
            let tail = Some(Arc::clone(&process.stderr_tail));
            process.readers.push(forward(stream, STDERR, sink, tail)?);
        }
        Ok((process, ours))
    }

    /// The keeper: the ancestor of every process that the runner starts.
    pub(super) fn keeper(&self) -> Pid {
        Pid::from_child(&self.keeper)
    }

    /// The worker's exit status, if it has ended.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.gone.is_none() {
            // In this order, because the keeper reports the worker's status before it ends itself.
            let keeper = self.keeper.try_wait()?;
            self.gone = self.link.worker_ended().or(keeper);
        }
        Ok(self.gone)
    }

    /// Kills the worker and every process that it has started, and waits until they are gone.
    pub(super) fn kill(&mut self) {
        if std::mem::replace(&mut self.killed, true) {
            return;
        }
        let keeper = self.keeper();
        let running = matches!(self.keeper.try_wait(), Ok(None));
        if running {
            // A runner may have stopped the keeper (SIGSTOP).
            let _ = kill_process(keeper, Signal::CONT);
        }
        let swept = self.link.close_and_wait(KEEPER_TIMEOUT);
        if running && !swept {
            let _ = kill_process_group(keeper, Signal::KILL);
        }
        let _ = self.keeper.wait();
        if !swept {
            orphans::kill(&self.id);
        }
        self.finish_reading(if swept {
            READING
        } else {
            // A process that escaped can hold the streams open.
            READING / 50
        });
    }

    /// What the worker and the processes that it started used. Call it after `kill`.
    pub(super) fn usage(&self) -> Option<CallUsage> {
        self.link.usage()
    }

    /// The tail of its standard error. Call it after `kill`.
    pub(super) fn stderr_tail(&self) -> String {
        let words = self.stderr_tail.lock();
        words.unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Waits until the readers reach the end of their streams, which takes a while on a busy
    /// machine.
    fn finish_reading(&mut self, timeout: Duration) {
        let end = Instant::now() + timeout;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        self.readers
            .drain(..)
            .filter(JoinHandle::is_finished)
            // A reader does not panic: the emitter catches panics of the sink.
            .for_each(|reader| drop(reader.join()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends the lines of a stream to the sink, on a new thread.
fn forward(
    stream: impl Read + Send + 'static,
    event: &'static str,
    sink: &Arc<dyn EventSink>,
    stderr_tail: Option<Arc<Mutex<StderrTail>>>,
) -> io::Result<JoinHandle<()>> {
    let sink = Arc::clone(sink);
    thread::Builder::new().spawn(move || {
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
                words.push(&line);
            }
            if sent > MOST_OUTPUT {
                continue;
            }
            sent += line.len() as u64;
            let text = String::from_utf8_lossy(&line);
            let message = if sent > MOST_OUTPUT {
                "(the rest of this stream is omitted)"
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
