//! Diagnostics of the libraries on standard error, for finding out what goes on inside.
//!
//! The libraries emit `tracing` spans and events; only the command subscribes to them. They are off
//! unless `PROTEA_LOG` names a level, because progress, warnings and errors have their own output.

use tracing::level_filters::LevelFilter;

use crate::{exit::Exit, failure::Failure, output::Diagnostics};

/// Names the level from which on diagnostics are written.
pub const VARIABLE: &str = "PROTEA_LOG";

/// Starts writing diagnostics to standard error if `PROTEA_LOG` asks for it.
pub fn start() -> Result<(), Failure> {
    let Some(value) = std::env::var_os(VARIABLE) else {
        return Ok(());
    };
    let level = level(&value.to_string_lossy())?;
    if level != LevelFilter::OFF {
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(|| Diagnostics)
            .with_ansi(false)
            .init();
    }
    Ok(())
}

fn level(text: &str) -> Result<LevelFilter, Failure> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(LevelFilter::OFF),
        level @ ("off" | "error" | "warn" | "info" | "debug" | "trace") => {
            level.parse().map_err(|_| invalid(text))
        }
        _ => Err(invalid(text)),
    }
}

fn invalid(text: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{VARIABLE} is {text:?}; use off, error, warn, info, debug or trace"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_parsed_and_anything_else_is_refused() {
        assert_eq!(level("debug").unwrap(), LevelFilter::DEBUG);
        assert_eq!(level("WARN").unwrap(), LevelFilter::WARN);
        assert_eq!(level("").unwrap(), LevelFilter::OFF);
        assert_eq!(level("5").unwrap_err().exit, Exit::Usage);
    }
}
