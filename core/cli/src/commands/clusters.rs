//! Clusters of a dataset's proteins, by MMseqs2.
//!
//! M. Steinegger and J. Söding, Nature Biotechnology 35 (2017) 1026; Nature Communications 9 (2018) 2542 (clustering).

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use protea_cafa::dataset::FrozenDataset;
use protea_files::TemporaryDirectory;

use crate::{exit::Exit, failure::Failure, interrupt};

const PROGRAM: &str = "mmseqs";
/// How often the program is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// How many characters of a failed program's output an error shows.
const OUTPUT_TAIL: usize = 1000;

/// Computed clusters. Dropping this removes their file.
pub struct Clusters {
    directory: TemporaryDirectory,
    /// The program that computed them, with its version.
    pub program: String,
}

impl Clusters {
    /// The table of representative and member.
    pub fn table(&self) -> PathBuf {
        self.directory.path().join("clusters_cluster.tsv")
    }
}

/// Clusters the proteins of a dataset: members share at least this identity with their
/// representative, over 80 % of both sequences.
pub fn compute(dataset: &FrozenDataset, min_seq_id: f64) -> Result<Clusters, Failure> {
    let program = find()?;
    let unwritable = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| {
            Failure::new(
                Exit::Output,
                format!(
                    "cannot write {path}: {error}; free some space, or set TMPDIR to a directory that \
                     you may write to"
                ),
            )
        }
    };
    let place = env::temp_dir();
    let directory = TemporaryDirectory::create_in(&place, OsStr::new("protea-clusters-"), 0o700)
        .map_err(unwritable(&place))?;
    let fasta = directory.path().join("proteins.fasta");
    if let Some(accession) = without_sequence(dataset) {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "{}: MMseqs2 cannot cluster {accession}, because it has no sequence; give a table of clusters with --clusters",
                dataset.directory().display()
            ),
        ));
    }
    write_fasta(dataset, &fasta).map_err(unwritable(&fasta))?;
    let output = directory.path().join("output");
    let version = run(&program, &["version".into()], &output)?;
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
    run(&program, &arguments, &output)?;
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
            "computing clusters needs MMseqs2, and mmseqs is not on the PATH; install it with `apt-get install mmseqs2`, \
             or give a table with --clusters",
        )
    })
}

/// The first protein that has no sequence.
fn without_sequence(dataset: &FrozenDataset) -> Option<&str> {
    (0..dataset.len())
        .find(|protein| dataset.sequence(*protein).is_none())
        .map(|protein| dataset.accession(protein))
}

fn write_fasta(dataset: &FrozenDataset, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for protein in 0..dataset.len() {
        if let Some(sequence) = dataset.sequence(protein) {
            writeln!(file, ">{}\n{sequence}", dataset.accession(protein))?;
        }
    }
    file.flush()
}

/// Runs the program in the directory of the file `output`, and returns what it printed there.
fn run(program: &Path, arguments: &[OsString], output: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            Exit::Failed,
            format!("cannot run {}: {error}", program.display()),
        )
    };
    let log = File::create(output).map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(output.parent().unwrap_or(Path::new(".")))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log);
    // mmseqs is a script that starts other processes: a group of its own lets all of them be killed.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let status = Running(command.spawn().map_err(failed)?).wait(&failed)?;
    let text = fs::read(output).map_err(failed)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if status.success() {
        return Ok(text);
    }
    let skipped = text.chars().count().saturating_sub(OUTPUT_TAIL);
    let last: String = text.chars().skip(skipped).collect();
    Err(Failure::new(
        Exit::Failed,
        format!(
            "{} failed with {status}: {}",
            program.display(),
            last.trim()
        ),
    ))
}

/// A child process that is killed when this is dropped.
struct Running(Child);

impl Running {
    fn wait(mut self, failed: &dyn Fn(io::Error) -> Failure) -> Result<ExitStatus, Failure> {
        loop {
            if let Some(status) = self.0.try_wait().map_err(failed)? {
                return Ok(status);
            }
            if interrupt::requested() {
                return Err(Failure::cancelled());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process that was waited for is gone, and its id may belong to another by now.
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
