//! End-to-end tests: the real binary, real runners, real data.

mod bad_data;
mod bad_runners;
mod drop_in;
mod embedding;
mod main_job;
mod search_path;
