//! The dependencies between the workspace's crates are those drawn in `docs/ARCHITECTURE.md`, and
//! the modules of a crate do not depend on each other in a circle.
//!
//! The page has a table with the columns `crate`, `folder` and `may depend on`. A row names one
//! crate, or several that have the same dependencies, in backticks.

mod modules;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use protea_e2e::{in_repository, repository};
use serde_json::Value;

use modules::circles;

const PAGE: &str = "docs/ARCHITECTURE.md";
/// The head of the table, without the bars.
const HEAD: [&str; 3] = ["crate", "folder", "may depend on"];

/// A crate's folder and the crates of the workspace that it depends on, tests aside.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    folder: String,
    dependencies: BTreeSet<String>,
}

type Graph = BTreeMap<String, Node>;

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let page = fs::read_to_string(in_repository(PAGE)).expect("the page can be read");
    let (drawn, built) = (drawn(&page), built());
    let mut differences = Vec::new();
    for name in drawn.keys().chain(built.keys()).collect::<BTreeSet<_>>() {
        match (drawn.get(name), built.get(name)) {
            (Some(drawn), Some(built)) if drawn != built => {
                differences.push(format!("{name}: drawn {drawn:?}, built {built:?}"));
            }
            (None, _) => differences.push(format!("{name}: it is not in the table of {PAGE}")),
            (_, None) => differences.push(format!("{name}: the workspace has no such crate")),
            _ => {}
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn modules_do_not_depend_on_each_other_in_a_circle() {
    let members = members();
    let found: Vec<String> = members
        .iter()
        .flat_map(|member| circles(&in_repository(&member.folder).join("src"), &member.name))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What the page draws.
fn drawn(page: &str) -> Graph {
    let rows = page.lines().map(cells);
    let rows = rows.skip_while(|cells| !cells.iter().map(String::as_str).eq(HEAD));
    let rows = rows.skip(2).take_while(|cells| cells.len() >= HEAD.len());
    let mut graph = Graph::new();
    for row in rows {
        let folders = in_backticks(&row[1]);
        for (place, name) in in_backticks(&row[0]).into_iter().enumerate() {
            // One folder for each crate, or one that holds them all.
            let folder = folders.get(place).or(folders.last());
            let folder = folder.unwrap_or_else(|| panic!("{PAGE}: no folder of {name}"));
            let folder = folder.trim_end_matches('/').to_owned();
            let node = Node {
                folder,
                dependencies: in_backticks(&row[2]).into_iter().collect(),
            };
            assert!(
                graph.insert(name.clone(), node).is_none(),
                "{PAGE}: {name} is in the table twice"
            );
        }
    }
    assert!(!graph.is_empty(), "{PAGE}: no table begins with {HEAD:?}");
    graph
}

fn cells(line: &str) -> Vec<String> {
    let row = line.trim();
    let Some(row) = row.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
        return Vec::new();
    };
    row.split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A crate of the workspace, as Cargo knows it.
struct Member {
    name: String,
    folder: String,
    /// Crates of the workspace, without what only the tests need.
    dependencies: BTreeSet<String>,
}

fn members() -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo runs, it runs this test");
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("it lists packages");
    packages.iter().map(member).collect()
}

fn member(package: &Value) -> Member {
    let manifest = package["manifest_path"].as_str().expect("a path");
    let folder = Path::new(manifest).parent().expect("it is in a folder");
    let folder = folder
        .strip_prefix(repository())
        .expect("it is in the repository");
    let dependencies = package["dependencies"].as_array().expect("a list");
    Member {
        name: package["name"].as_str().expect("a name").to_owned(),
        folder: folder.to_str().expect("UTF-8").to_owned(),
        dependencies: dependencies
            .iter()
            .filter(|dependency| !dependency["path"].is_null() && dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
            .collect(),
    }
}

/// What Cargo builds.
fn built() -> Graph {
    let node = |member: Member| {
        let node = Node {
            folder: member.folder,
            dependencies: member.dependencies,
        };
        (member.name, node)
    };
    members().into_iter().map(node).collect()
}
