//! The messages between host and worker: frames on a socket, in both directions.
//!
//! A frame is a little-endian `u32` length, a byte for its kind, and a payload of that length. The
//! host does not trust the worker: a frame that is too long, unknown or invalid ends the dispatch.

use protea_contracts::{
    OperationKind, Sha256,
    event::{Event, Level, METRIC},
};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{limits::WorkerLimits, sandbox::Enclosure};

/// The signal with which a worker ends when its runner has closed the connection to the host.
pub(super) const CUT_OFF: Signal = Signal::USR2;

/// The longest payload that either side accepts, in bytes.
pub(super) const LONGEST: usize = 64 << 20;
const HEADER: usize = 5;

/// What the host asks of a worker: the first frame.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    /// The runner's library.
    pub library: std::path::PathBuf,
    /// The SHA-256 that its file must have.
    pub sha256: Sha256,
    /// Which call.
    pub call: WorkerCall,
    /// The request, as JSON.
    pub request: Box<RawValue>,
    /// Events below this level are not sent.
    pub level: Level,
    /// The resource limits of the process.
    pub limits: WorkerLimits,
    /// The sandbox of the process.
    pub enclosure: Enclosure,
    /// How long to stay after the answer to report late events, in milliseconds.
    pub linger: u64,
    /// Whether the host says which events it has handled. A host of version 1.1 does not.
    #[serde(default)]
    pub acknowledges: bool,
}

/// The call that a worker makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WorkerCall {
    /// Its [`Capabilities`](protea_contracts::Capabilities). The request is ignored.
    Describe,
    /// An operation.
    Operation(OperationKind),
}

/// A frame's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Host: a [`Start`] as JSON.
    Start = 1,
    /// Host: the call should end. No payload.
    Cancel = 2,
    /// Worker: an event; see [`encode_event`].
    Event = 3,
    /// Worker: the result of the call, as JSON.
    Result = 4,
    /// Worker: the call's [`Failure`], as JSON.
    Failure = 5,
    /// Worker: the number of late events, as JSON. The last frame.
    Bye = 6,
    /// Host: how many [`AwaitedEvent`](Self::AwaitedEvent)s it has handled since the beginning, as a
    /// little-endian `u64`. Sent only to a worker that sends such events.
    Handled = 7,
    /// Worker: as [`Event`](Self::Event). The worker waits until the host has handled it.
    AwaitedEvent = 8,
}

/// How a call failed while the worker kept running.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Runner(protea_contracts::RunnerError),
    Panicked(protea_contracts::abi::host::Panic),
    Protocol(String),
    /// The library does not open.
    Open(String),
    /// The worker could not be set up.
    Setup(String),
    /// What a strict sandbox needs and this system does not have.
    Sandbox(String),
}

/// Why the other side's bytes are not a frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("it sent a frame of {0} bytes; at most {LONGEST} are allowed")]
    TooLong(usize),
    #[error("it sent a frame of the unknown kind {0}")]
    Kind(u8),
    #[error("it sent an incomplete event")]
    Event,
}

/// Begins a frame in `buffer`; [`end`] closes it.
pub(super) fn begin(buffer: &mut Vec<u8>, kind: Kind) -> usize {
    let at = buffer.len();
    buffer.extend_from_slice(&[0, 0, 0, 0, kind as u8]);
    at
}

/// Closes the frame that [`begin`] opened at `at`.
pub(super) fn end(buffer: &mut [u8], at: usize) {
    let length = u32::try_from(buffer.len() - at - HEADER).unwrap_or(u32::MAX);
    buffer[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// A whole frame.
pub(super) fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(HEADER + payload.len());
    let at = begin(&mut buffer, kind);
    buffer.extend_from_slice(payload);
    end(&mut buffer, at);
    buffer
}

/// Whether the worker waits until the host has handled an event: a value or a problem of the run,
/// which must not be lost when the host is killed. Progress and what a runner tells otherwise is not
/// worth waiting for.
pub(super) fn is_awaited(event: &Event<'_>) -> bool {
    event.name == METRIC || event.level >= Level::Warning
}

/// Appends an event: level, length of the name (`u16`), whether there is a message, its length
/// (`u32`), then name, message and fields.
pub(super) fn encode_event(buffer: &mut Vec<u8>, kind: Kind, event: &Event<'_>) {
    let name = truncated(event.name, usize::from(u16::MAX));
    let message = event.message.map(|text| truncated(text, LONGEST / 4));
    let at = begin(buffer, kind);
    buffer.push(event.level as u8);
    buffer.extend_from_slice(&(name.len() as u16).to_le_bytes());
    buffer.push(u8::from(message.is_some()));
    buffer.extend_from_slice(&(message.map_or(0, str::len) as u32).to_le_bytes());
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(message.unwrap_or_default().as_bytes());
    if event.fields.len() <= LONGEST / 4 {
        buffer.extend_from_slice(event.fields);
    } else {
        buffer.extend_from_slice(br#"{"dropped":"fields of more than 16 MiB"}"#);
    }
    end(buffer, at);
}

fn truncated(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Reads what [`encode_event`] wrote.
pub(super) fn decode_event(payload: &[u8]) -> Result<Event<'_>, FrameError> {
    let (head, rest) = payload.split_at_checked(8).ok_or(FrameError::Event)?;
    let name_length = usize::from(u16::from_le_bytes([head[1], head[2]]));
    let message_length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let (name, rest) = rest
        .split_at_checked(name_length)
        .ok_or(FrameError::Event)?;
    let (message, fields) = rest
        .split_at_checked(message_length)
        .ok_or(FrameError::Event)?;
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| FrameError::Event);
    Ok(Event {
        name: text(name)?,
        message: (head[3] != 0).then(|| text(message)).transpose()?,
        fields,
        level: Level::from_number(head[0]),
    })
}

/// Splits the bytes read so far into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    start: usize,
}

impl Frames {
    /// Room to read into; [`advance`](Self::advance) says how much was read.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start * 2 > self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame. `None` if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<(Kind, &[u8])>, FrameError> {
        let waiting = &self.buffer[self.start..];
        let Some((header, rest)) = waiting.split_at_checked(HEADER) else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        if length > LONGEST {
            return Err(FrameError::TooLong(length));
        }
        let kind = match header[4] {
            1 => Kind::Start,
            2 => Kind::Cancel,
            3 => Kind::Event,
            4 => Kind::Result,
            5 => Kind::Failure,
            6 => Kind::Bye,
            7 => Kind::Handled,
            8 => Kind::AwaitedEvent,
            other => return Err(FrameError::Kind(other)),
        };
        if rest.len() < length {
            return Ok(None);
        }
        let begin = self.start + HEADER;
        self.start = begin + length;
        Ok(Some((kind, &self.buffer[begin..begin + length])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_event_arrives_as_it_was_sent_however_it_is_cut(
            name in ".{0,40}", message in proptest::option::of(".{0,40}"),
            fields in "[ -~]{0,60}", level in 0_u8..4, cut in 1_usize..30,
        ) {
            let event = Event {
                name: &name, message: message.as_deref(), fields: fields.as_bytes(),
                level: Level::from_number(level),
            };
            let mut bytes = Vec::new();
            encode_event(&mut bytes, Kind::Event, &event);
            let mut frames = Frames::default();
            let mut seen = 0;
            for part in bytes.chunks(cut) {
                frames.extend(part);
                while let Some((kind, payload)) = frames.next().unwrap() {
                    prop_assert_eq!(kind, Kind::Event);
                    prop_assert_eq!(decode_event(payload).unwrap(), event);
                    seen += 1;
                }
            }
            prop_assert_eq!(seen, 1);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::default();
            frames.extend(&bytes);
            while let Ok(Some((_, payload))) = frames.next() {
                let _ = decode_event(payload);
            }
        }
    }
}
