//! Writes Arrow IPC files that can be mapped.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::{
    MetadataVersion,
    writer::{FileWriter, IpcWriteOptions},
};
use arrow_schema::{ArrowError, Schema, SchemaRef};

use crate::DatasetError;

/// The alignment in bytes that Arrow recommends. It is enough for all vector instructions.
const ALIGNMENT: usize = 64;
const BUFFER: usize = 1 << 20;

pub(crate) struct TableWriter {
    path: PathBuf,
    schema: SchemaRef,
    writer: FileWriter<BufWriter<File>>,
}

impl TableWriter {
    pub(crate) fn create(path: &Path, schema: Schema) -> Result<Self, DatasetError> {
        let file = File::create_new(path).map_err(DatasetError::write(path))?;
        let schema = Arc::new(schema);
        let writer = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)
            .and_then(|options| {
                FileWriter::try_new_with_options(
                    BufWriter::with_capacity(BUFFER, file),
                    &schema,
                    options,
                )
            })
            .map_err(|error| failed(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            writer,
        })
    }

    pub(crate) fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), DatasetError> {
        RecordBatch::try_new(self.schema.clone(), columns)
            .and_then(|batch| self.writer.write(&batch))
            .map_err(|error| failed(&self.path, error))
    }

    /// Writes the footer and flushes the file to disk.
    pub(crate) fn finish(self) -> Result<(), DatasetError> {
        let buffer = self
            .writer
            .into_inner()
            .map_err(|error| failed(&self.path, error))?;
        let file = buffer
            .into_inner()
            .map_err(|error| DatasetError::write(&self.path)(error.into_error()))?;
        file.sync_all().map_err(DatasetError::write(&self.path))
    }
}

fn failed(path: &Path, error: ArrowError) -> DatasetError {
    let source = match error {
        ArrowError::IoError(_, source) => source,
        other => std::io::Error::other(other),
    };
    DatasetError::write(path)(source)
}
