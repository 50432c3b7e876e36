//! A local page over a workspace: its runs as a tree with filters and metric columns, comparison, live
//! metric charts and logs of running runs, and reports.
//!
//! The server changes nothing. It answers only `GET` and `HEAD`. It listens on the loopback interface; if
//! the caller chooses another address, it requires a token. The `Host` header must be an address or a
//! known name, so that no web page of another origin can read the workspace by DNS rebinding. The server
//! never opens a file by the path of a request: pages are compiled in, and runs are found by id.
//!
//! | module | content |
//! |---|---|
//! | `http` | reads requests, writes answers, within bounds |
//! | `access` | which requests are allowed: `Host`, token, method |
//! | `state` | the index of runs, kept up to date |
//! | `follow` | reads growing files: event logs and run logs |
//! | `api` | the answers as JSON and as streams |
//! | `pages` | the pages with their scripts and styles |
//! | `server` | accepts connections |
//!
//! This crate knows the workspace and the report. It must not know the command line.

mod access;
mod api;
mod follow;
mod http;
mod pages;
mod search_text;
mod server;
mod state;

pub use server::{ServeError, ServeOptions, Server};
