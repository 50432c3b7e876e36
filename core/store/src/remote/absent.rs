//! Replaces remote stores in a build without them: every call fails.

use std::{fs::File, path::Path};

use protea_contracts::FileDigest;
use url::Url;

use super::settings::RemoteSettings;
use crate::{
    StoreError,
    listing::Listing,
    location::{is_known, redacted},
    meter::Meter,
    object_info::{Content, Made, Stat},
    part::PartFile,
};

/// Has no values: it is never created.
pub(crate) enum Remote {}

impl Remote {
    pub(crate) fn open(uri: &Url, _: &RemoteSettings) -> Result<Self, StoreError> {
        if is_known(uri) {
            Err(StoreError::NoCloud { uri: redacted(uri) })
        } else {
            Err(StoreError::Scheme { uri: redacted(uri) })
        }
    }

    pub(crate) fn below(&self, _: &str) -> Result<Self, StoreError> {
        match *self {}
    }

    pub(crate) fn fetch(
        &self,
        _: &str,
        _: &FileDigest,
        _: &mut File,
        _: &Meter<'_>,
    ) -> Result<(), StoreError> {
        match *self {}
    }

    pub(crate) fn display_uri(&self, _: &str) -> String {
        match *self {}
    }

    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        match *self {}
    }

    pub(crate) fn stat(&self, _: &str) -> Result<Option<Stat>, StoreError> {
        match *self {}
    }

    pub(crate) fn read(&self, _: &str, _: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match *self {}
    }

    pub(crate) fn list(&self, _: bool, _: usize) -> Result<Listing, StoreError> {
        match *self {}
    }

    pub(crate) fn hash(&self, _: &str, _: &Meter<'_>) -> Result<Content, StoreError> {
        match *self {}
    }

    pub(crate) fn download(
        &self,
        _: &str,
        _: Option<&FileDigest>,
        _: &PartFile,
        _: &Meter<'_>,
    ) -> Result<(), StoreError> {
        match *self {}
    }

    pub(crate) fn upload(
        &self,
        _: &str,
        _: &File,
        _: &Path,
        _: &Meter<'_>,
    ) -> Result<(), StoreError> {
        match *self {}
    }

    pub(crate) fn create(&self, _: &str, _: &[u8]) -> Result<Made, StoreError> {
        match *self {}
    }

    pub(crate) fn withdraw(&self, _: &str) -> Result<(), StoreError> {
        match *self {}
    }
}
