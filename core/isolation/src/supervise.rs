//! The host's side of a dispatch in a worker: events, deadlines, cancellation.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use protea_contracts::{
    emit::{Event, EventSink, Level},
    json::{MAX_DEPTH, is_deeper},
};
use rustix::net::SendFlags;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;

use super::{
    contained::contained,
    error::WorkerError,
    exit_status,
    exit_status::Ending,
    memory::Memory,
    options::WorkerOptions,
    output_size,
    process::Process,
    process_tree,
    protocol::{Failure, Frames, Kind, Start, decode_event, frame},
    sandbox::Enclosure,
    size::size,
    task::{Task, environment, not_text},
    tree_peak::TreePeak,
    usage::CallUsage,
};

/// The name of the event that reports the number of late events, when a worker lingers.
pub const LATE_EVENTS: &str = "worker.late_events";

/// How often the host checks deadlines and cancellation.
const TICK: Duration = Duration::from_millis(10);
const BETWEEN_OUTPUT_CHECKS: Duration = Duration::from_millis(200);
/// The pause after a check of the output, in durations of that check.
const OUTPUT_CHECK_SHARE: u32 = 4;

/// With a smaller memory limit, in bytes, a worker can fail before the runner's code starts.
pub const LEAST_MEMORY: u64 = 64 << 20;

/// How a call in a worker ended.
#[derive(Debug)]
pub struct Dispatched<T> {
    /// The answer, or every [`WorkerError`]: of the runner, of the worker process, or of a limit.
    pub result: Result<T, WorkerError>,
    /// What the worker and the processes that it started used together. `None` if no worker started,
    /// some of its processes could not be ended, or the system does not count.
    pub usage: Option<CallUsage>,
}

/// Makes a call in a new worker, sends its events to `sink`, and waits for its end.
pub fn dispatch<Q: Serialize, T: DeserializeOwned>(
    task: &Task<'_, Q>,
    options: &WorkerOptions,
    sink: &Arc<dyn EventSink>,
) -> Dispatched<T> {
    let mut usage = None;
    Dispatched {
        result: dispatch_measured(task, options, sink, &mut usage),
        usage,
    }
}

fn dispatch_measured<Q: Serialize, T: DeserializeOwned>(
    task: &Task<'_, Q>,
    options: &WorkerOptions,
    sink: &Arc<dyn EventSink>,
    usage: &mut Option<CallUsage>,
) -> Result<T, WorkerError> {
    if let Some(path) = not_text(task) {
        return Err(WorkerError::Setup(format!(
            "{} is not UTF-8, which the worker's start message requires; rename it",
            path.display()
        )));
    }
    if let Some(memory) = options.limits.memory.filter(|m| *m < LEAST_MEMORY) {
        return Err(WorkerError::Setup(format!(
            "a memory limit of {} is too small for a worker; allow at least 64 MiB",
            size(memory)
        )));
    }
    let start = Start {
        library: task.library.to_owned(),
        sha256: task.sha256,
        call: task.call,
        request: to_raw_value(task.request)
            .map_err(|error| WorkerError::Protocol(format!("the request: {error}")))?,
        level: contained(|| sink.level()).unwrap_or_default(),
        limits: options.limits.clone(),
        enclosure: Enclosure {
            mode: options.sandbox,
            read: task.reads.clone(),
            execute: task.executes.clone(),
            write: task
                .output
                .iter()
                .chain(&task.checkpoint)
                .cloned()
                .collect(),
        },
        linger: u64::try_from(options.linger.as_millis()).unwrap_or(u64::MAX),
        acknowledges: true,
    };
    let start = serde_json::to_vec(&start)
        .map_err(|error| WorkerError::Protocol(format!("the request: {error}")))?;
    let worker_error = |source| WorkerError::Start {
        program: options.command.program.clone(),
        source,
    };
    let environment = environment(task, options, sink);
    let (process, socket) = Process::start(&options.command, environment, sink)?;
    let mut supervisor = Supervisor {
        process,
        socket,
        options,
        sink,
        sink_works: true,
        outputs: task
            .output
            .iter()
            .chain(&task.checkpoint)
            .map(|path| path.as_path())
            .collect(),
        began: Instant::now(),
        next_output_check: Instant::now() + BETWEEN_OUTPUT_CHECKS,
        memory: Memory::with_limit(options.limits.memory),
        peak: TreePeak::new(),
        ending: None,
        answer: None,
        handled: Handled::default(),
    };
    supervisor
        .socket
        .set_read_timeout(Some(TICK))
        .map_err(worker_error)?;
    // If the worker has died already, `supervise` notices it and reports its stderr tail.
    let _ = supervisor.socket.write_all(&frame(Kind::Start, &start));
    let end = supervisor.supervise();
    // Read before it is killed: this tells whether it ended by itself.
    let status = supervisor.process.ended().ok().flatten();
    supervisor.process.kill();
    let highest = supervisor.peak.highest();
    *usage = supervisor
        .process
        .usage()
        .map(|usage| usage.with_peak(highest));
    end?;
    supervisor.into_result(status)
}

struct Supervisor<'a> {
    process: Process,
    socket: UnixStream,
    options: &'a WorkerOptions,
    sink: &'a Arc<dyn EventSink>,
    sink_works: bool,
    /// The directories that the output limit applies to.
    outputs: Vec<&'a Path>,
    began: Instant,
    next_output_check: Instant,
    memory: Memory,
    peak: TreePeak,
    ending: Option<(Ending, Instant)>,
    answer: Option<Result<Vec<u8>, Failure>>,
    handled: Handled,
}

/// How many events were handled of those that the worker waits for.
#[derive(Debug, Default)]
struct Handled {
    count: u64,
    /// What the worker was told.
    told: u64,
}

impl Supervisor<'_> {
    /// Reads frames until the worker has answered, has ended, or must be killed.
    fn supervise(&mut self) -> Result<(), WorkerError> {
        let mut frames = Frames::default();
        let mut chunk = vec![0; 64 * 1024];
        let mut looked = Instant::now();
        loop {
            let quiet = match self.socket.read(&mut chunk) {
                Ok(0) => {
                    self.await_end();
                    return Ok(());
                }
                Ok(read) => {
                    frames.extend(&chunk[..read]);
                    false
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => true,
                    ErrorKind::Interrupted => false,
                    _ => {
                        self.await_end();
                        return Ok(());
                    }
                },
            };
            while let Some((kind, payload)) = frames
                .next()
                .map_err(|error| WorkerError::Protocol(error.to_string()))?
            {
                match kind {
                    Kind::Event | Kind::AwaitedEvent => {
                        let event = decode_event(payload)
                            .map_err(|error| WorkerError::Protocol(error.to_string()))?;
                        if self.sink_works && self.answer.is_none() {
                            let sink = self.sink;
                            self.sink_works = contained(|| sink.receive(&event)).is_some();
                        }
                        self.handled.count += u64::from(kind == Kind::AwaitedEvent);
                    }
                    Kind::Result => self.answer = Some(Ok(payload.to_vec())),
                    Kind::Failure => {
                        let failure = serde_json::from_slice(payload).map_err(|error| {
                            WorkerError::Protocol(format!("its failure: {error}"))
                        })?;
                        self.answer = Some(Err(failure));
                    }
                    Kind::Bye => {
                        self.report_late_events(payload);
                        return Ok(());
                    }
                    Kind::Start | Kind::Cancel | Kind::Handled => {
                        return Err(WorkerError::Protocol(
                            "it sent a message that only a host sends".to_owned(),
                        ));
                    }
                }
                if self.answer.is_some() && self.options.linger.is_zero() {
                    return Ok(());
                }
            }
            self.acknowledge();
            if quiet && matches!(self.process.ended(), Ok(Some(_))) {
                return Ok(());
            }
            if quiet || looked.elapsed() >= TICK {
                looked = Instant::now();
                if self.must_go() {
                    return Ok(());
                }
            }
        }
    }

    /// Tells the sink how many events came after the answer.
    fn report_late_events(&self, count: &[u8]) {
        let count: u64 = serde_json::from_slice(count).unwrap_or_default();
        if count > 0 && self.sink_works {
            let fields = format!("{{\"count\":{count}}}");
            let event = Event {
                name: LATE_EVENTS,
                message: Some("the runner sent events after its call had returned"),
                fields: fields.as_bytes(),
                level: Level::Warning,
            };
            contained(|| self.sink.receive(&event));
        }
    }

    /// Waits for the end of a process that has closed its socket. It does not end if the runner
    /// closed the socket.
    fn await_end(&mut self) {
        // On a busy machine, a crashed process takes a while to end.
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && matches!(self.process.ended(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Checks limits and cancellation, and asks the runner to end if needed. Returns whether to
    /// kill it.
    fn must_go(&mut self) -> bool {
        let until = self.ending.as_ref().map(|&(_, until)| until);
        if until.is_some_and(|until| Instant::now() >= until) {
            return true;
        }
        let keeper = self.process.keeper();
        let stop = || until.map_or_else(|| self.is_over(), |until| Instant::now() >= until);
        self.peak.sample(keeper, &stop);
        if let Some(limit) = self.memory.exceeded(keeper, &stop) {
            // No grace period: the runner would use more memory in that time.
            self.ending = Some((Ending::OutOfMemory(limit), Instant::now()));
            return true;
        }
        if until.is_some() {
            return false;
        }
        let limits = &self.options.limits;
        let late = |limit: &Duration| self.began.elapsed() >= *limit;
        let mut wanted = limits.time.filter(late).map(Ending::TimedOut);
        if let Some(limit) = limits.output
            && Instant::now() >= self.next_output_check
        {
            let began = Instant::now();
            let processes = process_tree::descendants(self.process.keeper(), &stop);
            let exceeds = |output: &&Path| output_size::exceeds(output, limit, &processes, &stop);
            if self.outputs.iter().any(exceeds) {
                wanted = Some(Ending::OutputTooLarge(limit));
            }
            // A directory with very many files must not keep the host from everything else.
            let pause = BETWEEN_OUTPUT_CHECKS.max(began.elapsed() * OUTPUT_CHECK_SHARE);
            self.next_output_check = Instant::now() + pause;
        }
        if self.is_cancelled() {
            wanted = Some(Ending::Cancelled);
        }
        if let Some(ending) = wanted {
            self.ending = Some((ending, Instant::now() + self.options.grace));
            self.send_at_once(&frame(Kind::Cancel, &[]));
        }
        false
    }

    /// Tells the worker which events were handled. One message can stand for many events.
    fn acknowledge(&mut self) {
        let Handled { count, told } = self.handled;
        if count > told && self.send_at_once(&frame(Kind::Handled, &count.to_le_bytes())) {
            self.handled.told = count;
        }
    }

    /// Sends a message without waiting, and returns whether it was sent. A worker that does not read
    /// its messages must not stop the host.
    fn send_at_once(&self, message: &[u8]) -> bool {
        // A message of a few bytes is sent whole or not at all.
        rustix::net::send(&self.socket, message, SendFlags::DONTWAIT).is_ok()
    }

    fn is_cancelled(&self) -> bool {
        self.sink_works && contained(|| self.sink.is_cancelled()).unwrap_or(false)
    }

    /// Whether the time is over or the user has cancelled.
    fn is_over(&self) -> bool {
        let late = |limit| self.began.elapsed() >= limit;
        self.options.limits.time.is_some_and(late) || self.is_cancelled()
    }

    fn into_result<T: DeserializeOwned>(
        mut self,
        status: Option<ExitStatus>,
    ) -> Result<T, WorkerError> {
        // Includes what was written since the last check.
        let exceeds = |limit| {
            let over =
                |output: &&Path| output_size::exceeds(output, limit, &[], &|| self.is_over());
            self.outputs.iter().any(over)
        };
        if let (Some(limit), Some(_)) = (self.options.limits.output, &self.answer)
            && exceeds(limit)
        {
            return Err(WorkerError::OutputTooLarge { limit });
        }
        let ending = self.ending.map(|(ending, _)| ending);
        match self.answer.take() {
            // A worker that the runner has taken over may send what no library may return.
            Some(Ok(payload)) if is_deeper(&payload, MAX_DEPTH) => Err(WorkerError::Protocol(
                format!("its result is nested more than {MAX_DEPTH} levels deep"),
            )),
            Some(Ok(payload)) => serde_json::from_slice(&payload).map_err(|error| {
                WorkerError::Protocol(format!("its result cannot be read: {error}"))
            }),
            Some(Err(failure)) => Err(exit_status::of_failure(failure, ending)),
            None => {
                let stderr_tail = self.process.stderr_tail();
                let limits = &self.options.limits;
                Err(exit_status::of_end(status, ending, limits, stderr_tail))
            }
        }
    }
}
