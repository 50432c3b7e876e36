//! The crates depend on each other as the table in `docs/ARCHITECTURE.md` says, and the field's
//! crates and the host's know nothing of each other.

use std::{collections::BTreeSet, fs};

use protea_architecture::{
    crates::{Crates, PAGE, differences, from_manifests, from_table},
    sources::repository,
};

/// What the host is made of. It knows nothing about biology.
const HOST: [&str; 4] = [
    "protea-core",
    "protea-isolation",
    "protea-store",
    "protea-tracking",
];

/// The crates of the field. They know nothing about the host.
const FIELD: [&str; 8] = [
    "protea-cafa",
    "protea-dataset",
    "protea-formats",
    "protea-hdf5",
    "protea-neighbours",
    "protea-ontology",
    "protea-predictions",
    "protea-scoring",
];

#[test]
fn dependencies_between_crates_are_those_of_the_table() {
    let page = fs::read_to_string(repository().join(PAGE)).unwrap();
    let table = from_table(&page);
    assert!(!table.is_empty(), "{PAGE} has no table of the crates");
    let found = differences(&table, &from_manifests());
    assert!(
        found.is_empty(),
        "{PAGE} and the manifests differ; if the dependency is wanted, change the table:\n{}",
        found.join("\n")
    );
}

/// Holds whatever the table says.
#[test]
fn host_and_field_do_not_know_each_other() {
    let crates = from_manifests();
    for (group, other) in [(&HOST[..], &FIELD[..]), (&FIELD[..], &HOST[..])] {
        for name in group {
            let reached = reachable(&crates, name);
            let wrong: Vec<_> = other.iter().filter(|it| reached.contains(**it)).collect();
            assert!(wrong.is_empty(), "{name} depends on {wrong:?}");
        }
    }
    for (name, it) in crates
        .iter()
        .filter(|(_, it)| it.folder.starts_with("runners/"))
    {
        let reached = reachable(&crates, name);
        let wrong: Vec<_> = HOST.iter().filter(|it| reached.contains(**it)).collect();
        assert!(
            wrong.is_empty(),
            "{name} in {} depends on {wrong:?}",
            it.folder
        );
    }
}

#[test]
fn a_turned_arrow_is_found_on_both_sides() {
    let manifests = from_manifests();
    let mut table = manifests.clone();
    assert!(differences(&table, &manifests).is_empty());
    // The arrow from host to store, drawn from store to host.
    let (host, store) = ("protea-core", "protea-store");
    assert!(table.get_mut(host).unwrap().uses.remove(store));
    table.get_mut(store).unwrap().uses.insert(host.to_owned());
    assert_eq!(
        differences(&table, &manifests),
        [
            "protea-core must not depend on protea-store",
            "protea-store does not depend on protea-core any more",
        ]
    );
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
    let manifests = from_manifests();
    let mut table = manifests.clone();
    let row = table.remove("protea-zoo").unwrap();
    table.insert("protea-gone".to_owned(), row);
    assert_eq!(
        differences(&table, &manifests),
        [
            "protea-gone is not in the workspace any more",
            "protea-zoo has no row",
        ]
    );
}

fn reachable(crates: &Crates, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(name) = waiting.pop() {
        for used in crates.get(&name).into_iter().flat_map(|it| &it.uses) {
            if reached.insert(used.clone()) {
                waiting.push(used.clone());
            }
        }
    }
    reached
}
