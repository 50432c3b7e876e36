//! `protea dataset ia`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Arguments of `protea dataset ia`.
#[derive(Debug, Args)]
#[command(
    override_usage = "protea dataset ia [OPTIONS] --output <TSV> <DATASET>
       protea dataset ia [OPTIONS] --output <TSV> --annotations <GAF|TSV|GPAD>
                         --ontology <OBO|JSON>",
    group = ArgGroup::new("corpus").args(["dataset", "annotations"]).required(true),
    after_help = "\
Examples:
  protea dataset ia data/train -o IA.tsv
  protea dataset ia --annotations goa_human.gaf.gz --ontology go-basic.obo \\
      --evidence EXP,IDA,IPI,IMP,IGI,IEP,TAS,IC -o IA.tsv

The values are those of `ia.py` of the CAFA organisers, in bits:
-log2((a + 1) / (b + 1)), where a is the number of proteins that have the term,
and b the number of proteins that have all its parents. The table has two
columns, term and value, without a header, as `protea cafa --ia`, cafaeval and
`protea dataset freeze --ia` read it. OUTPUT.provenance.json records the version
of the ontology, the SHA-256 of the annotations, the evidence and the version of
protea; `freeze --ia` copies this record into the dataset."
)]
pub struct IaArgs {
    /// Frozen dataset whose annotations and ontology to use: its directory or URI
    pub dataset: Option<String>,
    /// Annotations of all proteins that count: GAF, GPAD or a CAFA table
    #[arg(long, value_name = "GAF|TSV|GPAD", requires = "ontology")]
    pub annotations: Option<PathBuf>,
    /// Ontology of --annotations in OBO or OBO Graphs JSON
    #[arg(
        long,
        value_name = "OBO|JSON",
        requires = "annotations",
        conflicts_with = "dataset"
    )]
    pub ontology: Option<PathBuf>,
    /// Evidence codes that count, or `any` [default: any]
    #[arg(long, value_name = "CODE,CODE", value_delimiter = ',')]
    pub evidence: Vec<String>,
    /// Replace obsolete terms by the terms that the ontology names in `replaced_by`
    #[arg(long, requires = "annotations")]
    pub map_obsolete: bool,
    /// Leave out damaged rows, and count them, instead of stopping
    #[arg(long, requires = "annotations")]
    pub lenient: bool,
    /// File to write; a name that ends with .gz is compressed
    #[arg(long, short, value_name = "TSV")]
    pub output: PathBuf,
    /// Replace the file of --output if it exists
    #[arg(long)]
    pub force: bool,
}
