//! Applications that embed the host: the example, the program of the page, and what they rely on.

#[cfg(unix)]
mod error_kinds;
mod events;
mod example;
mod queries;
mod threads;
#[cfg(unix)]
mod walk;
