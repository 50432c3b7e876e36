//! Lists a remote prefix.

use futures_util::TryStreamExt;
use object_store::{ListResult, ObjectMeta, list::PaginatedListOptions, path::Path};

use super::{fault::Fault, object::Remote};
use crate::{
    StoreError,
    listing::{Listed, Listing},
};

/// The largest page of a listing.
const PAGE: usize = 1000;

impl Remote {
    /// The first `most` entries of the prefix, with subdirectories if `recursive`.
    pub(crate) fn list(&self, recursive: bool, most: usize) -> Result<Listing, StoreError> {
        if self.read_only {
            return Err(StoreError::Unlistable {
                uri: self.display_uri(""),
            });
        }
        let prefix = Some(&self.base).filter(|base| !base.as_ref().is_empty());
        self.run(async {
            let retries = self.retries();
            loop {
                let found = if recursive {
                    self.all(prefix, most).await
                } else {
                    self.level(prefix, most).await
                };
                let error = match found {
                    Ok(listing) => return Ok(listing),
                    Err(error) => error,
                };
                match Fault::from_error(&error) {
                    Fault::Passing(reason) => retries.wait(&self.display_uri(""), reason).await?,
                    fault => return Err(retries.give_up(fault, self.display_uri(""))),
                }
            }
        })
    }

    async fn all(&self, prefix: Option<&Path>, most: usize) -> object_store::Result<Listing> {
        let mut listing = Listing::default();
        let mut objects = self.store.list(prefix);
        while let Some(object) = objects.try_next().await? {
            if listing.entries.len() == most {
                listing.more = true;
                break;
            }
            listing.entries.push(self.listed(&object));
        }
        Ok(listing)
    }

    async fn level(&self, prefix: Option<&Path>, most: usize) -> object_store::Result<Listing> {
        let mut entries = Vec::new();
        let Some(pages) = &self.pages else {
            self.take_page(self.store.list_with_delimiter(prefix).await?, &mut entries);
            return Ok(first(entries, most));
        };
        let prefix = prefix.map(|prefix| format!("{prefix}/"));
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                delimiter: Some("/".into()),
                max_keys: Some(most.saturating_add(1).min(PAGE)),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = pages.list_paginated(prefix.as_deref(), options).await?;
            self.take_page(page.result, &mut entries);
            page_token = page.page_token;
            // Pages are sorted by name.
            if page_token.is_none() || entries.len() > most {
                return Ok(first(entries, most));
            }
        }
    }

    fn take_page(&self, page: ListResult, entries: &mut Vec<Listed>) {
        let directories = page.common_prefixes.iter().map(|path| Listed {
            name: format!("{}/", self.relative(path)),
            bytes: None,
            modified: None,
        });
        let objects = page.objects.iter().map(|object| self.listed(object));
        entries.extend(directories.chain(objects));
    }

    fn listed(&self, object: &ObjectMeta) -> Listed {
        Listed {
            name: self.relative(&object.location),
            bytes: Some(object.size),
            modified: jiff::Timestamp::from_second(object.last_modified.timestamp()).ok(),
        }
    }

    fn relative(&self, path: &Path) -> String {
        let relative = path.prefix_match(&self.base);
        let parts = relative.map(|parts| parts.map(|part| part.as_ref().to_owned()).collect());
        parts.map_or_else(|| path.to_string(), |parts: Vec<_>| parts.join("/"))
    }
}

/// The first entries by name.
fn first(mut entries: Vec<Listed>, most: usize) -> Listing {
    let more = entries.len() > most;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.truncate(most);
    Listing { entries, more }
}
