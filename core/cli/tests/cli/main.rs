//! The command as a user meets it: what it prints, and how it ends. What needs real runners is in
//! the end-to-end tests of the repository.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod cafa;
mod command_line;
mod config;
mod dataset_diff;
mod dataset_split;
mod datasets;
mod field_columns;
#[cfg(unix)]
mod field_files;
mod foreign_text;
mod housekeeping;
mod information_accretion;
mod interrupt;
mod lineages;
mod place;
mod predictions;
mod run_labels;
mod run_lists;
mod runner_files;
mod runs;
mod shell;
