//! The connection between a host and the keeper of a worker.
//!
//! A connection that no code of a runner ever holds. The host lets go of it when the dispatch is
//! over, or when it dies, whichever way; the keeper then ends the worker and all that came of it.
//! The other way goes what the worker cannot say itself: how it ended, and that nothing is left.

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
    process::WaitStatus,
};

/// A status as the system has it: a native `i32`.
const STATUS: usize = size_of::<i32>();
/// What follows the status when nothing that came of the worker is left.
const SWEPT: u8 = 1;

/// The host's end.
#[derive(Debug)]
pub(super) struct HostEnd {
    socket: UnixStream,
    said: Vec<u8>,
}

impl HostEnd {
    /// Sends the other end to a process that is about to become a keeper, through the connection that
    /// its worker will have.
    pub(super) fn attach(way: &UnixStream) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = SendAncillaryBuffer::new(&mut space);
        let files = [theirs.as_fd()];
        message.push(SendAncillaryMessage::ScmRights(&files));
        sendmsg(way, &[IoSlice::new(&[0])], &mut message, SendFlags::empty())?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            said: Vec::new(),
        })
    }

    /// How the worker ended, as far as the keeper has said.
    pub(super) fn worker_ended(&mut self) -> Option<ExitStatus> {
        self.hear();
        let status = self.said.first_chunk::<STATUS>()?;
        Some(ExitStatus::from_raw(i32::from_ne_bytes(*status)))
    }

    /// Lets go, and waits until the keeper is done. Whether nothing is left then.
    pub(super) fn let_go(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        // Both can only fail where there is nobody at the other end.
        let _ = self.socket.shutdown(Shutdown::Write);
        let _ = self.socket.set_nonblocking(false);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket.set_read_timeout(Some(left)).is_err() || !self.hear() {
                break;
            }
        }
        self.said.get(STATUS) == Some(&SWEPT)
    }

    /// Takes what there is to hear; whether more may come.
    fn hear(&mut self) -> bool {
        // No keeper says more, and what says more is none.
        let mut room = [0; STATUS + 1];
        match self.socket.read(&mut room) {
            Ok(0) => false,
            Ok(read) => {
                self.said.extend_from_slice(&room[..read]);
                self.said.len() <= STATUS
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }
}

/// The keeper's end.
#[derive(Debug)]
pub(super) struct KeeperEnd(UnixStream);

/// How the host's first words reach a process that it, or a keeper, has started.
pub(super) enum Beginning {
    /// It is to be a keeper.
    Keeper(KeeperEnd),
    /// It is to be a worker; what has been read of the connection so far.
    Worker(Vec<u8>),
}

impl Beginning {
    /// Reads the first byte of the connection, with what may hang on it.
    pub(super) fn read(way: &UnixStream) -> io::Result<Self> {
        let mut byte = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut message = RecvAncillaryBuffer::new(&mut space);
        let read = recvmsg(
            way,
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
        // Before there is a worker that could inherit it.
        fcntl_setfd(&file, FdFlags::CLOEXEC)?;
        Ok(Self(UnixStream::from(file)))
    }

    /// Returns when the host has let go.
    pub(super) fn await_release(&self) {
        let mut byte = [0];
        while (&self.0)
            .read(&mut byte)
            .is_err_and(|error| error.kind() == ErrorKind::Interrupted)
        {}
    }

    /// Tells how the worker ended.
    pub(super) fn tell_end(&self, status: WaitStatus) {
        // A host that is gone need not know.
        let _ = (&self.0).write_all(&status.as_raw().to_ne_bytes());
    }

    /// Tells that nothing is left.
    pub(super) fn tell_swept(&self) {
        let _ = (&self.0).write_all(&[SWEPT]);
    }
}
