//! Which modules of a crate name which others, read from the text of its sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A path of modules from the root of a crate; the root's is empty.
type ModulePath = Vec<String>;

/// The circles between sibling modules of the crate whose sources are in `src`, a line each.
///
/// A module stands for all that is below it. What a module names of its own parent directly, such
/// as a type that the parent itself defines, ties it to no sibling.
pub fn circles(src: &Path, crate_name: &str) -> Vec<String> {
    let mut files = BTreeMap::new();
    read(src, &[], &mut files);
    let exports = exports(&files);
    let mut arrows: BTreeMap<ModulePath, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, text) in &files {
        for named in named(module, text, &exports) {
            let common = module
                .iter()
                .zip(&named)
                .take_while(|(a, b)| a == b)
                .count();
            if common == module.len() || common == named.len() {
                continue;
            }
            if !files.contains_key(&named[..=common]) {
                continue;
            }
            let parent = arrows.entry(module[..common].to_vec()).or_default();
            let from = parent.entry(module[common].clone()).or_default();
            from.insert(named[common].clone());
        }
    }
    let mut found = Vec::new();
    for (parent, arrows) in &arrows {
        for circle in circles_of(arrows) {
            let place = parent.join("::");
            let circle: Vec<&str> = circle.iter().map(String::as_str).collect();
            found.push(format!("{crate_name} {place}: {}", circle.join(" <-> ")));
        }
    }
    found
}

/// Reads the sources below a directory, by the path of their module. What only tests compile is
/// left out.
fn read(directory: &Path, module: &[String], into: &mut BTreeMap<ModulePath, String>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a directory of sources can be listed").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("a source has a name in UTF-8").to_owned();
        let mut below = module.to_vec();
        if path.is_dir() {
            below.push(stem);
            read(&path, &below, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            if !["mod", "lib", "main"].contains(&stem.as_str()) {
                below.push(stem);
            }
            let text = fs::read_to_string(&path).expect("a source can be read");
            into.insert(below, code(&text));
        }
    }
}

/// The text without comments, and without the module of tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = text.unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a module names again as its own: for each module, from a name to the module that has it.
type Exports = BTreeMap<ModulePath, BTreeMap<String, ModulePath>>;

fn exports(files: &BTreeMap<ModulePath, String>) -> Exports {
    let mut exports = Exports::new();
    for (module, text) in files {
        let own = exports.entry(module.clone()).or_default();
        for statement in statements(text, "pub use ").chain(statements(text, "pub(crate) use ")) {
            for mut path in leaves(statement) {
                if path.first().is_some_and(|first| first == "self") {
                    path.remove(0);
                }
                let Some(name) = path.pop() else { continue };
                let mut from = module.clone();
                from.extend(path);
                if files.contains_key(&from) {
                    own.insert(name, from);
                }
            }
        }
    }
    exports
}

fn statements<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(start).filter_map(move |(at, _)| {
        let rest = &text[at + start.len()..];
        Some(&rest[..rest.find(';')?])
    })
}

/// The modules and items that a module names, through `crate::` and `super::`.
fn named(module: &[String], text: &str, exports: &Exports) -> BTreeSet<ModulePath> {
    let mut named = BTreeSet::new();
    let starts = ["crate::", "super::"];
    for start in starts {
        for (at, _) in text.match_indices(start) {
            // Not `$crate::`, not a name that only ends so, and of `super::super::` the first.
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || "_$:".contains(c)) {
                continue;
            }
            for path in leaves(&text[at..]) {
                if let Some(path) = resolved(module, &path, exports) {
                    named.insert(path);
                }
            }
        }
    }
    named
}

/// The path from the root of the crate, with what a module exports of another replaced by it.
fn resolved(module: &[String], path: &[String], exports: &Exports) -> Option<ModulePath> {
    let mut at = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    for name in path {
        match name.as_str() {
            "crate" => {}
            "super" => drop(at.pop()?),
            name => match exports.get(&at).and_then(|exports| exports.get(name)) {
                Some(other) => {
                    at.clone_from(other);
                    at.push(name.to_owned());
                }
                None => at.push(name.to_owned()),
            },
        }
    }
    Some(at)
}

/// The paths of a tree of imports, such as `a::{b, c::d}`: read as far as it goes on as one.
fn leaves(text: &str) -> Vec<Vec<String>> {
    let mut tokens = Tokens { rest: text };
    let mut found = Vec::new();
    tree(&mut tokens, &[], &mut found);
    found
}

struct Tokens<'t> {
    rest: &'t str,
}

impl Tokens<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }
}

fn tree(tokens: &mut Tokens<'_>, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    loop {
        if tokens.takes("{") {
            while !tokens.takes("}") && !tokens.rest.is_empty() {
                let before = tokens.rest.len();
                tree(tokens, &path, found);
                tokens.takes(",");
                if tokens.rest.len() == before {
                    return;
                }
            }
            return;
        }
        if tokens.takes("*") {
            break;
        }
        match tokens.name() {
            // A list may name its own prefix.
            Some(name) if name == "self" && !prefix.is_empty() => {}
            Some(name) => path.push(name),
            None => break,
        }
        if !tokens.takes("::") {
            if tokens.takes("as ") {
                drop(tokens.name());
            }
            break;
        }
    }
    if !path.is_empty() {
        found.push(path);
    }
}

/// The sets of more than one module in which each leads to each.
fn circles_of(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = arrows
        .keys()
        .map(|from| (from, reached_from(from, arrows)))
        .collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (from, to) in &reached {
        let back = |other: &&String| reached.get(*other).is_some_and(|to| to.contains(from));
        let circle: BTreeSet<String> = to.iter().copied().filter(back).cloned().collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

fn reached_from<'g>(
    from: &String,
    arrows: &'g BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<&'g String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = arrows.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(arrows.get(module).into_iter().flatten());
        }
    }
    reached
}

#[test]
fn a_circle_is_found_and_a_re_export_is_followed() {
    let directory = tempfile::TempDir::new().expect("a temporary directory can be made");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write(
        "lib.rs",
        "mod a;\nmod b;\nmod c;\npub use b::{Other, Thing};\n",
    );
    write("a/mod.rs", "pub mod inner;\npub struct A;\n");
    write("a/inner.rs", "use super::A;\nuse crate::{Thing, c::C};\n");
    write("b.rs", "pub struct Thing;\npub struct Other;\n");
    write("c.rs", "// crate::a\nuse super::b::Thing;\n");
    assert_eq!(circles(directory.path(), "x"), Vec::<String>::new());
    write("b.rs", "fn f() { crate::a::inner::g() }\n");
    assert_eq!(circles(directory.path(), "x"), ["x : a <-> b <-> c"]);
    write(
        "b.rs",
        "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
    );
    assert_eq!(circles(directory.path(), "x"), Vec::<String>::new());
}
