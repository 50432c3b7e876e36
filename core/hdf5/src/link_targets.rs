//! Finds the objects that soft links lead to, within the file.

use std::collections::HashMap;

use super::{
    error::{Hdf5Error, damaged},
    links::{self, Link, Target},
    object::Object,
    storage::Storage,
};

/// How many soft links are followed for one name: the limit of the HDF5 library.
const MOST_STEPS: usize = 16;
/// Limit of the memory for the links of groups that soft links lead through, in bytes.
const MOST_BYTES: usize = 256 << 20;
/// What a link takes in memory besides its text, in bytes.
const LINK_BYTES: usize = 96;

/// Finds objects by their paths. Reads each group once, and follows each soft link once.
#[derive(Default)]
pub(super) struct LinkTargets {
    groups: HashMap<u64, HashMap<String, Target>>,
    bytes: usize,
}

impl LinkTargets {
    /// The address of the object of a link of the group at `group`.
    pub fn find(
        &mut self,
        storage: &mut Storage,
        root: u64,
        group: u64,
        link: &Link,
    ) -> Result<u64, Hdf5Error> {
        let mut search = Search {
            targets: self,
            storage,
            root,
            steps: MOST_STEPS,
            name: &link.0,
        };
        search.follow(group, &link.1)
    }
}

/// The search for the object of one link.
struct Search<'s> {
    targets: &'s mut LinkTargets,
    storage: &'s mut Storage,
    root: u64,
    /// How many more soft links may be followed.
    steps: usize,
    /// The name of the link, for messages.
    name: &'s str,
}

impl Search<'_> {
    /// The address of the object that a link of a group leads to.
    fn follow(&mut self, group: u64, target: &Target) -> Result<u64, Hdf5Error> {
        match target {
            Target::Object(at) => Ok(*at),
            Target::External { file, path } => Err(Hdf5Error::Invalid {
                problem: format!(
                    "{} is a link to {path} in another file, {file}, which is not followed",
                    self.name
                ),
                remedy: "copy the data into one file: \
                         h5py.File('OLD').copy('/', h5py.File('NEW', 'w'), 'copied', expand_external=True)",
            }),
            Target::Path(path) => {
                self.steps = self.steps.checked_sub(1).ok_or_else(|| {
                    damaged(format!(
                        "the link {} leads over more than {MOST_STEPS} other links, or in a circle",
                        self.name
                    ))
                })?;
                self.walk(group, path)
            }
        }
    }

    /// The address of the object with a path, which begins at the root or at a group.
    fn walk(&mut self, group: u64, path: &str) -> Result<u64, Hdf5Error> {
        let mut at = if path.starts_with('/') {
            self.root
        } else {
            group
        };
        for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
            self.read(at)?;
            let links = self.targets.groups.get(&at);
            let target = links.and_then(|links| links.get(part)).cloned();
            let Some(target) = target else {
                return Err(Hdf5Error::Invalid {
                    problem: format!(
                        "the link {} leads to {path}, which is not in the file",
                        self.name
                    ),
                    remedy: "remove the link, or write the file again with the data in it",
                });
            };
            let found = self.follow(at, &target)?;
            // The next path over this link is short.
            if let Some(links) = self.targets.groups.get_mut(&at) {
                links.insert(part.to_owned(), Target::Object(found));
            }
            at = found;
        }
        Ok(at)
    }

    /// Reads the links of a group, unless that was done before.
    fn read(&mut self, group: u64) -> Result<(), Hdf5Error> {
        if self.targets.groups.contains_key(&group) {
            return Ok(());
        }
        let object = Object::read(self.storage, group)?;
        let links = links::members(self.storage, &object)?;
        let text: usize = links.iter().map(|link| link.0.len() + LINK_BYTES).sum();
        self.targets.bytes += text + LINK_BYTES;
        if self.targets.bytes > MOST_BYTES {
            return Err(damaged("its soft links lead through too many groups"));
        }
        self.targets
            .groups
            .insert(group, links.into_iter().collect());
        Ok(())
    }
}
