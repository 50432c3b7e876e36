//! The content of a file that no reader of text can use: an archive, a web page, another encoding.
//! The readers name it, so that the user knows the next step.

use std::{fmt, io};

/// What a file is, if it is not the text that a reader expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Foreign {
    /// A zip archive.
    Zip,
    /// A spreadsheet, `.xlsx` or `.ods`, which is a zip archive.
    Spreadsheet,
    /// A document of another office program, such as `.docx` and `.odt`, which is a zip archive.
    OfficeDocument,
    /// A document in RTF.
    Rtf,
    /// The pointer that git-annex leaves instead of a large file.
    GitAnnexPointer,
    /// Data of R, as written by `saveRDS` or `save`.
    RData,
    /// Data compressed with bzip2.
    Bzip2,
    /// Data compressed with xz or lzma.
    Xz,
    /// Data compressed with `compress`, LZ4 or LZMA: formats without a reader here.
    OtherCompression,
    /// gzip or Zstandard data inside gzip or Zstandard data.
    CompressedTwice,
    /// A 7-Zip archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// A tar archive, such as the content of a `.tar.gz`.
    Tar,
    /// A web page.
    Html,
    /// An XML document that is not a web page, such as OWL or UniProt's XML.
    Xml,
    /// Entries of UniProt in its text format, `.dat`.
    UniProtText,
    /// Features of sequences in GFF, such as InterProScan writes them.
    Gff,
    /// Proteins or genes in GPI, which accompanies GPAD.
    Gpi,
    /// The pointer that Git LFS leaves instead of a large file.
    GitLfsPointer,
    /// Text in UTF-16, with or without a byte-order mark.
    Utf16,
    /// Text in UTF-32.
    Utf32,
    /// A PDF document.
    Pdf,
    /// A Microsoft Office document of before 2007, such as `.xls`.
    Office,
    /// A NumPy array.
    Numpy,
    /// An HDF5 file.
    Hdf5,
    /// A Parquet file.
    Parquet,
    /// An Arrow file.
    Arrow,
    /// A pickle of Python, as written by `torch.save` before version 1.6 or by pandas.
    Pickle,
    /// A SQLite database.
    Sqlite,
    /// A file of Windows or macOS about other files, such as `.DS_Store`.
    FileSystemMetadata,
    /// Bytes of an unknown format that are not text.
    Binary,
}

impl Foreign {
    /// What the file is, with an article: `a zip archive`.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Zip => "a zip archive",
            Self::Spreadsheet => "a spreadsheet (.xlsx or .ods)",
            Self::OfficeDocument => "a document of an office program (such as .docx)",
            Self::Rtf => "a document in RTF",
            Self::GitAnnexPointer => "a git-annex pointer, not the file itself",
            Self::RData => "data of R (.rds or .RData)",
            Self::Bzip2 => "compressed with bzip2",
            Self::Xz => "compressed with xz",
            Self::OtherCompression => "compressed in a format that protea does not read",
            Self::CompressedTwice => "compressed twice",
            Self::SevenZip => "a 7-Zip archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a tar archive",
            Self::Html => "a web page (HTML)",
            Self::Xml => "an XML document",
            Self::GitLfsPointer => "a Git LFS pointer, not the file itself",
            Self::Utf16 => "text in UTF-16",
            Self::Utf32 => "text in UTF-32",
            Self::Pdf => "a PDF document",
            Self::Office => "a document of Microsoft Office",
            Self::Numpy => "a NumPy array",
            Self::UniProtText => "entries of UniProt in its text format (.dat)",
            Self::Gff => "features of sequences in GFF",
            Self::Gpi => "a list of proteins in GPI, which has no annotations",
            Self::Hdf5 => "an HDF5 file",
            Self::Parquet => "a Parquet file",
            Self::Arrow => "an Arrow file",
            Self::Pickle => "a pickle of Python",
            Self::Sqlite => "a SQLite database",
            Self::FileSystemMetadata => "metadata of the operating system",
            Self::Binary => "a binary file",
        }
    }

    /// How to get the expected file.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Zip => "unpack it with `unzip` and give the file inside",
            Self::Bzip2 => "unpack it with `bunzip2`, or compress it with gzip instead",
            Self::Xz => "unpack it with `unxz`, or compress it with gzip instead",
            Self::OtherCompression => "unpack it, or compress it with gzip instead",
            Self::CompressedTwice => "unpack it once with `gunzip`",
            Self::SevenZip => "unpack it with `7z x` and give the file inside",
            Self::Rar => "unpack it with `unrar x` and give the file inside",
            Self::Tar => "unpack it with `tar -xf` and give the file inside",
            Self::Html => "the download failed or was redirected; download the file itself again",
            Self::UniProtText => {
                "download the entries as TSV with the columns Entry and Gene Ontology IDs, or as FASTA"
            }
            Self::Gff => "give a table: of InterProScan, its TSV (-f tsv -goterms)",
            Self::Gpi => "give the GPAD or GAF file that it accompanies",
            Self::Xml => "give the file in the expected text format",
            Self::GitLfsPointer => "fetch the file with `git lfs pull`",
            Self::Utf16 => {
                "save it as UTF-8, such as with `iconv -f UTF-16 -t UTF-8` (without a byte-order mark: -f UTF-16LE)"
            }
            Self::Utf32 => "save it as UTF-8, such as with `iconv -f UTF-32 -t UTF-8`",
            Self::GitAnnexPointer => "fetch the file with `git annex get`",
            Self::RData => {
                "write it as text in R: write.table(x, 'x.tsv', sep = '\\t', quote = FALSE, row.names = FALSE)"
            }
            Self::Spreadsheet => "save the sheet as text separated by tabs",
            Self::Pdf | Self::Office | Self::OfficeDocument | Self::Rtf => {
                "export it as text separated by tabs"
            }
            Self::Numpy | Self::Hdf5 | Self::Parquet | Self::Arrow | Self::Pickle => {
                "give the file in the expected text format; embeddings have a separate option"
            }
            Self::Sqlite => "export the table as text separated by tabs",
            Self::FileSystemMetadata => "it can be deleted; give the file that it accompanies",
            Self::Binary => "check that this is the right file",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

/// The error inside an [`io::Error`] of opening a file with foreign content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is {0}")]
pub struct ForeignContent(pub Foreign);

impl ForeignContent {
    /// The foreign content that an error of opening a file names, if any.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Foreign> {
        error
            .get_ref()?
            .downcast_ref()
            .map(|Self(foreign)| *foreign)
    }
}

impl From<ForeignContent> for io::Error {
    fn from(error: ForeignContent) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
