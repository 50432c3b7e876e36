//! No two modules side by side in a folder use each other, directly or through others.
//!
//! A folder's own `mod.rs` and the modules in the folder may name each other: they are one unit.

use std::collections::{BTreeMap, BTreeSet};

use protea_architecture::{
    modules::{ModulePath, Modules},
    sources::{shown, source_roots},
};

/// Of the modules in one folder, which uses which, with an example of where.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for root in source_roots() {
        let uses = Modules::read(&root).uses();
        for (folder, arrows) in arrows_by_folder(&uses) {
            for circle in circles_in(&arrows) {
                circles.push(describe(&shown(&root), &folder, &circle, &arrows));
            }
        }
    }
    assert!(
        circles.is_empty(),
        "{} circles; move what both sides need into a module of its own:\n{}",
        circles.len(),
        circles.join("\n")
    );
}

#[test]
fn a_circle_through_a_third_module_is_found() {
    let arrow = |from: &str, to: &str| {
        let path = |name: &str| vec!["folder".to_owned(), name.to_owned()];
        (path(from), path(to))
    };
    let uses = [
        arrow("a", "b"),
        arrow("b", "c"),
        arrow("c", "a"),
        arrow("c", "d"),
    ];
    let arrows = arrows_by_folder(&uses);
    let found = circles_in(&arrows[&vec!["folder".to_owned()]]);
    let expected: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(found, [expected]);
}

fn arrows_by_folder(uses: &[(ModulePath, ModulePath)]) -> BTreeMap<ModulePath, Arrows> {
    let mut folders: BTreeMap<ModulePath, Arrows> = BTreeMap::new();
    for (from, to) in uses {
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        // One of the two is the folder of the other.
        let (Some(source), Some(target)) = (from.get(shared), to.get(shared)) else {
            continue;
        };
        folders
            .entry(from[..shared].to_vec())
            .or_default()
            .entry(source.clone())
            .or_default()
            .entry(target.clone())
            .or_insert_with(|| format!("{} uses {}", from.join("::"), to.join("::")));
    }
    folders
}

/// The groups of modules that reach each other.
fn circles_in(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<String>> = arrows
        .keys()
        .map(|module| (module, reachable(arrows, module)))
        .collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (module, from_here) in &reached {
        let mut circle: BTreeSet<String> = from_here
            .iter()
            .filter(|other| {
                reached
                    .get(other)
                    .is_some_and(|back| back.contains(*module))
            })
            .cloned()
            .collect();
        if circle.is_empty() {
            continue;
        }
        circle.insert((*module).clone());
        if !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

fn reachable(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(module) = waiting.pop() {
        for target in arrows.get(&module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(target.clone()) {
                waiting.push(target.clone());
            }
        }
    }
    reached
}

fn describe(root: &str, folder: &ModulePath, circle: &BTreeSet<String>, arrows: &Arrows) -> String {
    let mut text = format!("{root}/{}: {circle:?}", folder.join("/"));
    for from in circle {
        for (to, example) in &arrows[from] {
            if circle.contains(to) {
                text.push_str(&format!("\n    {example}"));
            }
        }
    }
    text
}
