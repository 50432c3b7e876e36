//! Starts a probe, listens to it and cleans up after it.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    os::{
        fd::OwnedFd,
        unix::{fs::FileExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use protea_core::{
    DispatchError,
    contracts::Capabilities,
    worker::{self, WorkerCommand, WorkerLimits, orphans},
};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{
    descendants::{self, Descendant},
    process_state::{State, Usage},
    task::{Answer, Last, Line, Task},
};

/// How often the deadline is checked.
const TICK: Duration = Duration::from_millis(10);
/// The most bytes of messages from a probe.
const MOST_SAID: usize = 256 << 20;
/// The most bytes that a probe may print.
const MOST_PRINTED: u64 = 64 << 20;
const STDERR_TAIL: u64 = 2 << 10;
/// At most so many bytes of the first printed line are shown.
const MOST_SHOWN: usize = 200;

/// What a probe did.
#[derive(Debug)]
pub struct Probed {
    /// What the process used, and its state, before the library was opened.
    pub began: Option<(Usage, State)>,
    /// How the runner described itself each time that it was opened, what the process used, and its state.
    pub opened: Option<(Vec<Capabilities>, Usage, State)>,
    /// The calls that ended, in that order.
    pub answers: Vec<Answer>,
    /// How the probe ended.
    pub end: End,
    /// Processes that the runner started and left running.
    pub children: usize,
    /// What the runner wrote to standard output and standard error.
    pub printed: Printed,
}

/// What a process printed.
#[derive(Debug, Default)]
pub struct Printed {
    /// Bytes on standard output and standard error.
    pub bytes: u64,
    /// The first line, of standard output if it has any, at most 200 bytes of it.
    pub first_line: String,
}

/// How a probe ended.
#[derive(Debug)]
pub enum End {
    /// It made all calls, except for those beyond the budget.
    Finished(Last),
    /// The library does not open.
    Refused(String),
    /// The process ended.
    Died(DispatchError),
    /// It exceeded its time limit.
    TimedOut,
}

/// Runs a probe with its home and temporary files in `directory`. `time` is the limit for opening the
/// library, for each call, and for ending.
///
/// # Errors
///
/// When the process cannot be started.
pub fn probe(
    command: &WorkerCommand,
    task: &Task,
    directory: &Path,
    time: Duration,
) -> io::Result<Probed> {
    let mut process = Process::start(command, directory)?;
    let mut text = serde_json::to_string(task)?;
    text.push('\n');
    let mut limits = task.limits.clone();
    // Without a limit, the output files could fill the disk.
    limits.output.get_or_insert(MOST_PRINTED);
    let mut seen = Probed {
        began: None,
        opened: None,
        answers: Vec::new(),
        end: End::TimedOut,
        children: 0,
        printed: Printed::default(),
    };
    // Listening reports a probe that dies at once.
    let _ = process.socket.write_all(text.as_bytes());
    seen.end = process.listen(&mut seen, time, &limits)?;
    process.remember_descendants();
    if task.leave && matches!(seen.end, End::Finished(_)) {
        seen.end = process.leaves(seen.end, time, &limits)?;
    }
    seen.children = process.children();
    seen.printed = process.printed();
    Ok(seen)
}

struct Process {
    child: Child,
    socket: UnixStream,
    id: String,
    output: [File; 2],
    gone: Option<ExitStatus>,
    descendants: Vec<Descendant>,
}

impl Process {
    fn start(command: &WorkerCommand, directory: &Path) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let id = orphans::new_id()?;
        let home = made(directory, "home")?;
        let output = [tempfile::tempfile()?, tempfile::tempfile()?];
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .env(orphans::VARIABLE, &id)
            .env("HOME", &home)
            .env("TMPDIR", made(directory, "temporary")?)
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .current_dir(made(directory, "current")?)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output[0].try_clone()?)
            .stderr(output[1].try_clone()?)
            .process_group(0)
            .spawn()?;
        socket.set_read_timeout(Some(TICK))?;
        Ok(Self {
            child,
            socket,
            id,
            output,
            gone: None,
            descendants: Vec::new(),
        })
    }

    fn listen(
        &mut self,
        seen: &mut Probed,
        time: Duration,
        limits: &WorkerLimits,
    ) -> io::Result<End> {
        let mut deadline = Instant::now() + time;
        let mut said = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            match self.socket.read(&mut chunk) {
                Ok(0) => return self.ended(limits),
                Ok(read) => {
                    said.extend_from_slice(&chunk[..read]);
                    total += read;
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(_) => return self.ended(limits),
            }
            while let Some(end) = said.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = said.drain(..=end).collect();
                deadline = Instant::now() + time;
                match serde_json::from_slice(&line) {
                    Ok(Line::Began(usage, state)) => seen.began = Some((usage, state)),
                    Ok(Line::Opened(capabilities, usage, state)) => {
                        seen.opened = Some((capabilities, usage, state));
                    }
                    Ok(Line::Answered(answer)) => seen.answers.push(*answer),
                    Ok(Line::Refused(reason)) => return Ok(End::Refused(reason)),
                    Ok(Line::Finished(last)) => return Ok(End::Finished(last)),
                    Err(error) => {
                        return Ok(End::Died(DispatchError::Protocol(error.to_string())));
                    }
                }
            }
            if total > MOST_SAID {
                return Ok(End::Died(DispatchError::Protocol(
                    "it sends more messages than the suite reads".to_owned(),
                )));
            }
            if Instant::now() >= deadline {
                return Ok(End::TimedOut);
            }
            if self.gone.is_none() {
                self.gone = self.child.try_wait()?;
            } else if said.is_empty() {
                return self.ended(limits);
            }
        }
    }

    /// Waits until the process exits after its work.
    fn leaves(&mut self, end: End, time: Duration, limits: &WorkerLimits) -> io::Result<End> {
        let deadline = Instant::now() + time;
        while self.gone.is_none() {
            if Instant::now() >= deadline {
                return Ok(End::TimedOut);
            }
            std::thread::sleep(Duration::from_millis(1));
            self.gone = self.child.try_wait()?;
        }
        match self.gone {
            Some(status) if status.success() => Ok(end),
            _ => self.ended(limits),
        }
    }

    /// The socket is closed: the process is ending, unless the runner closed the socket.
    fn ended(&mut self, limits: &WorkerLimits) -> io::Result<End> {
        // On a busy machine, a process that crashed takes a while to be gone.
        let patience = Instant::now() + Duration::from_secs(10);
        while self.gone.is_none() && Instant::now() < patience {
            self.gone = self.child.try_wait()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(End::Died(match self.gone {
            Some(status) => worker::explain_end(status, limits, self.stderr_tail()).into(),
            None => DispatchError::Protocol(
                "it closed its connection to the host and continued".to_owned(),
            ),
        }))
    }

    fn stderr_tail(&mut self) -> String {
        let read = |file: &mut File| -> io::Result<Vec<u8>> {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(STDERR_TAIL)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read(&mut self.output[1]).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Records its descendants while it is running.
    fn remember_descendants(&mut self) {
        if self.gone.is_none()
            && let Some(pid) = self.pid()
        {
            self.descendants = descendants::of(pid);
        }
    }

    /// How many processes the runner started and left running.
    fn children(&self) -> usize {
        let mut pids: Vec<Pid> = self.descendants.iter().map(|child| child.pid).collect();
        let marked = orphans::marked(&self.id).into_iter();
        let unknown: Vec<Pid> = marked
            .filter(|pid| Some(*pid) != self.pid() && !pids.contains(pid))
            .collect();
        pids.extend(unknown);
        pids.len()
    }

    fn printed(&self) -> Printed {
        let length = |file: &File| file.metadata().map_or(0, |metadata| metadata.len());
        let mut first = [0; MOST_SHOWN];
        // Not `read`, which would move the position at which a process that is left writes.
        let read = |file: &File, into: &mut [u8]| file.read_at(into, 0).unwrap_or_default();
        let begins = self
            .output
            .iter()
            .map(|file| read(file, &mut first))
            .find(|read| *read > 0);
        let text = String::from_utf8_lossy(&first[..begins.unwrap_or_default()]).into_owned();
        Printed {
            bytes: self.output.iter().map(length).sum(),
            first_line: text
                .trim_start()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.descendants);
        if let Some(pid) = self.pid().filter(|_| self.gone.is_none()) {
            left.extend(descendants::of(pid));
            // The group first: as long as its leader exists, its id is not reused.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        for descendant in left {
            descendant.kill();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        orphans::kill(&self.id);
    }
}

fn made(directory: &Path, name: &str) -> io::Result<PathBuf> {
    let path = directory.join(name);
    std::fs::create_dir_all(&path)?;
    Ok(path)
}
