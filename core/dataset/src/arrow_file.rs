//! Maps and validates Arrow IPC files.
//!
//! The decoder of `arrow-ipc` validates the arrays that it returns, but not the offsets of blocks
//! and buffers, and panics if they are outside the file or not aligned. This module checks them
//! first.

use std::{path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{
    Block, MessageHeader,
    convert::try_fb_to_schema,
    reader::{FileDecoder, read_footer_length},
    root_as_footer, root_as_message,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::{DatasetError, mapped};

const MAGIC: &[u8] = b"ARROW1";
/// Bytes of the magic and padding at the start of a file.
const FRONT: usize = 8;
/// Bytes of the footer length and magic at the end of a file.
const BACK: usize = 10;
/// Alignment in bytes that the format requires of every buffer. Most writers, including ours, align
/// to 64.
const ALIGNMENT: usize = 8;

/// Maps the Arrow file at `path`, validates its schema with `check`, and returns its record
/// batches. Their buffers are slices of the map.
pub(super) fn read(
    path: &Path,
    check: impl FnOnce(&Schema) -> Result<(), String>,
) -> Result<Vec<RecordBatch>, DatasetError> {
    let buffer = mapped::map(path).map_err(|source| DatasetError::Read {
        path: path.to_owned(),
        source,
    })?;
    decode(&buffer, check).map_err(|problem| DatasetError::table(path, problem))
}

fn decode(
    file: &Buffer,
    check: impl FnOnce(&Schema) -> Result<(), String>,
) -> Result<Vec<RecordBatch>, String> {
    let arrow = |error: ArrowError| format!("not a valid Arrow IPC file: {error}");
    if file.len() < FRONT + BACK || !file.starts_with(MAGIC) || !file.ends_with(MAGIC) {
        return Err("not an Arrow IPC file (it does not start and end with ARROW1)".into());
    }
    let footer_end = file.len() - BACK;
    let trailer = file[footer_end..]
        .first_chunk()
        .ok_or("the trailer is cut off")?;
    let footer_length = read_footer_length(*trailer).map_err(arrow)?;
    let footer_start = footer_end
        .checked_sub(footer_length)
        .filter(|&start| start >= FRONT)
        .ok_or_else(|| {
            format!("the footer states {footer_length} bytes, more than the file has")
        })?;
    let footer = root_as_footer(&file[footer_start..footer_end])
        .map_err(|error| format!("the footer is invalid: {error}"))?;

    let schema = footer.schema().ok_or("the footer has no schema")?;
    if !schema.endianness().equals_to_target_endianness() {
        return Err("its numbers are not little-endian".into());
    }
    let schema = Arc::new(try_fb_to_schema(schema).map_err(arrow)?);
    check(&schema)?;
    if footer
        .dictionaries()
        .is_some_and(|blocks| !blocks.is_empty())
    {
        return Err("it has dictionaries, which are not supported".into());
    }

    let units = buffer_units(&schema)?;
    let decoder = FileDecoder::new(schema, footer.version()).with_require_alignment(true);
    let mut batches = Vec::new();
    let mut end = FRONT;
    for (number, block) in footer.recordBatches().into_iter().flatten().enumerate() {
        let in_batch = |problem: String| format!("record batch {number}: {problem}");
        let (start, length) = extent(block, end, footer_start).map_err(in_batch)?;
        end = start + length;
        let message = file.slice_with_length(start, length);
        check_message(&message, block, &units).map_err(in_batch)?;
        let batch = decoder
            .read_record_batch(block, &message)
            .map_err(|error| in_batch(arrow(error)))?;
        batches.push(batch.ok_or_else(|| in_batch("it is empty".into()))?);
    }
    Ok(batches)
}

/// The offset and length of a block. Blocks must not overlap, which bounds their total size by the
/// size of the file.
fn extent(block: &Block, after: usize, before: usize) -> Result<(usize, usize), String> {
    let place = || {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let body = usize::try_from(block.bodyLength()).ok()?;
        let length = metadata.checked_add(body)?;
        (metadata >= 16 && start >= after && start.checked_add(length)? <= before)
            .then_some((start, length))
    };
    place().ok_or_else(|| "it is outside the file or overlaps the previous one".into())
}

/// The size of one element, in bytes, for every buffer of a record batch, in order.
fn buffer_units(schema: &Schema) -> Result<Vec<i64>, String> {
    fn push(field: &Field, units: &mut Vec<i64>) -> Result<(), String> {
        match field.data_type() {
            DataType::Utf8 => units.extend([1, 4, 1]),
            DataType::Int32 | DataType::Float32 => units.extend([1, 4]),
            DataType::Float16 => units.extend([1, 2]),
            DataType::FixedSizeList(item, _) => {
                units.push(1);
                push(item, units)?;
            }
            other => {
                return Err(format!(
                    "column {:?} is {other}, which is not supported",
                    field.name()
                ));
            }
        }
        Ok(())
    }
    let mut units = Vec::new();
    for field in schema.fields() {
        push(field, &mut units)?;
    }
    Ok(units)
}

/// Checks what the decoder does not: that buffers are inside the body and that lengths fit into it.
fn check_message(message: &Buffer, block: &Block, units: &[i64]) -> Result<(), String> {
    // The decoder skips the continuation marker and the length in the same way.
    if !message.starts_with(&[0xff; 4]) {
        return Err("it does not start with a continuation marker".into());
    }
    let header = root_as_message(&message[8..])
        .map_err(|error| format!("its header is invalid: {error}"))?;
    if header.header_type() != MessageHeader::RecordBatch {
        return Err("it is not a record batch".into());
    }
    let batch = header
        .header_as_record_batch()
        .ok_or("its header is invalid")?;
    if batch.compression().is_some() {
        return Err("it is compressed, so it cannot be mapped".into());
    }
    let body = block.bodyLength();
    let body_start = message.as_ptr().addr() + block.metaDataLength() as usize;
    if batch.buffers().map_or(0, |buffers| buffers.len()) != units.len() {
        return Err("its buffers do not match its columns".into());
    }
    for (buffer, unit) in batch.buffers().into_iter().flatten().zip(units) {
        let end = buffer.offset().checked_add(buffer.length());
        if buffer.offset() < 0 || buffer.length() < 0 || end.is_none_or(|end| end > body) {
            return Err("a buffer is outside it".into());
        }
        if buffer.length() % unit != 0 {
            return Err("a buffer ends within a number".into());
        }
        if !(body_start + buffer.offset() as usize).is_multiple_of(ALIGNMENT) {
            return Err(format!("a buffer is not aligned to {ALIGNMENT} bytes"));
        }
    }
    // Every supported column takes at least one byte per value.
    let lengths = batch
        .nodes()
        .into_iter()
        .flatten()
        .map(|node| (node.length(), node.null_count()));
    for (length, nulls) in lengths.chain([(batch.length(), 0)]) {
        if length < 0 || length > body || nulls < 0 || nulls > length {
            return Err(format!(
                "it states {length} rows, {nulls} of them null, in {body} bytes"
            ));
        }
    }
    Ok(())
}
