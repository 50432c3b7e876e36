//! The probe's side.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
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

/// How long the process stands still after the calls, before what it uses is counted.
const SETTLING: Duration = Duration::from_millis(300);
/// How long at most, where a thread is still at work: it may be ending, and on a busy machine that
/// takes a while; or it goes on, and then has to come to do so.
const LONGEST_SETTLING: Duration = Duration::from_secs(3);

/// Serves one task on the socket that stands in for standard input. Never returns: whoever started
/// the process kills it.
pub fn serve() -> ! {
    descendants::inherit();
    match take_socket().and_then(attend) {
        Err(error) => {
            eprintln!("this process is a probe of protea's conformance suite: {error}");
            std::process::exit(2)
        }
        Ok(Leave::ByItself) => std::process::exit(0),
        // Ending by itself would run the destructors of the runner's library.
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
    // What came of a probe is found by who started it, which a runner must not end before.
    worker::protect_parent();
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    // What a test harness has printed so far is none of the runner's.
    for stream in [std::io::stdout().as_fd(), std::io::stderr().as_fd()] {
        let mut file = File::from(stream.try_clone_to_owned()?);
        let _ = file.set_len(0).and_then(|()| file.rewind());
    }
    // When whoever asked is gone, so is this process.
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
    say(&out, &Line::Began(Usage::now(), State::now()));
    match open(&task) {
        Ok((runner, said)) => {
            say(&out, &Line::Opened(said, Usage::now(), State::now()));
            let ended = call_all(runner, &task, threads.as_ref(), &out);
            if task.settle {
                settle();
            }
            let last = Last {
                usage: Usage::now(),
                state: State::now(),
                late: ended.iter().map(LateEvents::count).sum(),
            };
            say(&out, &Line::Finished(last));
        }
        Err(reason) => say(&out, &Line::Refused(reason)),
    }
    Ok(match task.leave {
        true => Leave::ByItself,
        false => Leave::Killed,
    })
}

fn settle() {
    let began = Instant::now();
    thread::sleep(SETTLING);
    while others_at_work() && began.elapsed() < LONGEST_SETTLING {
        thread::sleep(SETTLING / 10);
    }
}

fn say(out: &Mutex<UnixStream>, line: &Line) {
    let Ok(mut text) = serde_json::to_string(line) else {
        // A result with what JSON cannot hold has come through JSON; it cannot happen.
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
        let runner = LoadedRunner::open(path).map_err(|error| error.to_string())?;
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
            // Another runner that does not open is its own test's business.
            let mut opened: Vec<_> = others.iter().filter_map(|path| one(path).ok()).collect();
            opened.push(one(library)?);
            // The others must not have changed by it.
            opened.extend(others.iter().filter_map(|path| one(path).ok()));
            opened.push(one(library)?);
            opened
        }
    };
    let runner = opened.last().ok_or("it was opened no time at all")?.0;
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
            threads.anew();
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
        say(out, &Line::Answered(Box::new(answer)));
    };
    if task.at_once {
        thread::scope(|scope| {
            for item in task.calls.iter().enumerate() {
                scope.spawn(move || one(item));
            }
        });
    } else {
        let began = Instant::now();
        let in_budget = |_: &(usize, &Call)| {
            task.budget
                .is_none_or(|most| began.elapsed().as_secs_f64() < most)
        };
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

/// Looks again and again how many threads there are.
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

    fn anew(&self) {
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
            // Without the hook, whose words would count as the runner's.
            std::panic::resume_unwind(Box::new("the host's callback panics, as it is told to"));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.manner == Manner::Refusing
    }
}
