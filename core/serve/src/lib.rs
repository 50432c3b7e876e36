//! A local page over a workspace: its runs as a tree with filters and metric columns, comparison, live
//! metric charts and logs of running runs, and reports.
//!
//! The server changes nothing. It answers `GET` and `HEAD` only, listens on the loopback interface
//! unless the caller says otherwise, and then asks for a token. The `Host` header must be an address
//! or a known name, so that no foreign page can reach it by rebinding a name. A path of a request
//! never becomes a path of a file: pages are compiled in, and runs are looked up by id.
//!
//! | module | content |
//! |---|---|
//! | `http` | reads requests, writes answers, within bounds |
//! | `access` | who may ask what: `Host`, token, method |
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
mod server;
mod state;

pub use server::{ServeError, ServeOptions, Server};
