//! Arrow IPC files, mapped and validated.
//!
//! The decoder of `arrow-ipc` validates the arrays it makes, but takes the places of blocks and buffers on trust and
//! panics where they lie outside the file or are not aligned. So they are checked here first.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, MessageHeader, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::{DatasetError, mapped};

const MAGIC: &[u8] = b"ARROW1";
/// Magic and padding in front; footer length and magic behind.
const FRONT: usize = 8;
const BACK: usize = 10;
/// What the format demands of every buffer; writers here and elsewhere mostly give 64.
const ALIGNMENT: usize = 8;

/// Maps the Arrow file at `path`, has `check` look at its schema, and answers its record batches. Their buffers are
/// slices of the map.
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
        return Err("not an Arrow IPC file (it does not begin and end with ARROW1)".into());
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
            format!("the footer claims {footer_length} bytes, more than the file has")
        })?;
    let footer = root_as_footer(&file[footer_start..footer_end])
        .map_err(|error| format!("the footer is broken: {error}"))?;

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
        return Err("it has dictionaries, which datasets do not use".into());
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

/// Where a block lies. Blocks may not overlap, so that all of them together cannot be larger than the file.
fn extent(block: &Block, after: usize, before: usize) -> Result<(usize, usize), String> {
    let place = || {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let body = usize::try_from(block.bodyLength()).ok()?;
        let length = metadata.checked_add(body)?;
        (metadata >= 16 && start >= after && start.checked_add(length)? <= before)
            .then_some((start, length))
    };
    place().ok_or_else(|| "it lies outside the file or overlaps the one before".into())
}

/// For every buffer of a record batch, in order, the bytes of one of its numbers.
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
                    "column {:?} is {other}, which datasets do not use",
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

/// Checks what the decoder takes on trust: buffers inside the body, lengths that the body can hold.
fn check_message(message: &Buffer, block: &Block, units: &[i64]) -> Result<(), String> {
    // The decoder skips the continuation marker and the length in the same way.
    if !message.starts_with(&[0xff; 4]) {
        return Err("it does not begin with a continuation marker".into());
    }
    let header =
        root_as_message(&message[8..]).map_err(|error| format!("its header is broken: {error}"))?;
    if header.header_type() != MessageHeader::RecordBatch {
        return Err("it is no record batch".into());
    }
    let batch = header
        .header_as_record_batch()
        .ok_or("its header is broken")?;
    if batch.compression().is_some() {
        return Err("it is compressed, so that it cannot be mapped".into());
    }
    let body = block.bodyLength();
    let body_start = message.as_ptr().addr() + block.metaDataLength() as usize;
    if batch.buffers().map_or(0, |buffers| buffers.len()) != units.len() {
        return Err("it has not the buffers of its columns".into());
    }
    for (buffer, unit) in batch.buffers().into_iter().flatten().zip(units) {
        let end = buffer.offset().checked_add(buffer.length());
        if buffer.offset() < 0 || buffer.length() < 0 || end.is_none_or(|end| end > body) {
            return Err("a buffer lies outside it".into());
        }
        if buffer.length() % unit != 0 {
            return Err("a buffer ends within a number".into());
        }
        if !(body_start + buffer.offset() as usize).is_multiple_of(ALIGNMENT) {
            return Err(format!("a buffer is not aligned to {ALIGNMENT} bytes"));
        }
    }
    // Every column here takes at least one byte per value.
    let lengths = batch
        .nodes()
        .into_iter()
        .flatten()
        .map(|node| (node.length(), node.null_count()));
    for (length, nulls) in lengths.chain([(batch.length(), 0)]) {
        if length < 0 || length > body || nulls < 0 || nulls > length {
            return Err(format!(
                "it claims {length} rows, {nulls} of them null, in {body} bytes"
            ));
        }
    }
    Ok(())
}
