//! The file of an upload.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use crate::StoreError;

/// The file that is uploaded. It is opened once: what is sent is what was checked.
pub(super) struct Source<'f> {
    pub(super) file: &'f File,
    /// Its path, for messages.
    pub(super) place: &'f Path,
}

impl<'f> Source<'f> {
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(StoreError::read(self.place))?.len())
    }

    /// The file, to be read from its start.
    pub(super) fn rewound(&self) -> Result<&'f File, StoreError> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(0))
            .map_err(StoreError::read(self.place))?;
        Ok(file)
    }

    pub(super) fn read(&self, size: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let file = self.rewound()?;
        file.take(size)
            .read_to_end(&mut bytes)
            .map_err(StoreError::read(self.place))?;
        Ok(bytes)
    }
}
