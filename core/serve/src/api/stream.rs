//! Server-sent events on a connection.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::http::write_stream_head;

/// How often something is sent, to notice that a client has disconnected.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream of events to one client.
pub struct Events<'s> {
    stream: &'s mut TcpStream,
    sent: Instant,
}

impl<'s> Events<'s> {
    /// Begins the answer.
    pub fn begin(stream: &'s mut TcpStream) -> io::Result<Self> {
        write_stream_head(stream)?;
        Ok(Self {
            stream,
            sent: Instant::now(),
        })
    }

    /// Sends an event. JSON has no line breaks, which would end it.
    pub fn send(&mut self, name: &str, value: &Value) -> io::Result<()> {
        let text = format!("event: {name}\ndata: {value}\n\n");
        self.stream.write_all(text.as_bytes())?;
        self.sent = Instant::now();
        Ok(())
    }

    /// Waits. An error if the client is gone.
    pub fn wait(&mut self, time: Duration) -> io::Result<()> {
        if self.sent.elapsed() > HEARTBEAT {
            self.stream.write_all(b":\n\n")?;
            self.sent = Instant::now();
        }
        let deadline = Instant::now() + time;
        let mut ignored = [0; 256];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut ignored) {
                Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
                // The client has nothing to say.
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
