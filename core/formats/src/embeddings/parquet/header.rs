//! Reads the header of a page, to check its sizes before the page is decompressed.
//!
//! The `parquet` crate reads these headers too, but allocates the claimed size without a limit and
//! does not expose either size. Format: <https://parquet.apache.org/docs/file-format/data-pages/>,
//! in Thrift's compact protocol.

/// Limit of the nesting of structures.
const MAX_DEPTH: usize = 8;

/// The header of a page.
#[derive(Default)]
pub(super) struct PageHeader {
    /// Bytes of the page in the file.
    pub stored: u64,
    /// Bytes of the page after decompression.
    pub plain: u64,
    /// Number of values, including nulls.
    pub values: u64,
    pub dictionary: bool,
}

impl PageHeader {
    /// Parses a header and returns its length; `None` if it is cut off or invalid.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = Compact(bytes);
        let mut header = Self::default();
        let (mut id, mut seen) = (0, 0u32);
        while let Some(kind) = rest.field(&mut id)? {
            // A repeated field is rejected, because the `parquet` crate could use the other value.
            if !(1..=8).contains(&id) || seen & (1 << id) != 0 {
                return None;
            }
            seen |= 1 << id;
            match (id, kind) {
                (1, Compact::I32) => header.dictionary = rest.number()? == 2,
                (2, Compact::I32) => header.plain = u64::try_from(rest.number()?).ok()?,
                (3, Compact::I32) => header.stored = u64::try_from(rest.number()?).ok()?,
                (5 | 7 | 8, Compact::STRUCT) => {
                    header.values = header.values.max(values(&mut rest)?)
                }
                (4 | 6, kind) => rest.skip(kind, 0)?,
                _ => return None,
            }
        }
        (seen & 0b1110 == 0b1110).then_some((header, bytes.len() - rest.0.len()))
    }
}

/// Reads the number of values: the first field of the structure that describes a page.
fn values(rest: &mut Compact<'_>) -> Option<u64> {
    let (mut id, mut count) = (0, None);
    while let Some(kind) = rest.field(&mut id)? {
        match (id, kind) {
            (1, Compact::I32) if count.is_none() => {
                count = Some(u64::try_from(rest.number()?).ok()?)
            }
            (1, _) => return None,
            (_, kind) => rest.skip(kind, 1)?,
        }
    }
    count
}

struct Compact<'a>(&'a [u8]);

impl Compact<'_> {
    const I32: u8 = 5;
    const STRUCT: u8 = 12;

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn advance(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        unsigned(&mut self.0)
    }

    fn number(&mut self) -> Option<i64> {
        let folded = self.unsigned()?;
        Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    /// Reads the type of the next field and stores its number in `id`. The inner `None` is the end
    /// of the structure, the outer one an error.
    #[allow(clippy::option_option)]
    fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *id = match head >> 4 {
            0 => self.number()?,
            step => id.checked_add(i64::from(step))?,
        };
        Some(Some(head & 0xf))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            // A boolean is encoded in its type.
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.advance(8),
            8 => {
                let length = self.unsigned()?;
                self.advance(length)
            }
            Self::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            // Page headers contain no lists, sets or maps.
            _ => None,
        }
    }
}

/// Reads a variable-length number: seven bits per byte, the lowest first.
pub(super) fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
