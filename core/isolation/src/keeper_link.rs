//! The connection between a host and the keeper of a worker.
//!
//! No code of a runner ever holds this connection. It closes when the dispatch is over, or when the
//! host dies for any reason. The keeper then ends the worker and every process that it started. The
//! keeper sends what the worker cannot send itself: its exit status, that no process is left, and what
//! they used.

use std::{
    io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
    process::WaitIdStatus,
};

use super::usage::CallUsage;

/// The size of a wait status: a native `i32`.
const STATUS: usize = size_of::<i32>();
/// The byte that follows the status when no process of the worker is left. After it comes what they
/// used.
const SWEPT: u8 = 1;
/// The size of everything that a keeper sends.
const WHOLE: usize = STATUS + 1 + CallUsage::SIZE;

/// The host's end.
#[derive(Debug)]
pub(super) struct HostEnd {
    socket: UnixStream,
    received: Vec<u8>,
}

impl HostEnd {
    /// Sends the other end to a process that will become the keeper, through `socket`, which its
    /// worker will use.
    pub(super) fn attach(socket: &UnixStream) -> io::Result<Self> {
        let (link, theirs) = UnixStream::pair()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = SendAncillaryBuffer::new(&mut space);
        let files = [theirs.as_fd()];
        message.push(SendAncillaryMessage::ScmRights(&files));
        sendmsg(
            socket,
            &[IoSlice::new(&[0])],
            &mut message,
            SendFlags::empty(),
        )?;
        link.set_nonblocking(true)?;
        Ok(Self {
            socket: link,
            received: Vec::new(),
        })
    }

    /// The worker's exit status, if the keeper has reported it.
    pub(super) fn worker_ended(&mut self) -> Option<ExitStatus> {
        self.receive();
        let status = self.received.first_chunk::<STATUS>()?;
        Some(ExitStatus::from_raw(i32::from_ne_bytes(*status)))
    }

    /// Closes the host's side and waits until the keeper is done. Returns whether no process is
    /// left.
    pub(super) fn close_and_wait(&mut self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        // Both fail only if the other end is closed.
        let _ = self.socket.shutdown(Shutdown::Write);
        let _ = self.socket.set_nonblocking(false);
        loop {
            let remaining = end.saturating_duration_since(Instant::now());
            if remaining.is_zero()
                || self.socket.set_read_timeout(Some(remaining)).is_err()
                || !self.receive()
            {
                break;
            }
        }
        self.received.get(STATUS) == Some(&SWEPT)
    }

    /// What the worker and the processes that it started used, if none of them is left.
    pub(super) fn usage(&self) -> Option<CallUsage> {
        if self.received.get(STATUS) != Some(&SWEPT) {
            return None;
        }
        self.received
            .get(STATUS + 1..)?
            .first_chunk()
            .map(CallUsage::decode)
    }

    /// Reads what the keeper has sent. Returns whether more can follow.
    fn receive(&mut self) -> bool {
        // A keeper sends no more than this, so anything longer does not come from a keeper.
        let mut room = [0; WHOLE];
        match self.socket.read(&mut room) {
            Ok(0) => false,
            Ok(read) => {
                self.received.extend_from_slice(&room[..read]);
                self.received.len() < WHOLE
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }
}

/// The keeper's end.
#[derive(Debug)]
pub(super) struct KeeperEnd(UnixStream);

/// The role that the first message gives to a process that a host or a keeper has started.
pub(super) enum Beginning {
    /// The process is a keeper.
    Keeper(KeeperEnd),
    /// The process is a worker. Holds the bytes read from the socket so far.
    Worker(Vec<u8>),
}

impl Beginning {
    /// Reads the first byte of the socket, with the file descriptor that may come with it.
    pub(super) fn read(socket: &UnixStream) -> io::Result<Self> {
        let mut byte = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = RecvAncillaryBuffer::new(&mut space);
        let read = recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut byte)],
            &mut message,
            RecvFlags::empty(),
        )?;
        let file = message.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        match file {
            Some(file) => KeeperEnd::new(file).map(Self::Keeper),
            None => Ok(Self::Worker(byte[..read.bytes].to_vec())),
        }
    }
}

impl KeeperEnd {
    fn new(file: OwnedFd) -> io::Result<Self> {
        // Set before there is a worker that could inherit it.
        fcntl_setfd(&file, FdFlags::CLOEXEC)?;
        Ok(Self(UnixStream::from(file)))
    }

    /// Returns when the host has closed its side.
    pub(super) fn await_release(&self) {
        let mut byte = [0];
        while (&self.0)
            .read(&mut byte)
            .is_err_and(|error| error.kind() == ErrorKind::Interrupted)
        {}
    }

    /// Sends the worker's exit status to the host.
    pub(super) fn send_status(&self, status: &WaitIdStatus) {
        // If this fails, the host is gone and does not need the status.
        let _ = (&self.0).write_all(&wait_status(status).to_ne_bytes());
    }

    /// Tells the host that no process of the worker is left, and what they used.
    pub(super) fn send_swept(&self, usage: &CallUsage) {
        let mut message = vec![SWEPT];
        message.extend(usage.encode());
        let _ = (&self.0).write_all(&message);
    }
}

/// A status as `waitpid` reports it: the exit code in the second byte, or the signal in the first.
fn wait_status(status: &WaitIdStatus) -> i32 {
    const CORE_DUMPED: i32 = 0x80;
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => (code & 0xff) << 8,
        (None, signal) => {
            let dumped = if status.dumped() { CORE_DUMPED } else { 0 };
            signal.unwrap_or(0) | dumped
        }
    }
}
