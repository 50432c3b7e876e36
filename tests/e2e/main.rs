//! End-to-end tests: the real binary, real runners, real data.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

#[cfg(target_os = "linux")]
mod acknowledged;
#[cfg(target_os = "linux")]
mod aligners;
mod author_path;
mod bad_data;
mod bad_runners;
#[cfg(target_os = "linux")]
mod benchmark;
#[cfg(unix)]
mod biologist;
#[cfg(unix)]
mod c_answers;
#[cfg(unix)]
mod c_runner;
mod command_lines;
mod conformance;
#[cfg(unix)]
mod cross_validation;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod documented;
mod drop_in;
mod embedding;
#[cfg(target_os = "linux")]
mod endless_processes;
#[cfg(target_os = "linux")]
mod engine;
mod explain;
mod first_errors;
#[cfg(unix)]
mod forged_lines;
#[cfg(unix)]
mod forgetful_host;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(unix)]
mod housekeeping;
mod kept;
#[cfg(target_os = "linux")]
mod killed;
mod lafa;
#[cfg(unix)]
mod lists;
mod main_job;
mod other_contract;
#[cfg(target_os = "linux")]
mod plot;
mod predict;
#[cfg(target_os = "linux")]
mod record;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod reranker;
mod run_log;
#[cfg(target_os = "linux")]
mod sandbox;
mod scored_by_cafaeval;
#[cfg(unix)]
mod search;
mod search_path;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod shared_memory;
mod spans;
mod splits;
mod store;
mod tracking;
mod trust;
#[cfg(target_os = "linux")]
mod untrusted_files;
mod usable_runs;
mod walk;
#[cfg(target_os = "linux")]
mod zoo;
