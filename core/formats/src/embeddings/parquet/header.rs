//! The head of a page: how large the page is, before anything is done with it.
//!
//! The crate reads these heads too, but makes room for what they claim before anybody could object, and shows
//! neither size. Format: <https://parquet.apache.org/docs/file-format/data-pages/>, in Thrift's compact protocol.

/// Structures lie within each other so deep at most.
const DEEPEST: usize = 8;

/// What a page says of itself.
#[derive(Default)]
pub(super) struct PageHeader {
    /// Bytes of the page as it is stored, and unpacked.
    pub stored: u64,
    pub plain: u64,
    /// Values, nulls among them.
    pub values: u64,
    pub dictionary: bool,
}

impl PageHeader {
    /// Reads a head, and tells its length; `None` if it is cut off or is none.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = Compact(bytes);
        let mut header = Self::default();
        let (mut id, mut seen) = (0, 0u32);
        while let Some(kind) = rest.field(&mut id)? {
            // A field that came twice would leave open which of the two the crate takes.
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

/// The first field of what describes a page of either kind.
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

    fn pass(&mut self, count: u64) -> Option<()> {
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

    /// The type of the next field, whose number comes to stand in `id`; none at the end of the structure.
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
        if depth > DEEPEST {
            return None;
        }
        match kind {
            // A flag is in its type.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            Self::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            // Heads of pages have no lists, sets and maps.
            _ => None,
        }
    }
}

/// A number of seven bits to the byte, the lowest first.
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
