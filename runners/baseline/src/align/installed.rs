//! The aligners of all methods, and those that are installed on this machine.

use std::path::Path;

use protea_contracts::prelude::*;

use super::{
    aligner::{Aligner, MakeDatabase, Search, Step},
    blast::Blast,
    diamond::Diamond,
    mmseqs::Mmseqs,
    program::{Program, ProgramError},
};
use crate::spec::Method;

/// The aligners. To add one, write a file with an implementation and add a line here (and the
/// method to the settings).
const ALIGNERS: [&dyn Aligner; 3] = [&Blast, &Diamond, &Mmseqs];

/// An aligner with its programs, found on this machine.
pub(crate) struct InstalledAligner {
    aligner: &'static dyn Aligner,
    programs: Vec<Program>,
    name: &'static str,
    version: String,
}

impl InstalledAligner {
    /// Finds the programs of a method and asks for their version.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Missing`] with the command that installs a program; [`RunnerError::Failed`] for a
    /// method without an aligner, or a program that fails.
    pub(crate) fn find(
        method: Method,
        scratch: &Path,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        let aligner = ALIGNERS
            .into_iter()
            .find(|aligner| aligner.method() == method)
            .ok_or_else(|| {
                RunnerError::failed(format!(
                    "the method {} does not align sequences; choose blast, diamond or mmseqs",
                    name_of(method)
                ))
            })?;
        let names = aligner.programs();
        let programs = names
            .iter()
            .map(|names| Program::find(names, aligner.install_command()))
            .collect::<Result<Vec<_>, _>>()?;
        let (Some(program), Some(names)) = (programs.last(), names.last()) else {
            return Err(RunnerError::failed(format!(
                "no program is known for the method {}; report this as a bug of the runner",
                name_of(method)
            )));
        };
        let argument = aligner.version_argument();
        let output = program.run(argument, &[argument], scratch, scratch, emit)?;
        Ok(Self {
            aligner,
            name: names[0],
            version: last_word_of_first_line(&output),
            programs,
        })
    }

    /// The usual name of the program that searches.
    pub(crate) fn program(&self) -> &'static str {
        self.name
    }

    /// The version that the program prints.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn make_database(
        &self,
        task: &MakeDatabase<'_>,
        emit: &Emitter,
    ) -> Result<(), ProgramError> {
        self.run(&self.aligner.make_database(task), task.scratch, emit)
    }

    pub(super) fn search(&self, task: &Search<'_>, emit: &Emitter) -> Result<(), ProgramError> {
        self.run(&self.aligner.search(task), task.scratch, emit)
    }

    fn run(&self, steps: &[Step], scratch: &Path, emit: &Emitter) -> Result<(), ProgramError> {
        steps.iter().try_for_each(|step| {
            let program = &self.programs[step.program];
            program
                .run(&step.name, &step.arguments, &step.directory, scratch, emit)
                .map(drop)
        })
    }
}

/// The name of a method, as its setting has it in JSON.
fn name_of(method: Method) -> String {
    let name = serde_json::to_value(method).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

/// The programs of all methods, as a host shows them.
pub(crate) fn declarations() -> Vec<ProgramDeclaration> {
    let declare = |aligner: &'static dyn Aligner| {
        let needed_for = format!("method: {}", name_of(aligner.method()));
        aligner
            .programs()
            .into_iter()
            .map(move |names| ProgramDeclaration {
                name: names[0].to_owned(),
                other_names: names[1..].iter().map(|&name| name.to_owned()).collect(),
                needed_for: needed_for.clone(),
                remedy: aligner.install_command().to_owned(),
            })
    };
    ALIGNERS.into_iter().flat_map(declare).collect()
}

fn last_word_of_first_line(output: &str) -> String {
    let line = output.lines().find(|line| !line.trim().is_empty());
    let word = line.and_then(|line| line.split_whitespace().last());
    word.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alignment_method_has_one_aligner() {
        for method in [Method::Blast, Method::Diamond, Method::Mmseqs] {
            let aligners = ALIGNERS.iter().filter(|aligner| aligner.method() == method);
            assert_eq!(aligners.count(), 1, "{method:?}");
        }
    }

    #[test]
    fn declarations_name_method_program_and_remedy() {
        let declared = declarations();
        let programs: Vec<(&str, &str)> = declared
            .iter()
            .map(|program| (program.name.as_str(), program.needed_for.as_str()))
            .collect();
        assert_eq!(
            programs,
            [
                ("makeblastdb", "method: blast"),
                ("blastp", "method: blast"),
                ("diamond", "method: diamond"),
                ("mmseqs", "method: mmseqs"),
            ]
        );
        assert_eq!(declared[2].remedy, "apt-get install diamond-aligner");
    }

    #[test]
    fn the_version_ends_the_first_line() {
        for (output, version) in [
            ("blastp: 2.12.0+\n Package: blast", "2.12.0+"),
            ("\ndiamond version 2.1.3\n", "2.1.3"),
            ("14-7e284\n", "14-7e284"),
            ("", "unknown"),
        ] {
            assert_eq!(last_word_of_first_line(output), version);
        }
    }
}
