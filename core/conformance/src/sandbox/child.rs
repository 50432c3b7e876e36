//! The process of a probe: opens the runner's library and makes the calls.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    contracts::{
        Capabilities, Level, Operation,
        abi::host::{CallError, LateEvents, LoadedRunner},
        emit::{Event, EventSink},
        error::with_causes,
        operation::OperationVisitor,
    },
    worker,
};
use rustix::process::{Signal, getpgrp, kill_process_group};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    descendants,
    process_state::{State, Usage, others_at_work, threads},
    task::{Answer, Call, Last, Line, Manner, Opening, Outcome, Task},
};

/// How long the process waits after the calls before it reports what it uses.
const SETTLING: Duration = Duration::from_millis(300);
/// While another thread is running, the process waits until it has used so much processor time, in
/// hundredths of a second. A thread that is about to end does not, however busy the machine is.
const SETTLING_TICKS: u64 = 50;
/// The longest that it waits in any case.
const LONGEST_SETTLING: Duration = Duration::from_secs(60);

/// Serves one task on the socket that is the standard input. Never returns: the process that started it
/// kills it.
pub fn serve() -> ! {
    descendants::inherit();
    match take_socket().and_then(attend) {
        Err(error) => {
            eprintln!("this process is a probe of protea's conformance suite: {error}");
            std::process::exit(2)
        }
        Ok(Leave::ByItself) => std::process::exit(0),
        // Exiting would run the destructors of the runner's library.
        Ok(Leave::Killed) => {
            thread::sleep(Duration::from_secs(60));
            kill_own_group()
        }
    }
}

/// How the process ends.
enum Leave {
    ByItself,
    Killed,
}

fn kill_own_group() -> ! {
    let _ = kill_process_group(getpgrp(), Signal::KILL);
    std::process::abort()
}

/// Moves the socket away from standard input, which a runner may read or close.
fn take_socket() -> std::io::Result<UnixStream> {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(socket)
}

fn attend(socket: UnixStream) -> std::io::Result<Leave> {
    // A runner must not kill the process that started the probe and cleans up after it.
    worker::protect_parent();
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    // The output of a test harness so far is not the runner's.
    for stream in [std::io::stdout().as_fd(), std::io::stderr().as_fd()] {
        let mut file = File::from(stream.try_clone_to_owned()?);
        let _ = file.set_len(0).and_then(|()| file.rewind());
    }
    // This process ends with the one that started it.
    thread::Builder::new().spawn(move || {
        let mut rest = String::new();
        let _ = reader.read_line(&mut rest);
        kill_own_group()
    })?;
    let threads = match task.count_threads {
        true => Some(ThreadCount::begin()?),
        false => None,
    };
    task.limits.impose()?;
    let out = Mutex::new(socket);
    send(&out, &Line::Began(Usage::now(), State::now()));
    match open(&task) {
        Ok((runner, said)) => {
            send(&out, &Line::Opened(said, Usage::now(), State::now()));
            let ended = call_all(runner, &task, threads.as_ref(), &out);
            if task.settle {
                settle();
            }
            let last = Last {
                usage: Usage::now(),
                state: State::now(),
                late: ended.iter().map(LateEvents::count).sum(),
            };
            send(&out, &Line::Finished(last));
        }
        Err(reason) => send(&out, &Line::Refused(reason)),
    }
    Ok(match task.leave {
        true => Leave::ByItself,
        false => Leave::Killed,
    })
}

fn settle() {
    let began = Instant::now();
    let ticks = || Usage::now().ticks.unwrap_or_default();
    let enough = ticks() + SETTLING_TICKS;
    thread::sleep(SETTLING);
    while others_at_work() && ticks() < enough && began.elapsed() < LONGEST_SETTLING {
        thread::sleep(SETTLING / 10);
    }
}

fn send(out: &Mutex<UnixStream>, line: &Line) {
    let Ok(mut text) = serde_json::to_string(line) else {
        // Every value came from JSON, so it can be written as JSON.
        kill_own_group()
    };
    text.push('\n');
    let mut socket = out.lock().unwrap_or_else(PoisonError::into_inner);
    if socket.write_all(text.as_bytes()).is_err() {
        kill_own_group()
    }
}

fn open(task: &Task) -> Result<(LoadedRunner, Vec<Capabilities>), String> {
    let one = |path: &Path| -> Result<(LoadedRunner, Capabilities), String> {
        let runner = LoadedRunner::open(path).map_err(|error| with_causes(&error))?;
        let said = runner
            .describe()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((runner, said))
    };
    let library = task.library.as_path();
    let opened: Vec<(LoadedRunner, Capabilities)> = match &task.opening {
        Opening::Once => vec![one(library)?],
        Opening::Repeated(times) => (0..*times)
            .map(|_| one(library))
            .collect::<Result<_, _>>()?,
        Opening::AtOnce(threads) => thread::scope(|scope| {
            let threads: Vec<_> = (0..*threads)
                .map(|_| scope.spawn(|| one(library)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err("opening it panicked".to_owned()))
                })
                .collect::<Result<_, _>>()
        })?,
        Opening::After(others) => {
            // The tests of the other runners report those that do not open.
            let mut opened: Vec<_> = others.iter().filter_map(|path| one(path).ok()).collect();
            opened.push(one(library)?);
            // Opened again, to see whether this library changed them.
            opened.extend(others.iter().filter_map(|path| one(path).ok()));
            opened.push(one(library)?);
            opened
        }
    };
    let runner = opened.last().ok_or("it was not opened")?.0;
    Ok((runner, opened.into_iter().map(|(_, said)| said).collect()))
}

fn call_all(
    runner: LoadedRunner,
    task: &Task,
    threads: Option<&ThreadCount>,
    out: &Mutex<UnixStream>,
) -> Vec<LateEvents> {
    let ended = Mutex::new(Vec::new());
    let one = |(at, request): (usize, &Call)| {
        let sink = Arc::new(Sink {
            manner: task.manner,
            events: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        if let Some(threads) = threads {
            threads.reset();
        }
        let began = Instant::now();
        let (outcome, late) = call(runner, request, Arc::clone(&sink) as Arc<dyn EventSink>);
        let answer = Answer {
            call: at,
            outcome,
            seconds: began.elapsed().as_secs_f64(),
            usage: Usage::now(),
            events: sink.events.load(Ordering::SeqCst),
            bytes: sink.bytes.load(Ordering::SeqCst),
            peak_threads: threads.map(ThreadCount::peak),
        };
        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(late);
        send(out, &Line::Answered(Box::new(answer)));
    };
    if task.at_once {
        // All threads are there before the first call, so that the calls overlap on a busy machine too.
        let all_there = Barrier::new(task.calls.len());
        thread::scope(|scope| {
            for item in task.calls.iter().enumerate() {
                let all_there = &all_there;
                scope.spawn(move || {
                    all_there.wait();
                    one(item);
                });
            }
        });
    } else {
        let clock = Clock::start();
        let in_budget = |_: &(usize, &Call)| task.budget.is_none_or(|most| clock.spent() < most);
        let calls = task.calls.iter().enumerate();
        calls.take_while(in_budget).for_each(one);
    }
    ended.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn call(runner: LoadedRunner, call: &Call, sink: Arc<dyn EventSink>) -> (Outcome, LateEvents) {
    let request = to_raw_value(&call.request).expect("a JSON value can be written");
    let called = runner.call_json(call.operation, &request, sink);
    let outcome = match called.result {
        Ok(result) => call.operation.visit(ReadResult(&result)),
        Err(CallError::Runner(error)) => Outcome::Error(error),
        Err(CallError::Panicked(panic)) => Outcome::Panicked(panic),
        Err(CallError::Protocol(message)) => Outcome::Protocol(message),
    };
    // The result is dropped: what a probe keeps would be counted as memory of the runner.
    (outcome, called.late)
}

/// Reads the result of an operation.
struct ReadResult<'r>(&'r RawValue);

impl OperationVisitor for ReadResult<'_> {
    type Output = Outcome;

    fn visit<O: Operation>(self) -> Outcome {
        let read = serde_json::from_str::<O::Response>(self.0.get())
            .map_err(|error| format!("its result cannot be read: {error}"))
            .and_then(|result| serde_json::to_value(result).map_err(|error| error.to_string()));
        read.map_or_else(Outcome::Protocol, Outcome::Result)
    }
}

/// Measures the time of the calls for [`Task::budget`].
///
/// Processor time does not depend on how busy the machine is. A call that only waits uses none, so a
/// quarter of the wall time counts if that is more.
struct Clock {
    began: Instant,
    ticks: u64,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            ticks: Usage::now().ticks.unwrap_or_default(),
        }
    }

    /// In seconds.
    fn spent(&self) -> f64 {
        let ticks = Usage::now().ticks.unwrap_or_default();
        let processor = ticks.saturating_sub(self.ticks) as f64 / 100.0;
        processor.max(self.began.elapsed().as_secs_f64() / 4.0)
    }
}

/// Counts the threads of the process, every millisecond.
struct ThreadCount {
    peak: Arc<AtomicU64>,
}

impl ThreadCount {
    fn begin() -> std::io::Result<Self> {
        let peak = Arc::new(AtomicU64::new(0));
        let shared = Arc::clone(&peak);
        thread::Builder::new().spawn(move || {
            loop {
                shared.fetch_max(threads().unwrap_or_default(), Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
            }
        })?;
        Ok(Self { peak })
    }

    fn reset(&self) {
        self.peak.store(0, Ordering::SeqCst);
    }

    fn peak(&self) -> u64 {
        let now = threads().unwrap_or_default();
        self.peak.fetch_max(now, Ordering::SeqCst).max(now)
    }
}

struct Sink {
    manner: Manner,
    events: AtomicU64,
    bytes: AtomicU64,
}

impl EventSink for Sink {
    fn level(&self) -> Level {
        Level::Debug
    }

    fn receive(&self, event: &Event<'_>) {
        let message = event.message.map_or(0, str::len);
        let bytes = event.name.len() + message + event.fields.len();
        self.events.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
        if self.manner == Manner::Panicking {
            // Without the panic hook, whose output would count as the runner's.
            std::panic::resume_unwind(Box::new("the host's callback panics on purpose"));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.manner == Manner::Refusing
    }
}
