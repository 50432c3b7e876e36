//! Clusters of a dataset's proteins, by MMseqs2.
//!
//! M. Steinegger and J. Söding, Nature Biotechnology 35 (2017) 1026; Nature Communications 9 (2018) 2542 (clustering).

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use protea_cafa::dataset::FrozenDataset;
use tempfile::TempDir;

use crate::{exit::Exit, failure::Failure, interrupt};

const PROGRAM: &str = "mmseqs";
/// How often the program is looked at.
const LOOKS: Duration = Duration::from_millis(25);
/// So much of what a failed program said last is shown.
const LAST_WORDS: usize = 1000;

/// Clusters that were computed; the file goes when this does.
pub struct Clusters {
    directory: TempDir,
    /// What computed them, with its version.
    pub program: String,
}

impl Clusters {
    /// The table of representative and member.
    pub fn table(&self) -> PathBuf {
        self.directory.path().join("clusters_cluster.tsv")
    }
}

/// Clusters the proteins of a dataset with at least this identity, on four fifths of both sequences.
pub fn compute(dataset: &FrozenDataset, min_seq_id: f64) -> Result<Clusters, Failure> {
    let program = find()?;
    let unwritable = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| {
            Failure::new(
                Exit::Output,
                format!("{path}: {error}; check free space and permissions there, or set TMPDIR"),
            )
        }
    };
    let directory = TempDir::new().map_err(unwritable(&env::temp_dir()))?;
    let fasta = directory.path().join("proteins.fasta");
    write_fasta(dataset, &fasta, unwritable(&fasta))?;
    let said = directory.path().join("said");
    let version = run(&program, &["version".into()], &said)?;
    let arguments: Vec<OsString> = vec![
        "easy-cluster".into(),
        "proteins.fasta".into(),
        "clusters".into(),
        "work".into(),
        "--min-seq-id".into(),
        min_seq_id.to_string().into(),
        "-c".into(),
        "0.8".into(),
        "-v".into(),
        "1".into(),
    ];
    run(&program, &arguments, &said)?;
    Ok(Clusters {
        directory,
        program: format!("MMseqs2 {}", version.trim()),
    })
}

fn find() -> Result<PathBuf, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found = env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(PROGRAM))
        .filter(|program| program.is_file());
    found.next().ok_or_else(|| {
        Failure::new(
            Exit::Input,
            "clusters are computed by MMseqs2, and mmseqs is not on the PATH; install it with `apt-get install mmseqs2`, \
             or give a table with --clusters",
        )
    })
}

fn write_fasta(
    dataset: &FrozenDataset,
    path: &Path,
    unwritable: impl Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut file = BufWriter::new(File::create(path).map_err(&unwritable)?);
    for protein in 0..dataset.len() {
        let accession = dataset.accession(protein);
        let Some(sequence) = dataset.sequence(protein) else {
            return Err(Failure::new(
                Exit::Input,
                format!(
                    "{}: {accession} has no sequence, so that it cannot be clustered; give a table with --clusters",
                    dataset.directory().display()
                ),
            ));
        };
        writeln!(file, ">{accession}\n{sequence}").map_err(&unwritable)?;
    }
    file.flush().map_err(unwritable)
}

/// Runs the program to its end beside the file `said`, and gives what it printed.
fn run(program: &Path, arguments: &[OsString], said: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            Exit::Failed,
            format!("{} cannot be run: {error}", program.display()),
        )
    };
    let log = File::create(said).map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(said.parent().unwrap_or(Path::new(".")))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log);
    // It is a script that starts others: they are ended together.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let status = Running(command.spawn().map_err(failed)?).until_it_ends(&failed)?;
    let text = fs::read(said).map_err(failed)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if status.success() {
        return Ok(text);
    }
    let skipped = text.chars().count().saturating_sub(LAST_WORDS);
    let last: String = text.chars().skip(skipped).collect();
    Err(Failure::new(
        Exit::Failed,
        format!("{} ended with {status}: {}", program.display(), last.trim()),
    ))
}

/// A process that does not outlive the command, however that ends.
struct Running(Child);

impl Running {
    fn until_it_ends(
        mut self,
        failed: &dyn Fn(io::Error) -> Failure,
    ) -> Result<ExitStatus, Failure> {
        loop {
            if let Some(status) = self.0.try_wait().map_err(failed)? {
                return Ok(status);
            }
            if interrupt::requested() {
                return Err(Failure::cancelled());
            }
            thread::sleep(LOOKS);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of one that has ended and was waited for, nothing is left to be killed.
        if let Ok(None) = self.0.try_wait() {
            #[cfg(unix)]
            if let Some(group) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
