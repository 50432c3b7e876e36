//! Files that let other engines do the tasks of a plan: one module for each.
//!
//! protea does not know a site's partitions, accounts and limits. A generated file says in its comments
//! what it does not know, and takes time, memory and cores from the plan if the plan has them. All that it
//! calls is `protea task`, `protea plan remaining` and `protea gather`; whatever can change later, such as
//! the number of tasks of a search with TPE, it asks when it runs.

mod error;
mod hyperqueue;
mod kubernetes;
mod nextflow;
mod parallel;
mod row;
mod sbatch;
mod snakemake;
mod template;
mod yaml;

use std::path::{Path, PathBuf};

pub use self::error::ExportError;
use super::{directory::PlanDirectory, documents::Resources};

/// What a plan can be exported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportTarget {
    /// `row`, which submits actions on the directories of a signac project.
    Row,
    /// HyperQueue.
    HyperQueue,
    /// Snakemake.
    Snakemake,
    /// Nextflow.
    Nextflow,
    /// An indexed Job of Kubernetes.
    Kubernetes,
    /// GNU parallel.
    Parallel,
    /// A script that calls Slurm's `sbatch`.
    Sbatch,
}

impl ExportTarget {
    /// The name of the file, and the path in the plan directory that it has by default.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Row => "row/workflow.toml",
            Self::HyperQueue => "hq_plan.py",
            Self::Snakemake => "Snakefile",
            Self::Nextflow => "plan.nf",
            Self::Kubernetes => "kubernetes.yaml",
            Self::Parallel => "parallel.sh",
            Self::Sbatch => "sbatch.sh",
        }
    }

    /// What reads the file, as a command line for people. `path` is the file as a word of a shell.
    #[must_use]
    pub fn command(self, path: &str) -> String {
        match self {
            Self::Row => "row submit --action task, in the directory of the file".to_owned(),
            Self::HyperQueue => format!("python {path}"),
            Self::Snakemake => format!("snakemake --cores 8 --snakefile {path}"),
            Self::Nextflow => format!("nextflow run {path}"),
            Self::Kubernetes => format!("kubectl apply -f {path}"),
            Self::Parallel | Self::Sbatch => format!("sh {path}"),
        }
    }
}

/// How a plan is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportOptions {
    /// The program that understands `task DIR`, as the machines that do the tasks call it. Kubernetes: its
    /// name in the image.
    pub program: PathBuf,
    /// How many tasks one job does, from 1.
    pub per_index: usize,
}

impl ExportOptions {
    /// One task a job.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            per_index: 1,
        }
    }
}

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Its content.
    pub text: String,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Scripts that it calls, which must be in its directory.
    pub scripts: Vec<ExportedScript>,
}

/// A script that a generated file calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedScript {
    /// The name of its file.
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

/// The file for an engine. Writes nothing.
///
/// # Errors
///
/// [`ExportError::Path`]; [`ExportError::Engine`] if the plan cannot be read.
pub fn export(
    plan: &PlanDirectory,
    target: ExportTarget,
    options: &ExportOptions,
) -> Result<Exported, ExportError> {
    let source = Source::new(plan, options)?;
    let text = match target {
        ExportTarget::Row => row::workflow(&source),
        ExportTarget::HyperQueue => hyperqueue::script(&source),
        ExportTarget::Snakemake => snakemake::snakefile(&source),
        ExportTarget::Nextflow => nextflow::script(&source),
        ExportTarget::Kubernetes => kubernetes::job(&source)?,
        ExportTarget::Parallel => parallel::script(&source),
        ExportTarget::Sbatch => sbatch::script(&source)?,
    };
    let mut notes = Vec::new();
    if source.later > 0 {
        let how = match target {
            ExportTarget::HyperQueue | ExportTarget::Parallel | ExportTarget::Sbatch => {
                "the script does each generation when the one before has results"
            }
            ExportTarget::Snakemake | ExportTarget::Nextflow => {
                "when gathering says that tasks were added, run it again"
            }
            ExportTarget::Row | ExportTarget::Kubernetes => {
                "when gathering says that tasks were added, export again"
            }
        };
        notes.push(format!(
            "the plan has {} tasks and at most {} later ones; {how}",
            source.tasks, source.later
        ));
    }
    let scripts = match target {
        ExportTarget::Row => vec![ExportedScript {
            name: row::SCRIPT,
            text: row::script(&source),
        }],
        _ => Vec::new(),
    };
    Ok(Exported {
        text,
        notes,
        scripts,
    })
}

/// Writes what a generated file needs beside it, except its scripts. For row: a signac project with a job for
/// each task. Nothing for the others.
///
/// # Errors
///
/// [`ExportError`].
pub fn write_companions(
    plan: &PlanDirectory,
    target: ExportTarget,
    file: &Path,
) -> Result<(), ExportError> {
    match target {
        ExportTarget::Row => row::write_project(plan, file),
        _ => Ok(()),
    }
}

/// What the generated files are made from.
struct Source<'p> {
    plan: &'p PlanDirectory,
    program: String,
    path: String,
    per_index: usize,
    /// How many tasks there are now.
    tasks: usize,
    /// How many there may be more.
    later: usize,
    resources: &'p Resources,
    /// Threads of a task: those of the plan, or one.
    threads: usize,
}

impl<'p> Source<'p> {
    fn new(plan: &'p PlanDirectory, options: &ExportOptions) -> Result<Self, ExportError> {
        let tasks = plan.tasks()?;
        let resources = &plan.plan().resources;
        let threads = tasks.iter().map(|task| task.threads).max().unwrap_or(0);
        Ok(Self {
            plan,
            program: text(&options.program)?,
            path: text(&plan.location())?,
            per_index: options.per_index.max(1),
            later: plan.plan().total.saturating_sub(tasks.len()),
            tasks: tasks.len(),
            threads: resources.cpus.unwrap_or(threads).max(1),
            resources,
        })
    }

    /// The number of jobs that the tasks there are now need.
    fn jobs(&self) -> usize {
        self.tasks.div_ceil(self.per_index)
    }

    /// Seconds that a job needs, if the plan says what a task needs.
    fn seconds(&self) -> Option<u64> {
        let tasks = u64::try_from(self.per_index).unwrap_or(u64::MAX);
        self.resources
            .seconds
            .map(|each| each.saturating_mul(tasks))
    }

    /// Megabytes (2^20 bytes) that a job needs, if the plan says so.
    fn megabytes(&self) -> Option<u64> {
        self.resources
            .memory
            .map(|bytes| bytes.div_ceil(1 << 20).max(1))
    }

    /// A name that schedulers accept: letters, digits and hyphens.
    fn name(&self) -> String {
        format!("protea-{}", &self.plan.plan().id.to_string()[..8])
    }

    /// What every file says about its plan.
    fn about(&self) -> Vec<String> {
        let plan = self.plan.plan();
        let what = match &plan.name {
            Some(name) => format!("{} {name}", plan.kind),
            None => plan.kind.clone(),
        };
        let mut lines = vec![
            format!("Plan: {}", self.path),
            format!(
                "{what}: {} tasks when this file was written by protea {}.",
                self.tasks, plan.protea
            ),
        ];
        lines.extend(self.resources.in_words());
        lines
    }
}

fn text(path: &Path) -> Result<String, ExportError> {
    match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(ExportError::Path {
            path: path.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use protea_contracts::content::digest_bytes;
    use protea_tracking::RunId;

    use super::*;
    use crate::engine::{Plan, Task, TaskDataset, TaskKind, TaskRunner};

    fn plan(path: &Path, resources: Resources) -> PlanDirectory {
        let sha256 = digest_bytes(b"");
        let runner = TaskRunner {
            name: "knn".to_owned(),
            sha256,
        };
        let dataset = TaskDataset {
            name: "d".to_owned(),
            uri: "file:///d".parse().unwrap(),
            sha256,
        };
        let task = Task::new(TaskKind::FitEvaluate, runner, dataset.clone(), dataset);
        let run_id = RunId::from("20261130T000000Z-knn-000000");
        let mut plan = Plan::new(sha256, run_id);
        plan.total = 3;
        plan.resources = resources;
        PlanDirectory::create(path, plan, &[task]).unwrap()
    }

    const ALL: [ExportTarget; 7] = [
        ExportTarget::Row,
        ExportTarget::HyperQueue,
        ExportTarget::Snakemake,
        ExportTarget::Nextflow,
        ExportTarget::Kubernetes,
        ExportTarget::Parallel,
        ExportTarget::Sbatch,
    ];

    #[test]
    fn what_the_plan_asks_for_is_in_the_file() {
        let place = tempfile::tempdir().unwrap();
        let resources = Resources {
            seconds: Some(90),
            memory: Some(3 << 30),
            cpus: Some(2),
        };
        let plan = plan(&place.path().join("plan"), resources);
        let mut options = ExportOptions::new(PathBuf::from("/bin/protea"));
        options.per_index = 4;
        for (target, parts) in [
            (
                ExportTarget::Row,
                &[
                    "walltime.per_directory = \"00:01:30\"",
                    "memory_per_cpu_mb = 1536",
                    "threads_per_process = 2",
                    "maximum_size = 4",
                ][..],
            ),
            (ExportTarget::HyperQueue, &["SECONDS = 90", "CPUS = 2"]),
            (
                ExportTarget::Snakemake,
                &["runtime=6,", "mem_mb=3072,", "threads: 2"],
            ),
            (
                ExportTarget::Nextflow,
                &["time '360 s'", "memory '3072 MB'", "cpus 2"],
            ),
            (
                ExportTarget::Kubernetes,
                &[
                    "memory: \"3072Mi\"",
                    "activeDeadlineSeconds: 360",
                    "cpu: \"2\"",
                ],
            ),
            (
                ExportTarget::Parallel,
                &[
                    "PROTEA_THREADS=2",
                    "The plan requests for a task: 90 s, 3072 MiB, cores: 2.",
                ],
            ),
            (
                ExportTarget::Sbatch,
                &["--time=6 --mem=3072M --cpus-per-task=2"],
            ),
        ] {
            let exported = export(&plan, target, &options).unwrap();
            for part in parts {
                assert!(exported.text.contains(part), "{part}: {}", exported.text);
            }
        }
    }

    /// The names between two `@`. Any two that follow each other: a template has single ones too.
    fn names_in(text: &str) -> Vec<&str> {
        let pieces: Vec<&str> = text.split('@').collect();
        let inner = pieces.get(1..pieces.len() - 1).unwrap_or_default();
        let is_name = |piece: &&str| {
            !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        inner.iter().copied().filter(is_name).collect()
    }

    #[test]
    fn names_after_a_single_sign_are_found() {
        assert_eq!(names_in("\"$@\" --x=@name@ a"), ["name"]);
        assert_eq!(names_in("B:USR1@60 and \"$@\""), [""; 0]);
    }

    #[test]
    fn each_template_is_filled_and_says_what_it_does_not_know() {
        let place = tempfile::tempdir().unwrap();
        let plan = plan(&place.path().join("plan"), Resources::default());
        for target in ALL {
            let options = ExportOptions::new(PathBuf::from("/bin/protea"));
            let exported = export(&plan, target, &options).unwrap();
            assert!(
                exported.text.contains("hat protea does not know"),
                "{target:?}"
            );
            assert_eq!(exported.notes.len(), 1, "it grows");
            let scripts = exported.scripts.iter().map(|script| &script.text);
            for text in scripts.chain([&exported.text]) {
                assert_eq!(names_in(text), [""; 0], "{text}");
            }
        }
    }
}
