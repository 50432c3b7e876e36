//! Work that is planned, done task by task in other processes, and gathered: the same as if it had been
//! done at once.

mod checkpoints;
mod claims;
mod config_files;
mod damaged;
mod damaged_results;
mod exported;
mod exported_files;
mod gathered;
mod on_slurm;
mod prediction_outputs;
mod prediction_results;
mod predictions;
mod records;
mod refusals;
mod setup;
mod signals;
mod slurm_options;
mod stored;
mod tied;
mod users;
