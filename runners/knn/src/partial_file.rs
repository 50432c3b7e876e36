//! The file with the neighbours of queries in a part of the references.
//!
//! | bytes | content |
//! |---|---|
//! | 0–15 | [`MAGIC`], whose last byte is the version of this format |
//! | 16–19 | the length of the header, a little-endian `u32` |
//! | then | the [`Header`], JSON |
//! | then | for each query, in the order of its dataset, one list for each index |
//!
//! A list is its length, a little-endian `u32`, then for each neighbour its row in the dataset of the
//! references, a `u32`, and its distance, the eight bytes of an IEEE 754 double, all little-endian. Lists
//! are in the order of [`Neighbour::order`]. Nothing follows the last list.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use protea_cafa::neighbours::{Neighbour, Neighbours};
use protea_contracts::{ReferenceShard, Sha256, content::open_regular, prelude::*};

const MAGIC: [u8; 16] = *b"protea-knn-part\x01";
/// The longest header in bytes.
const LONGEST_HEADER: u32 = 64 << 10;
/// The bytes of a neighbour.
const NEIGHBOUR: usize = 12;

/// What the lists are about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
pub(crate) struct Header {
    /// The identity of the references.
    pub(crate) references: Sha256,
    /// How many references there are.
    pub(crate) reference_count: usize,
    /// The identity of the queries.
    pub(crate) queries: Sha256,
    /// How many queries there are.
    pub(crate) query_count: usize,
    /// SHA-256 of the settings as JSON.
    pub(crate) spec: Sha256,
    /// The part of the references.
    pub(crate) shard: ReferenceShard,
    /// How many indices there are.
    pub(crate) groups: usize,
}

impl Header {
    fn rows(&self) -> Range<usize> {
        self.shard.rows(self.reference_count)
    }
}

/// Writes the file.
pub(crate) struct PartialWriter {
    out: BufWriter<File>,
}

impl PartialWriter {
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let header = serde_json::to_vec(header)?;
        out.write_all(&MAGIC)?;
        out.write_all(&(header.len() as u32).to_le_bytes())?;
        out.write_all(&header)?;
        Ok(Self { out })
    }

    /// Adds the lists of the next queries.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn add(&mut self, neighbours: &Neighbours) -> io::Result<()> {
        for query in 0..neighbours.queries() {
            for group in 0..neighbours.groups() {
                let list = neighbours.list(query, group);
                self.out.write_all(&(list.len() as u32).to_le_bytes())?;
                for neighbour in list {
                    self.out.write_all(&neighbour.row.to_le_bytes())?;
                    self.out
                        .write_all(&neighbour.distance.to_bits().to_le_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads the file, list by list, and checks it.
pub(crate) struct PartialReader {
    path: PathBuf,
    header: Header,
    input: BufReader<File>,
    bytes: Vec<u8>,
}

impl PartialReader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be read or is not such a file.
    pub(crate) fn open(path: &Path) -> Result<Self, RunnerError> {
        let file = open_regular(path).or_failed(&format!("opening {}", path.display()))?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        let damaged = |reason: &str| damaged(path, reason);
        let mut start = [0; 20];
        input
            .read_exact(&mut start)
            .map_err(|error| damaged(&error.to_string()))?;
        let [a, b, c, d] = [start[16], start[17], start[18], start[19]];
        let length = u32::from_le_bytes([a, b, c, d]);
        if start[..16] != MAGIC {
            return Err(damaged("it does not begin as one"));
        }
        if length > LONGEST_HEADER {
            return Err(damaged("its header is too long"));
        }
        let mut header = vec![0; length as usize];
        input
            .read_exact(&mut header)
            .map_err(|error| damaged(&error.to_string()))?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|error| damaged(&error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            header,
            input,
            bytes: Vec::new(),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the next list to `found`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when the file cannot be read, ends too early, or is damaged.
    pub(crate) fn list(&mut self, found: &mut Vec<Neighbour>) -> Result<(), RunnerError> {
        let rows = self.header.rows();
        let mut length = [0; 4];
        self.read(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > rows.len() {
            return Err(damaged(&self.path, "a list is longer than its references"));
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.resize(length * NEIGHBOUR, 0);
        self.read(&mut bytes)?;
        let first = found.len();
        for neighbour in bytes.chunks_exact(NEIGHBOUR) {
            let (row, distance) = neighbour.split_at(4);
            let (Ok(row), Ok(distance)) = (row.try_into(), distance.try_into()) else {
                continue;
            };
            let neighbour = Neighbour {
                row: u32::from_le_bytes(row),
                distance: f64::from_bits(u64::from_le_bytes(distance)),
            };
            let is_after = |last: &Neighbour| last.order(&neighbour).is_lt();
            let follows = found[first..].last().is_none_or(is_after);
            if !(follows && neighbour.distance >= 0.0 && rows.contains(&(neighbour.row as usize))) {
                return Err(damaged(&self.path, "a neighbour is out of place"));
            }
            found.push(neighbour);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Checks that nothing follows the last list.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when something does.
    pub(crate) fn check_end(&mut self) -> Result<(), RunnerError> {
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged(&self.path, "something follows its last list")),
            Err(error) => Err(damaged(&self.path, &error.to_string())),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), RunnerError> {
        self.input
            .read_exact(bytes)
            .map_err(|error| damaged(&self.path, &error.to_string()))
    }
}

fn damaged(path: &Path, reason: &str) -> RunnerError {
    RunnerError::failed(format!(
        "{} is not a whole partial result: {reason}; search this part of the references again",
        path.display()
    ))
}
