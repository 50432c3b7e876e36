//! Shortens a runner's error messages for messages and manifests.

use protea_contracts::{RunnerError, abi::host::Panic};

/// How many bytes of a text are kept.
const KEPT: usize = 16 << 10;

/// How many bytes of the start and of the end of a quotation are kept.
const QUOTED: usize = 200;

/// The start of a text, with the full length if it was cut.
pub(super) fn text(text: String) -> String {
    if text.len() <= KEPT {
        return text;
    }
    let end = text.floor_char_boundary(KEPT);
    format!("{}… (cut here; it has {} bytes)", &text[..end], text.len())
}

/// The start and the end of a text that quotes what a runner answered: the end says what is wrong
/// with it.
pub(super) fn quotation(text: String) -> String {
    if text.len() <= 4 * QUOTED {
        return text;
    }
    let start = text.floor_char_boundary(QUOTED);
    let end = text.ceil_char_boundary(text.len() - QUOTED);
    format!(
        "{}… (cut here; it has {} bytes) …{}",
        &text[..start],
        text.len(),
        &text[end..]
    )
}

/// A runner's error with all its texts cut.
pub(super) fn error(error: RunnerError) -> RunnerError {
    match error {
        RunnerError::Unsupported { operation, remedy } => RunnerError::Unsupported {
            operation: text(operation),
            remedy: text(remedy),
        },
        RunnerError::InvalidSpec { pointer, message } => RunnerError::InvalidSpec {
            pointer: text(pointer),
            message: text(message),
        },
        RunnerError::Dataset { message } => RunnerError::Dataset {
            message: text(message),
        },
        RunnerError::Model { message } => RunnerError::Model {
            message: text(message),
        },
        RunnerError::NotFound { message } => RunnerError::NotFound {
            message: text(message),
        },
        RunnerError::Missing { what, remedy } => RunnerError::Missing {
            what: text(what),
            remedy: text(remedy),
        },
        RunnerError::NoSpace { message } => RunnerError::NoSpace {
            message: text(message),
        },
        RunnerError::Failed { message } => RunnerError::Failed {
            message: text(message),
        },
        // `Cancelled` has no text. An error of a newer contract arrives as one of the above.
        error => error,
    }
}

/// A panic with its texts cut.
pub(super) fn panic(panic: Panic) -> Panic {
    Panic {
        message: text(panic.message),
        location: text(panic.location),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::DispatchError;
    use protea_contracts::abi::host::CallError;
    #[cfg(unix)]
    use protea_isolation::WorkerError;

    #[test]
    fn a_long_message_is_cut_and_its_length_is_told() {
        let long = "é".repeat(1 << 20);
        let error = RunnerError::failed(long.clone());
        let panic = Panic {
            message: long.clone(),
            location: "lib.rs:1:1".to_owned(),
        };
        for error in [
            CallError::Runner(error),
            CallError::Panicked(panic),
            CallError::Protocol(long),
        ] {
            let message = DispatchError::from(error).to_string();
            assert!(message.len() < KEPT + 200, "{}", message.len());
            assert!(message.contains("it has 2097152 bytes"), "{message}");
        }
        #[cfg(unix)]
        for error in [WorkerError::Open, WorkerError::Setup, WorkerError::Protocol] {
            let message = DispatchError::from(error("é".repeat(1 << 20))).to_string();
            assert!(message.len() < KEPT + 200, "{}", message.len());
        }
        assert_eq!(text("short".to_owned()), "short");
    }
}
