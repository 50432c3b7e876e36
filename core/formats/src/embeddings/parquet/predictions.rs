//! Reads predictions from Parquet.

use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
        parquet_to_arrow_field_levels,
    },
    errors::ParquetError,
};

use super::{
    super::columnar::{ScoredTerms, TakeScoredTerms, catch},
    check_codecs, check_places, damaged,
    pages::Guarded,
};
use crate::FormatError;

/// Rows that are decoded at a time.
const BATCH: usize = 1 << 14;

/// Reads predictions in bounded memory. Ends early if `take` returns false.
pub(in super::super) fn read_scored_terms<'t>(
    path: &'t Path,
    file: File,
    take: &'t mut TakeScoredTerms<'t>,
) -> Result<(), FormatError> {
    // The `parquet` crate does not check all lengths and panics on some damaged pages.
    catch(|| read(path, file, take))
        .unwrap_or_else(|| Err(damaged(path, "its pages contradict its footer")))
}

fn read<'t>(
    path: &'t Path,
    file: File,
    take: &'t mut TakeScoredTerms<'t>,
) -> Result<(), FormatError> {
    let failed = |error: ParquetError| damaged(path, error);
    let unreadable = FormatError::unreadable(path);
    let length = file.metadata().map_err(&unreadable)?.len();
    let again = file.try_clone().map_err(&unreadable)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    check_codecs(path, builder.metadata())?;
    check_places(path, builder.metadata(), length)?;
    let mut rows = ScoredTerms::find(path, builder.schema(), take)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), rows.roots.iter().copied());
    let fields = builder.schema().fields();
    let levels = parquet_to_arrow_field_levels(builder.parquet_schema(), mask, Some(fields))
        .map_err(failed)?;
    let pages = Guarded {
        file: Arc::new(again),
        metadata: Arc::clone(builder.metadata()),
        widest: 1,
    };
    let reader = ParquetRecordBatchReader::try_new_with_row_groups(&levels, &pages, BATCH, None)
        .map_err(failed)?;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, error))?;
        if !rows.add(&batch)? {
            break;
        }
    }
    Ok(())
}
