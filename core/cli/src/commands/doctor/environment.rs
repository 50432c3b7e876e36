//! Programs, trackers, storage and runners.

use std::{
    env,
    net::{TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    time::Duration,
};

use protea_core::{Catalog, catalog::Entry, dispatch::find_on_path, store::Cache};
use url::Url;

use super::{facts::Fact, version::version};
use crate::{
    args::{DoctorArgs, RunnerArgs},
    commands::run_setup::catalog,
    output::{bytes, display_path},
};

/// How long a server may take to accept a connection.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A program of others.
struct Program {
    name: &'static str,
    /// The name of its file.
    file: &'static str,
    /// The arguments with which it prints its version; none if that is slow.
    version: &'static [&'static str],
    needed_for: &'static str,
    /// How to get it.
    remedy: &'static str,
}

const PROGRAMS: [Program; 6] = [
    Program {
        name: "BLAST",
        file: "blastp",
        version: &["-version"],
        needed_for: "the runner baseline with `--set method=blast`",
        remedy: "install the package ncbi-blast+",
    },
    Program {
        name: "DIAMOND",
        file: "diamond",
        version: &["version"],
        needed_for: "the runner baseline with `--set method=diamond`",
        remedy: "install the package diamond-aligner, or see github.com/bbuchfink/diamond",
    },
    Program {
        name: "MMseqs2",
        file: "mmseqs",
        version: &["version"],
        needed_for: "the runner baseline with `--set method=mmseqs`; `protea dataset split --by cluster`",
        remedy: "install the package mmseqs2, or see mmseqs.com",
    },
    Program {
        name: "Slurm",
        file: "sbatch",
        version: &["--version"],
        needed_for: "runs on a cluster",
        remedy: "ask the administrators of the cluster; protea works without",
    },
    Program {
        name: "wandb",
        file: "wandb",
        version: &[],
        needed_for: "`protea sync-offline`, which uploads runs of --track wandb",
        remedy: "pip install wandb",
    },
    Program {
        name: "git",
        file: "git",
        version: &["--version"],
        needed_for: "the commit in the manifest of a run",
        remedy: "install the package git",
    },
];

pub(super) fn facts(args: &DoctorArgs) -> Vec<Fact> {
    let mut facts: Vec<Fact> = PROGRAMS
        .iter()
        .map(|program| {
            let section = match program.name {
                "wandb" => "trackers",
                _ => "programs",
            };
            let found = find_on_path(program.file);
            Fact::of(
                section,
                program.name,
                found.map(|path| described(&path, program.version)),
                program.needed_for,
                program.remedy,
            )
        })
        .collect();
    facts.push(mlflow());
    facts.extend(storage(args));
    facts.extend(runners(&args.runners));
    facts
}

/// The path of a program, with its version if these arguments make it print one.
fn described(program: &Path, arguments: &[&str]) -> String {
    let printed = (!arguments.is_empty() && program.is_absolute())
        .then(|| version(program, arguments))
        .flatten();
    let path = display_path(program);
    match printed {
        Some(version) => format!("{path} ({version})"),
        None => path,
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the server that is configured accepts connections.
fn mlflow() -> Fact {
    let Some(address) = variable("MLFLOW_TRACKING_URI") else {
        return Fact::of(
            "trackers",
            "MLflow server",
            None,
            "--track mlflow",
            "name one in MLFLOW_TRACKING_URI",
        );
    };
    // The address can have a password.
    let (shown, problem) = match Url::parse(&address) {
        Ok(url) => {
            let shown = protea_core::store::redacted(&url).to_string();
            let problem = unreachable(&url).map(|problem| format!("{shown}: {problem}"));
            (shown, problem)
        }
        Err(error) => {
            let problem = format!("MLFLOW_TRACKING_URI is not an address: {error}");
            ("MLFLOW_TRACKING_URI".to_owned(), Some(problem))
        }
    };
    Fact::there("trackers", "MLflow server", shown, "--track mlflow").broken_if(problem)
}

fn unreachable(url: &Url) -> Option<String> {
    let Some((host, port)) = url.host_str().zip(url.port_or_known_default()) else {
        return Some("it is not the address of a server (http or https)".to_owned());
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => return Some(format!("its name is not found: {error}")),
    };
    let mut problem = "its name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(_) => return None,
            Err(error) => problem = format!("it accepts no connection: {error}"),
        }
    }
    Some(problem)
}

fn storage(args: &DoctorArgs) -> Vec<Fact> {
    let mut facts = Vec::new();
    let workspace = &args.workspace.workspace;
    let is_there = workspace.exists();
    let problem = (is_there && !workspace.is_dir()).then(|| "it is not a directory".to_owned());
    let needed = if is_there {
        "runs"
    } else {
        "runs; the first run creates it"
    };
    facts.push(place("workspace", workspace, needed).broken_if(problem));
    match Cache::from_env() {
        Ok(cache) => {
            let note = format!(
                "fetched datasets and models; limit {}",
                bytes(cache.limit())
            );
            facts.push(place("cache", cache.directory(), &note));
        }
        Err(error) => {
            let problem = protea_core::contracts::error::with_causes(&error);
            facts.push(Fact::there("storage", "cache", "-", "").broken_if(Some(problem)));
        }
    }
    let tmp = env::temp_dir();
    let problem = (!tmp.is_dir()).then(|| "TMPDIR is not a directory".to_owned());
    facts.push(place("temporary files", &tmp, "temporary models, indexes").broken_if(problem));
    if let Some(data) = variable("PROTEA_EXAMPLE_DATA").map(PathBuf::from) {
        let problem = (!data.join("train").is_dir())
            .then(|| "PROTEA_EXAMPLE_DATA has no directory train".to_owned());
        let found = display_path(&data);
        facts.push(Fact::there("storage", "example data", found, "").broken_if(problem));
    }
    facts
}

/// A directory and the free space of its disk, or of that of the nearest one above that exists.
fn place(name: &str, directory: &Path, needed_for: &str) -> Fact {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let free = absolute.ancestors().find_map(free_space);
    let free = free.map_or_else(String::new, |free| format!(", {} free", bytes(free)));
    let found = format!("{}{free}", display_path(&absolute));
    Fact::there("storage", name, found, needed_for)
}

#[cfg(unix)]
fn free_space(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}

fn usable(catalog: &Catalog) -> Vec<Entry> {
    let names = super::super::runners::names(catalog).into_iter();
    names.filter_map(|name| catalog.find(name).ok()).collect()
}

/// The runners, their libraries, and the directories that the user named.
fn runners(args: &RunnerArgs) -> Vec<Fact> {
    let catalog: Catalog = catalog(args);
    let mut facts = Vec::new();
    for entry in usable(&catalog) {
        let descriptor = &entry.descriptor;
        let name = format!("{} {}", descriptor.name, descriptor.version);
        facts.push(Fact::there(
            "runners",
            name,
            display_path(&entry.path),
            &*descriptor.summary,
        ));
        for library in &descriptor.libraries {
            let found = library.find(&entry.path).map(|path| display_path(&path));
            let needed = format!("the runner {}", descriptor.name);
            facts.push(Fact::of(
                "runners",
                &*library.file,
                found,
                &needed,
                &library.remedy,
            ));
        }
    }
    for (name, remedy) in crate::build_features::RUNNERS {
        if catalog.find(name).is_err() {
            facts.push(Fact::of("runners", name, None, "the runner", remedy));
        }
    }
    for (path, reason) in catalog.unusable() {
        let fact = Fact::there("runners", display_path(&path), "-", "");
        facts.push(fact.broken_if(Some(reason)));
    }
    let named = env::var_os("PROTEA_RUNNER_PATH").unwrap_or_default();
    let named = env::split_paths(&named).filter(|path| !path.as_os_str().is_empty());
    for directory in named.chain(args.directories.iter().cloned()) {
        if !directory.is_dir() {
            let problem = "it is named for runners, and is not a directory".to_owned();
            let fact = Fact::there("runners", display_path(&directory), "-", "");
            facts.push(fact.broken_if(Some(problem)));
        }
    }
    facts
}
