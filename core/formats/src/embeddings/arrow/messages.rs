//! Finds the messages of an Arrow file or stream, and checks what the decoder does not.
//!
//! The footer of a file says where its messages are. What is before them is not read, because polars does
//! not begin files as the format says.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    iter,
    path::Path,
};

use arrow_buffer::Buffer;
use arrow_ipc::{
    Block, CompressionType, Message as Header, MessageHeader, MetadataVersion,
    RecordBatch as BatchHeader, Schema as SchemaHeader, convert::try_fb_to_schema,
    reader::read_footer_length, root_as_footer, root_as_message,
};
use arrow_schema::Schema;

use super::{FormatError, damaged};

/// The start of an Arrow file.
pub(super) const MAGIC: &[u8] = b"ARROW1";
/// The start of a message, and so of a stream.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes of the magic and padding at the start of a file.
const FRONT: u64 = 8;
/// Bytes of the length of the footer and the magic at the end of a file.
const BACK: usize = 10;
/// Limit of the metadata of a message, in bytes. A schema takes about 200 bytes a column.
const LARGEST_METADATA: u64 = 64 << 20;
/// A record batch may grow to this multiple of its size, once it is larger than [`ALWAYS_ALLOWED`].
const MOST_GROWTH: u64 = 200;
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// Limit of the values of a column in a batch. The decoder multiplies such numbers without a check.
const MOST_VALUES: i64 = 1 << 40;

/// What a file contains.
pub(super) struct Contents {
    pub schema: Schema,
    pub version: MetadataVersion,
    /// The record batches and dictionaries, in the order of the file.
    pub messages: Vec<Message>,
    /// Rows of all record batches.
    pub rows: u64,
}

/// A message with a body.
pub(super) struct Message {
    pub block: Block,
    pub is_dictionary: bool,
}

impl Message {
    /// Where the message starts and ends.
    fn place(&self) -> (i64, i64) {
        let start = self.block.offset();
        let length = i64::from(self.block.metaDataLength()).saturating_add(self.block.bodyLength());
        (start, start.saturating_add(length))
    }

    /// Reads the message and its body.
    pub fn load(&self, file: &mut File) -> io::Result<Buffer> {
        let start = u64::try_from(self.block.offset()).unwrap_or(0);
        let length = i64::from(self.block.metaDataLength()) + self.block.bodyLength();
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(Buffer::from_vec(bytes))
    }
}

impl Contents {
    /// Reads the metadata of all messages and checks their bodies.
    pub fn survey(path: &Path, file: &mut File) -> Result<Self, FormatError> {
        let unreadable = FormatError::unreadable(path);
        let length = file.metadata().map_err(&unreadable)?.len();
        let mut start = [0; MAGIC.len()];
        file.seek(SeekFrom::Start(0)).map_err(&unreadable)?;
        file.read_exact(&mut start).map_err(&unreadable)?;
        let survey = Survey {
            path,
            file,
            length,
            at: 0,
        };
        if start == MAGIC {
            survey.file()
        } else {
            survey.stream()
        }
    }

    fn new(schema: Schema, version: MetadataVersion) -> Self {
        Self {
            schema,
            version,
            messages: Vec::new(),
            rows: 0,
        }
    }
}

struct Survey<'f> {
    path: &'f Path,
    file: &'f mut File,
    length: u64,
    /// Where the next message starts.
    at: u64,
}

impl Survey<'_> {
    /// The messages that the footer of a file names.
    fn file(mut self) -> Result<Contents, FormatError> {
        let mut end = [0; BACK];
        self.at = self.length.saturating_sub(BACK as u64);
        self.read(self.at, &mut end)?;
        if self.at < FRONT || !end.ends_with(MAGIC) {
            let problem = "it is cut off: it does not end with ARROW1";
            return Err(damaged(self.path, problem));
        }
        let stated = read_footer_length(end).ok().map(|stated| stated as u64);
        let start = stated.and_then(|stated| self.at.checked_sub(stated));
        let (Some(stated), Some(start)) = (stated.filter(|&n| n <= LARGEST_METADATA), start) else {
            return Err(damaged(self.path, "its footer is larger than the file"));
        };
        let mut bytes = vec![0; usize::try_from(stated).unwrap_or(0)];
        self.read(start, &mut bytes)?;
        let footer = root_as_footer(&bytes)
            .map_err(|error| damaged(self.path, format!("its footer is invalid: {error}")))?;
        let schema = self.schema(footer.schema())?;
        let mut contents = Contents::new(schema, footer.version());
        let dictionaries = footer.dictionaries().into_iter().flatten();
        let batches = footer.recordBatches().into_iter().flatten();
        let blocks = dictionaries.zip(iter::repeat(true));
        for (block, is_dictionary) in blocks.chain(batches.zip(iter::repeat(false))) {
            self.at = u64::try_from(block.offset()).unwrap_or(u64::MAX);
            let added = self.next(&mut contents)?;
            if !added || contents.messages.last().map(|m| m.is_dictionary) != Some(is_dictionary) {
                return Err(self.damaged("it is not what the footer says"));
            }
        }
        // Without an overlap, the size of the file bounds what is decoded.
        let mut places: Vec<(i64, i64)> = contents.messages.iter().map(Message::place).collect();
        places.sort_unstable();
        if places.windows(2).any(|pair| pair[0].1 > pair[1].0) {
            return Err(damaged(self.path, "its record batches overlap"));
        }
        Ok(contents)
    }

    /// The messages of a stream, one behind the other.
    fn stream(mut self) -> Result<Contents, FormatError> {
        let Some((metadata, prefix)) = self.metadata()? else {
            return Err(damaged(self.path, "it has no schema"));
        };
        let header = self.header(&metadata[prefix..])?;
        let schema = self.schema(header.header_as_schema())?;
        let mut contents = Contents::new(schema, header.version());
        self.at += metadata.len() as u64;
        while self.next(&mut contents)? {}
        Ok(contents)
    }

    /// Adds the record batch or dictionary at the current place, and goes behind it. Returns false at the
    /// mark of the end.
    fn next(&mut self, contents: &mut Contents) -> Result<bool, FormatError> {
        let Some((metadata, prefix)) = self.metadata()? else {
            return Ok(false);
        };
        let header = self.header(&metadata[prefix..])?;
        let block = self.block(&metadata, &header)?;
        let is_dictionary = header.header_type() == MessageHeader::DictionaryBatch;
        let batch = if is_dictionary {
            header.header_as_dictionary_batch().and_then(|d| d.data())
        } else {
            header.header_as_record_batch()
        };
        let batch = batch.ok_or_else(|| self.damaged("it is not a record batch"))?;
        self.check(&batch, &block)?;
        if !is_dictionary {
            let rows = u64::try_from(batch.length()).unwrap_or(0);
            contents.rows = contents.rows.saturating_add(rows);
        }
        contents.messages.push(Message {
            block,
            is_dictionary,
        });
        self.at += metadata.len() as u64 + u64::try_from(block.bodyLength()).unwrap_or(0);
        Ok(true)
    }

    fn header<'m>(&self, metadata: &'m [u8]) -> Result<Header<'m>, FormatError> {
        root_as_message(metadata)
            .map_err(|error| self.damaged(format!("its header is invalid: {error}")))
    }

    fn damaged(&self, problem: impl std::fmt::Display) -> FormatError {
        damaged(
            self.path,
            format!("the message at byte {}: {problem}", self.at),
        )
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), FormatError> {
        let end = at.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(self.damaged("the file ends within it"));
        }
        self.file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(bytes))
            .map_err(FormatError::unreadable(self.path))
    }

    /// The metadata of the next message, with the prefix that states its length, and the length of the
    /// prefix; `None` at the end.
    fn metadata(&mut self) -> Result<Option<(Vec<u8>, usize)>, FormatError> {
        if self.at >= self.length {
            return Err(damaged(
                self.path,
                "it is cut off: it has no mark of its end",
            ));
        }
        let mut word = [0; 4];
        self.read(self.at, &mut word)?;
        // Before Arrow 0.15, the length was not preceded by a marker.
        let prefix = if word == CONTINUATION { 8 } else { 4 };
        if prefix == 8 {
            self.read(self.at + 4, &mut word)?;
        }
        let stated = i32::from_le_bytes(word);
        if stated == 0 {
            return Ok(None);
        }
        let left = self.length - self.at;
        let whole = u64::try_from(stated)
            .ok()
            .and_then(|n| n.checked_add(prefix));
        let Some(whole) = whole.filter(|&whole| whole <= left.min(LARGEST_METADATA)) else {
            return Err(self.damaged(format!(
                "it states {stated} bytes of metadata; the file has {left} more bytes"
            )));
        };
        let mut metadata = vec![0; usize::try_from(whole).unwrap_or(0)];
        self.read(self.at, &mut metadata)?;
        Ok(Some((metadata, usize::try_from(prefix).unwrap_or(0))))
    }

    /// The place of a message. Its body must be inside the file.
    fn block(&self, metadata: &[u8], header: &Header<'_>) -> Result<Block, FormatError> {
        let place = || {
            let body = u64::try_from(header.bodyLength()).ok()?;
            let start = self.at.checked_add(metadata.len() as u64)?;
            (start.checked_add(body)? <= self.length).then_some(())?;
            Some(Block::new(
                i64::try_from(self.at).ok()?,
                i32::try_from(metadata.len()).ok()?,
                header.bodyLength(),
            ))
        };
        place().ok_or_else(|| self.damaged("the file ends within its body"))
    }

    fn schema(&self, schema: Option<SchemaHeader<'_>>) -> Result<Schema, FormatError> {
        let schema = schema.ok_or_else(|| self.damaged("it has no schema"))?;
        if !schema.endianness().equals_to_target_endianness() {
            return Err(FormatError::matrix(
                self.path,
                "its numbers are big-endian",
                "write it again on a machine with little-endian numbers",
            ));
        }
        try_fb_to_schema(schema).map_err(|error| self.damaged(error))
    }

    /// Checks that buffers are inside the body, and what they take when they are decompressed.
    fn check(&mut self, batch: &BatchHeader<'_>, block: &Block) -> Result<(), FormatError> {
        let lengths = batch
            .nodes()
            .into_iter()
            .flatten()
            .map(|node| (node.length(), node.null_count()));
        for (length, nulls) in lengths.chain([(batch.length(), 0)]) {
            if !(0..=MOST_VALUES).contains(&length) || !(0..=length).contains(&nulls) {
                return Err(self.damaged(format!("it states {length} rows, {nulls} of them null")));
            }
        }
        let codec = batch.compression().map(|compression| compression.codec());
        if codec == Some(CompressionType::ZSTD) && !cfg!(feature = "zstd") {
            return Err(FormatError::NotBuilt {
                path: self.path.to_owned(),
                format: "Zstandard-compressed Feather",
                feature: "zstd",
            });
        }
        let body = self.at + u64::try_from(block.metaDataLength()).unwrap_or(0);
        let most = u64::try_from(block.bodyLength())
            .unwrap_or(0)
            .saturating_mul(MOST_GROWTH)
            .max(ALWAYS_ALLOWED);
        let mut decompressed = 0u64;
        for buffer in batch.buffers().into_iter().flatten() {
            let end = buffer.offset().checked_add(buffer.length());
            let is_inside = end.is_some_and(|end| end <= block.bodyLength());
            if buffer.offset() < 0 || buffer.length() < 0 || !is_inside {
                return Err(self.damaged("a buffer is outside of it"));
            }
            if codec.is_none() || buffer.length() == 0 {
                continue;
            }
            if buffer.length() < 8 {
                return Err(self.damaged("a compressed buffer is cut off"));
            }
            let mut stated = [0; 8];
            self.read(
                body + u64::try_from(buffer.offset()).unwrap_or(0),
                &mut stated,
            )?;
            // -1 says that the buffer is not compressed.
            let stated = u64::try_from(i64::from_le_bytes(stated)).unwrap_or(0);
            decompressed = decompressed.saturating_add(stated);
            if decompressed > most {
                return Err(self.damaged(
                    "decompressed, it is hundreds of times as large, which is not plausible",
                ));
            }
        }
        Ok(())
    }
}
