//! The notes of the engine in `DIR/engine/slurm/`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use protea_files::{TemporaryFile, is_directory, is_regular};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        directory::PlanDirectory,
        documents::Resources,
        error::EngineError,
        json_files::{document, names, pretty},
        quoting::shell,
    },
    client::JobRow,
    options::SlurmOptions,
};
use crate::store::{PARTIAL, write_atomic};

const OPTIONS: &str = "options.json";

/// An array of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Array {
    /// Its number among the arrays of the plan, from 0.
    pub number: usize,
    /// Its name for Slurm.
    pub name: String,
    /// The job number; `None` until it is submitted.
    #[serde(default)]
    pub job: Option<String>,
    /// The tasks of each index.
    pub tasks: Vec<Vec<usize>>,
    /// What each of its jobs asks for.
    #[serde(default)]
    pub request: Resources,
    /// How jobs ended, by index, as far as this is known.
    #[serde(default)]
    pub ends: BTreeMap<usize, JobRow>,
}

impl Array {
    pub fn has_ended(&self) -> bool {
        self.ends.len() == self.tasks.len()
    }
}

/// The directory of the notes.
pub(super) struct Notes(PathBuf);

impl Notes {
    pub fn of(plan: &PlanDirectory) -> Self {
        Self(plan.engine_notes().join("slurm"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether jobs were submitted, or might have been by a process that was killed.
    pub fn exist(&self) -> bool {
        is_regular(&self.0.join(OPTIONS)) || self.numbers().is_ok_and(|found| !found.is_empty())
    }

    /// Creates the directory.
    pub fn create(&self) -> Result<(), EngineError> {
        fs::create_dir_all(&self.0).map_err(EngineError::write(&self.0))
    }

    /// The options with which jobs were submitted before.
    pub fn options(&self) -> Result<SlurmOptions, EngineError> {
        match is_regular(&self.0.join(OPTIONS)) {
            true => document(&self.0.join(OPTIONS)),
            false => Ok(SlurmOptions::default()),
        }
    }

    pub fn keep_options(&self, options: &SlurmOptions) -> Result<(), EngineError> {
        self.write(&self.0.join(OPTIONS), options)
    }

    /// The arrays, from the first to the last.
    pub fn arrays(&self) -> Result<Vec<Array>, EngineError> {
        self.numbers()?
            .into_iter()
            .map(|number| document(&self.note(number)))
            .collect()
    }

    /// A new array, noted before it is submitted.
    pub fn new_array(
        &self,
        plan: &PlanDirectory,
        request: Resources,
        tasks: Vec<Vec<usize>>,
    ) -> Result<Array, EngineError> {
        let number = self.numbers()?.last().map_or(0, |last| last + 1);
        let id = plan.plan().id.to_string();
        // The path too: the same plan can be in two directories.
        let path = plan.path().to_string_lossy();
        let place = protea_contracts::content::digest_bytes(path.as_bytes()).to_string();
        let array = Array {
            number,
            name: format!("protea-{}-{}-{number}", &id[..8], &place[..8]),
            job: None,
            tasks,
            request,
            ends: BTreeMap::new(),
        };
        let place = self.note(number);
        let create = || -> io::Result<()> {
            let mut file = TemporaryFile::create_in(&self.0, PARTIAL.as_ref(), 0o666)?;
            file.write_all(&pretty(&array)?)?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&place)
        };
        create().map_err(EngineError::write(&place))?;
        Ok(array)
    }

    pub fn keep(&self, array: &Array) -> Result<(), EngineError> {
        self.write(&self.note(array.number), array)
    }

    /// The script of an array, and the list that it reads.
    pub fn write_script(
        &self,
        plan: &PlanDirectory,
        array: &Array,
        program: &Path,
    ) -> Result<PathBuf, EngineError> {
        let mut list = String::new();
        for tasks in &array.tasks {
            let tasks: Vec<String> = tasks.iter().map(ToString::to_string).collect();
            list.push_str(&tasks.join(","));
            list.push('\n');
        }
        let place = self.0.join(format!("{}.tasks", array.number));
        write_atomic(&place, list.as_bytes()).map_err(EngineError::stored(&place))?;
        let script = format!(
            "#!/bin/sh\n\
             # Tasks of a plan of protea: each index of the array does those of one line of the list.\n\
             tasks=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {list})\n\
             exec {program} task {plan} --index \"$tasks\" --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
            list = quoted(&place),
            program = quoted(program),
            plan = quoted(plan.path()),
        );
        self.script(&format!("{}.sh", array.number), &script)
    }

    /// The script that gathers after an array. If gathering adds tasks, such as the next generation of a
    /// search, it submits them.
    pub fn write_gather(
        &self,
        plan: &PlanDirectory,
        array: &Array,
        program: &Path,
    ) -> Result<PathBuf, EngineError> {
        let tasks = plan.tasks()?.len();
        let list = quoted(&plan.task_list());
        let (program, plan) = (quoted(program), quoted(plan.path()));
        let script = format!(
            "#!/bin/sh\n\
             # Notes how the jobs ended, before Slurm forgets it, and gathers the results. If this adds\n\
             # tasks to the plan, which depend on these results, it submits them.\n\
             {program} engine status {plan}\n\
             {program} gather {plan}\n\
             code=$?\n\
             if [ \"$code\" -eq 75 ] && [ \"$(grep -c '' {list})\" -gt {tasks} ]; then\n    \
                 exec {program} engine resume {plan} --engine slurm\n\
             fi\n\
             exit \"$code\"\n"
        );
        self.script(&format!("gather-{}.sh", array.number), &script)
    }

    /// The value of `--output` for an array. `%A` is its number, `%a` the index.
    pub fn log_pattern(&self, plan: &PlanDirectory) -> String {
        pattern(plan, "slurm-%A_%a.log")
    }

    /// The log of one job of an array.
    pub fn log(&self, plan: &PlanDirectory, job: &str, place: usize) -> PathBuf {
        plan.logs().join(format!("slurm-{job}_{place}.log"))
    }

    /// The name of the job that gathers after an array.
    pub fn gather_name(array: &Array) -> String {
        format!("{}-gather", array.name)
    }

    pub fn gather_log(&self, plan: &PlanDirectory, array: &Array) -> String {
        pattern(plan, &format!("slurm-gather-{}.log", array.number))
    }

    fn note(&self, number: usize) -> PathBuf {
        self.0.join(format!("{number}.json"))
    }

    fn numbers(&self) -> Result<Vec<usize>, EngineError> {
        if !is_directory(&self.0) {
            return Ok(Vec::new());
        }
        let number = |name: &String| name.strip_suffix(".json")?.parse::<usize>().ok();
        let mut numbers: Vec<usize> = names(&self.0)?.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn script(&self, name: &str, text: &str) -> Result<PathBuf, EngineError> {
        let place = self.0.join(name);
        write_atomic(&place, text.as_bytes()).map_err(EngineError::stored(&place))?;
        Ok(place)
    }

    fn write(&self, place: &Path, value: &impl Serialize) -> Result<(), EngineError> {
        let bytes = pretty(value).map_err(EngineError::write(place))?;
        write_atomic(place, &bytes).map_err(EngineError::stored(place))
    }
}

/// A file of `logs/` for `--output`, in which Slurm replaces what follows a `%`.
fn pattern(plan: &PlanDirectory, name: &str) -> String {
    let directory = plan.logs().to_string_lossy().replace('%', "%%");
    format!("{directory}/{name}")
}

/// A path, quoted as one word for a shell.
fn quoted(path: &Path) -> String {
    shell(&path.to_string_lossy())
}
