//! Work that is done elsewhere: `--plan`, `protea task`, `protea gather`.

mod command;
mod engine;
mod export;
mod gather;
mod local;
mod location;
mod made;
mod missing;
mod parts;
mod prediction;
mod slurm;
mod surveying;
mod task;
mod write;

pub use command::{add_options_of_files, wants_plan};
pub use engine::engine;
pub use export::{export, remaining};
pub use gather::gather;
pub use task::task;
pub use write::plan;
