//! The modules of a crate and which of them use which, read from the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{Attribute, Item, UseTree, visit::Visit};

use crate::sources::rust_files;

/// A module, by its path below the crate's root; the root is empty.
pub type ModulePath = Vec<String>;

/// The modules of one crate.
pub struct Modules {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Default)]
struct Module {
    /// What `use` brings into the module, by the name it has there.
    imports: BTreeMap<String, Vec<String>>,
    /// Each path that the module names.
    paths: BTreeSet<Vec<String>>,
}

impl Modules {
    /// Reads the crate whose sources are in `source`.
    pub fn read(source: &Path) -> Self {
        let mut modules = BTreeMap::new();
        for file in rust_files(source) {
            let path = module_path(file.strip_prefix(source).unwrap());
            let text = fs::read_to_string(&file).unwrap();
            let parsed = syn::parse_file(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let module: &mut Module = modules.entry(path).or_default();
            module.visit_file(&parsed);
        }
        Self { modules }
    }

    /// Each module with the modules of the same crate that it uses.
    pub fn uses(&self) -> Vec<(ModulePath, ModulePath)> {
        let mut uses = BTreeSet::new();
        for (path, module) in &self.modules {
            for named in &module.paths {
                if let Some(target) = self.resolve(path, named, 0)
                    && target != *path
                {
                    uses.insert((path.clone(), target));
                }
            }
        }
        uses.into_iter().collect()
    }

    /// The module that defines what `named` means in the module `from`; none for another crate's.
    fn resolve(&self, from: &ModulePath, named: &[String], depth: usize) -> Option<ModulePath> {
        // A re-export of a re-export ends; one that names itself would not.
        if depth > 8 {
            return None;
        }
        let mut at = from.clone();
        let mut rest = named;
        match rest.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                let mut child = at.clone();
                child.push(first.to_owned());
                if !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        while let Some(segment) = rest.first() {
            let mut child = at.clone();
            child.push(segment.clone());
            if self.modules.contains_key(&child) {
                at = child;
            } else {
                let import = self.modules.get(&at)?.imports.get(segment);
                return match import {
                    Some(import) if import != named => {
                        self.resolve(&at, import, depth + 1).or(Some(at))
                    }
                    _ => Some(at),
                };
            }
            rest = &rest[1..];
        }
        Some(at)
    }
}

/// `a/b.rs` and `a/b/mod.rs` are `[a, b]`; `lib.rs` and `main.rs` are the root.
fn module_path(file: &Path) -> ModulePath {
    let mut path: ModulePath = file
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let is_root = path.len() == 1 && (path[0] == "lib" || path[0] == "main");
    if is_root || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_imports(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.paths
            .insert(segments.map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

impl Module {
    fn add_imports(&mut self, tree: &UseTree, mut before: Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_imports(&path.tree, before);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_imports(tree, before.clone());
                }
            }
            UseTree::Glob(_) => {
                self.paths.insert(before);
            }
            UseTree::Name(name) if name.ident == "self" => self.add_import(before, None),
            UseTree::Name(name) => {
                before.push(name.ident.to_string());
                self.add_import(before, None);
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    before.push(rename.ident.to_string());
                }
                self.add_import(before, Some(rename.rename.to_string()));
            }
        }
    }

    fn add_import(&mut self, path: Vec<String>, name: Option<String>) {
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            self.imports.insert(name, path.clone());
        }
        self.paths.insert(path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
