//! An event as a line of text.
//!
//! `log` events, which come by the million, are written by hand; the tests hold them against what
//! serde writes and reads.

use std::io::Write;

use jiff::Timestamp;

use crate::{Event, EventKind, Metric, number};

/// Writes events as lines; remembers the text of the current second.
#[derive(Debug, Default)]
pub(crate) struct LineWriter {
    second: i64,
    date: String,
}

impl LineWriter {
    /// Appends the event and a line break to `line`.
    pub(crate) fn write(
        &mut self,
        line: &mut Vec<u8>,
        event: &Event<'_>,
    ) -> Result<(), serde_json::Error> {
        match &event.kind {
            EventKind::Log { step, metrics } => {
                line.extend_from_slice(b"{\"seq\":");
                line.extend_from_slice(itoa::Buffer::new().format(event.seq).as_bytes());
                line.extend_from_slice(b",\"time\":\"");
                self.time(line, event.time);
                line.extend_from_slice(b"\",\"event\":\"log\",\"step\":");
                line.extend_from_slice(itoa::Buffer::new().format(*step).as_bytes());
                line.extend_from_slice(b",\"metrics\":");
                object(line, metrics)?;
                line.push(b'}');
            }
            _ => serde_json::to_writer(&mut *line, event)?,
        }
        line.push(b'\n');
        Ok(())
    }

    fn time(&mut self, line: &mut Vec<u8>, time: Timestamp) {
        // Before 1970 the fraction counts backwards; no clock of a run stands there.
        let microseconds = time.as_microsecond().max(0);
        let (second, mut rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
        if self.date.is_empty() || second != self.second {
            self.second = second;
            self.date = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        line.extend_from_slice(self.date.as_bytes());
        let mut digits = *b".000000Z";
        for digit in digits[1..7].iter_mut().rev() {
            // A remainder of ten is below 256.
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        line.extend_from_slice(&digits);
    }
}

fn object(line: &mut Vec<u8>, metrics: &[Metric<'_>]) -> Result<(), serde_json::Error> {
    line.push(b'{');
    for (index, metric) in metrics.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        string(line, &metric.name)?;
        line.push(b':');
        match number::text(metric.value) {
            Some(text) => write!(line, "\"{text}\"").map_err(serde_json::Error::io)?,
            None => {
                let mut digits = zmij::Buffer::new();
                line.extend_from_slice(digits.format_finite(metric.value).as_bytes());
            }
        }
    }
    line.push(b'}');
    Ok(())
}

fn string(line: &mut Vec<u8>, text: &str) -> Result<(), serde_json::Error> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
        Ok(())
    } else {
        serde_json::to_writer(line, text)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_reads_back_as_the_event(
            seq in any::<u64>(),
            step in any::<u64>(),
            microseconds in 0..4_000_000_000_000_000_i64,
            metrics in proptest::collection::vec((any::<String>(), any::<f64>()), 0..5),
        ) {
            let time = Timestamp::from_microsecond(microseconds).unwrap();
            let metrics: Vec<Metric<'_>> = metrics
                .into_iter()
                .map(|(name, value)| Metric { name: Cow::Owned(name), value })
                .collect();
            let event = Event { seq, time, kind: EventKind::Log { step, metrics } };
            let mut line = Vec::new();
            LineWriter::default().write(&mut line, &event).unwrap();
            let text = std::str::from_utf8(&line).unwrap();
            prop_assert!(text.ends_with("}\n"), "{text:?}");
            prop_assert_eq!(text.matches('\n').count(), 1);
            let read: Event<'_> = serde_json::from_str(text).unwrap();
            prop_assert_eq!(read.seq, event.seq);
            prop_assert_eq!(read.time, event.time);
            // NaN differs from itself, so the texts are compared.
            prop_assert_eq!(format!("{:?}", read.kind), format!("{:?}", event.kind));
            let by_serde = serde_json::to_value(&event).unwrap();
            let by_hand: serde_json::Value = serde_json::from_str(text).unwrap();
            prop_assert_eq!(&by_hand["metrics"], &by_serde["metrics"]);
            prop_assert_eq!(&by_hand["event"], &by_serde["event"]);
        }
    }
}
