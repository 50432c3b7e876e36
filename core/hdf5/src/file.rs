//! An open file: its groups, names, values and strings.

use std::fs::File;

use super::{
    attributes,
    chunks::{self, Grid},
    dataset::{Chunked, Dataset, Kind, Layout},
    error::{Hdf5Error, damaged},
    filters,
    heap::GlobalHeap,
    link_targets::LinkTargets,
    links::{self, Target},
    object::{self, Object},
    storage::{Fields, Storage},
};

/// The largest band of chunks that is held in memory, in bytes. A band is the chunks with the same
/// rows.
const LARGEST_BAND: u64 = 256 << 20;

/// The largest plausible size of a chunk in the file. Incompressible data grow by less than 1 %
/// with deflate and by 1/32 with LZF, plus a checksum.
fn max_stored(chunk_bytes: u64) -> u64 {
    chunk_bytes + chunk_bytes / 8 + 4096
}

/// An open HDF5 file.
pub struct Hdf5 {
    storage: Storage,
    heap: GlobalHeap,
    link_targets: LinkTargets,
    root: u64,
}

/// The object at an address.
pub enum Node {
    /// A group: a list of names with addresses.
    Group,
    /// A dataset: an array of elements.
    Dataset(Box<Dataset>),
    /// Any other object, such as a named type.
    Other,
}

impl Hdf5 {
    /// Opens a file by reading its superblock.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if the file cannot be read or has no valid superblock.
    pub fn open(file: File) -> Result<Self, Hdf5Error> {
        let mut storage = Storage::new(file)?;
        let root = object::superblock(&mut storage)?;
        Ok(Self {
            storage,
            heap: GlobalHeap::default(),
            link_targets: LinkTargets::default(),
            root,
        })
    }

    /// The address of the root group.
    #[must_use]
    pub fn root(&self) -> u64 {
        self.root
    }

    /// The object at an address.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if there is no valid object at `at`.
    pub fn node_at(&mut self, at: u64) -> Result<Node, Hdf5Error> {
        let object = Object::read(&mut self.storage, at)?;
        Ok(if object.is_dataset() {
            Node::Dataset(Box::new(Dataset::read(&self.storage, &object)?))
        } else if object.is_group() {
            Node::Group
        } else {
            Node::Other
        })
    }

    /// The value of an attribute of the object at an address, if the object has the attribute and its
    /// value is one string.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if there is no valid object at `at`, or its attributes are damaged.
    pub fn string_attribute(&mut self, at: u64, name: &str) -> Result<Option<String>, Hdf5Error> {
        let object = Object::read(&mut self.storage, at)?;
        let Some(value) = attributes::find_string(&mut self.storage, &object, name)? else {
            return Ok(None);
        };
        self.decode_string(&value.bytes, value.varying).map(Some)
    }

    /// The names in a group, with the addresses of their objects: first those of hard links, then
    /// those of soft links. A soft link has the address of the object that it leads to.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if the group is damaged or of an unsupported kind; for a link to another file;
    /// for a soft link that leads nowhere or in a circle.
    pub fn members(&mut self, group: u64) -> Result<Vec<(String, u64)>, Hdf5Error> {
        let object = Object::read(&mut self.storage, group)?;
        let mut members = Vec::new();
        let mut others = Vec::new();
        for link in links::members(&mut self.storage, &object)? {
            match link.1 {
                Target::Object(at) => members.push((link.0, at)),
                _ => others.push(link),
            }
        }
        for link in others {
            let (storage, root) = (&mut self.storage, self.root);
            let at = self.link_targets.find(storage, root, group, &link)?;
            members.push((link.0, at));
        }
        Ok(members)
    }

    /// The position in the file, in bytes, of the values of a contiguous dataset. `None` for any
    /// other layout.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if the values would extend beyond the end of the file.
    pub fn contiguous_offset(&self, dataset: &Dataset) -> Result<Option<u64>, Hdf5Error> {
        match dataset.layout {
            Layout::Contiguous { at: Some(at), .. } => {
                let size = dataset.bytes().ok_or_else(too_large)?;
                self.storage.within(at, size)?;
                Ok(Some(self.storage.base() + at))
            }
            _ => Ok(None),
        }
    }

    /// Returns the underlying file.
    #[must_use]
    pub fn into_file(self) -> File {
        self.storage.into_file()
    }

    /// Reads a dataset of one or two dimensions. Calls `take` with successive pieces of its bytes,
    /// in row order.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if the values are damaged, incomplete or too large, and the errors of `take`.
    pub fn read_values(
        &mut self,
        dataset: &Dataset,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Hdf5Error>,
    ) -> Result<(), Hdf5Error> {
        let size = dataset.bytes().ok_or_else(too_large)?;
        match &dataset.layout {
            Layout::Compact(values) => match values.get(..size as usize) {
                Some(values) => take(values),
                None => Err(damaged(
                    "a dataset has fewer values than its shape requires",
                )),
            },
            Layout::Contiguous { at: None, .. } => Err(never_written()),
            Layout::Contiguous {
                at: Some(at),
                size: stored,
            } => {
                if *stored < size {
                    return Err(damaged(
                        "a dataset has fewer values than its shape requires",
                    ));
                }
                self.storage.within(*at, size)?;
                let mut piece = Vec::new();
                let mut done = 0;
                while done < size {
                    let count = (size - done).min(1 << 20);
                    self.storage.read(at + done, count, &mut piece)?;
                    take(&piece)?;
                    done += count;
                }
                Ok(())
            }
            Layout::Chunked(chunked) => self.bands(dataset, chunked, take),
        }
    }

    /// Reads a chunked dataset band by band: assembles the chunks that share the same rows.
    fn bands(
        &mut self,
        dataset: &Dataset,
        chunked: &Chunked,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Hdf5Error>,
    ) -> Result<(), Hdf5Error> {
        let grid = Grid::new(dataset, chunked)?;
        let element = dataset.element_size as u64;
        let width = grid.shape.1.checked_mul(element).ok_or_else(too_large)?;
        // A shape such as 2⁵¹ × 0 has no values, but more rows than can be counted.
        if width == 0 {
            return Ok(());
        }
        let rows = grid.chunk.0.min(grid.shape.0);
        let band_bytes = rows.checked_mul(width).ok_or_else(too_large)?;
        if band_bytes.max(grid.chunk_bytes) > LARGEST_BAND {
            return Err(Hdf5Error::Invalid {
                problem: format!(
                    "the chunks of a dataset are too large ({} rows of {width} bytes)",
                    grid.chunk.0
                ),
                remedy: "write the dataset without chunks, or with smaller ones",
            });
        }
        let found = chunks::find(&mut self.storage, dataset, chunked, &grid)?;
        let (down, across) = grid.count();
        if down
            .checked_mul(across)
            .is_none_or(|n| n > found.len() as u64)
        {
            return Err(never_written());
        }
        let chunk_width = (grid.chunk.1 * element) as usize;
        let mut raw = Vec::new();
        let mut band = vec![0; band_bytes as usize];
        for row in 0..down {
            let rows = (grid.shape.0 - row * grid.chunk.0).min(grid.chunk.0) as usize;
            for column in 0..across {
                let chunk = found.get(&(row, column)).ok_or_else(never_written)?;
                if chunk.size > max_stored(grid.chunk_bytes) {
                    return Err(damaged(format!(
                        "a chunk of {} bytes takes {} bytes in the file",
                        grid.chunk_bytes, chunk.size
                    )));
                }
                self.storage.read(chunk.at, chunk.size, &mut raw)?;
                let size = grid.chunk_bytes as usize;
                let plain =
                    filters::undo(&dataset.filters, chunk.mask, std::mem::take(&mut raw), size)?;
                let start = column as usize * chunk_width;
                let taken = chunk_width.min(width as usize - start);
                let targets = band.chunks_exact_mut(width as usize).take(rows);
                for (from, to) in plain.chunks_exact(chunk_width).zip(targets) {
                    to[start..start + taken].copy_from_slice(&from[..taken]);
                }
                raw = plain;
            }
            take(&band[..rows * width as usize])?;
        }
        Ok(())
    }

    /// Reads all values of a dataset of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if the dataset is larger than `limit`, and those of [`Hdf5::read_values`].
    pub fn read_whole(&mut self, dataset: &Dataset, limit: u64) -> Result<Vec<u8>, Hdf5Error> {
        let size = dataset
            .bytes()
            .filter(|&size| size <= limit)
            .ok_or_else(too_large)?;
        let mut whole = Vec::new();
        self.read_values(dataset, &mut |piece| {
            whole.extend_from_slice(piece);
            Ok(())
        })?;
        if whole.len() as u64 != size {
            return Err(damaged(
                "a dataset has fewer values than its shape requires",
            ));
        }
        Ok(whole)
    }

    /// Reads a dataset of strings. Calls `take` with each string, without padding.
    ///
    /// # Errors
    ///
    /// [`Hdf5Error`] if a string is damaged or not UTF-8, and the errors of `take`.
    pub fn read_strings(
        &mut self,
        dataset: &Dataset,
        mut take: impl FnMut(String) -> Result<(), Hdf5Error>,
    ) -> Result<(), Hdf5Error> {
        let values = self.read_whole(dataset, LARGEST_BAND)?;
        let varying = dataset.kind == Kind::VariableString;
        for value in values.chunks_exact(dataset.element_size) {
            take(self.decode_string(value, varying)?)?;
        }
        Ok(())
    }

    /// Decodes one string, without padding. A `varying` one is in the global heap.
    fn decode_string(&mut self, value: &[u8], varying: bool) -> Result<String, Hdf5Error> {
        let bytes = if varying {
            let mut place = Fields(value);
            let length = place.uint(4)? as usize;
            let at = place.uint(self.storage.offset_size)?;
            let index = place.uint(4)?;
            if length == 0 {
                b""
            } else {
                let bytes = self.heap.get(&mut self.storage, at, index)?;
                bytes
                    .get(..length)
                    .ok_or_else(|| damaged("a string is cut off"))?
            }
        } else {
            value
        };
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        let string =
            std::str::from_utf8(&bytes[..end]).map_err(|_| damaged("a string is not UTF-8"))?;
        Ok(string.trim_end().to_owned())
    }
}

fn too_large() -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: "a dataset is too large".into(),
        remedy: "give one vector per protein, not one per residue",
    }
}

fn never_written() -> Hdf5Error {
    Hdf5Error::Invalid {
        problem: "some values of a dataset were never written".into(),
        remedy: "the program that wrote the file may have been interrupted; run it again",
    }
}
