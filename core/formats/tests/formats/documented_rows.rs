//! Each row of the tables of formats in the documentation has a file that a reader takes, and each row
//! about embeddings names a test that reads such a file.

use std::path::Path;

use protea_formats::{
    AnnotationReader, FastaReader, Reading, check_information_accretion, inspect, read_clusters,
    read_lineages, read_taxonomy,
};
use protea_ontology::Ontology;

use crate::input_files::{FASTA, Inputs};

const TEXT_PAGE: &str = include_str!("../../../../docs/src/formats.md");
const EMBEDDINGS_PAGE: &str = include_str!("../../../../docs/src/datasets.md");

/// The rows of the first table whose header starts so, without its header.
fn rows(page: &str, header: &str) -> Vec<Vec<String>> {
    let table = page.lines().skip_while(|line| !line.starts_with(header));
    table
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.trim_matches('|').replace("\\|", "\u{1}");
            line.split('|')
                .map(|cell| cell.trim().replace('\u{1}', "|"))
                .collect()
        })
        .collect()
}

fn obo(term: &str) -> String {
    format!("format-version: 1.2\n\n[Term]\nid: {term}\nname: x\nnamespace: n\n")
}

fn gaf(version: &str) -> String {
    format!(
        "!gaf-version: {version}\nUniProtKB\tP00001\tS\t\tGO:0005488\tPMID:1\tIDA\t\tF\t\t\tprotein\ttaxon:9606\t20200101\tU\t\t\n"
    )
}

/// Files for the row with this second cell.
fn samples(file: &str) -> Vec<String> {
    let tabs = |line: &str| line.replace(' ', "\t") + "\n";
    match file {
        "`go-basic.obo`, `go.obo`, `go-plus.obo`" => vec![obo("GO:0008150")],
        "`go-basic.json` (OBO Graphs)" => vec![
            "{\"graphs\": [{\"id\": \"go\", \"nodes\": [{\"id\": \"http://purl.obolibrary.org/obo/GO_0008150\", \"lbl\": \"x\", \"type\": \"CLASS\", \"meta\": {\"basicPropertyValues\": [{\"pred\": \"http://www.geneontology.org/formats/oboInOwl#hasOBONamespace\", \"val\": \"biological_process\"}]}}], \"edges\": []}]}".to_owned(),
        ],
        "`hp.obo`" => vec![obo("HP:0000001")],
        file if file.starts_with("FASTA") => vec![
            FASTA.to_owned(),
            "; a comment\n> P12345\nMKV\n>sp|P12346|NAME\nMKV\n".to_owned(),
        ],
        "GAF 1.0 to 2.2, GPAD 1.1 to 2.0" => vec![
            gaf("1.0"),
            gaf("2.2"),
            "!gpa-version: 1.1\nUniProtKB\tP00001\tenables\tGO:0005488\tPMID:1\tECO:0000314\t\t\t20200101\tU\t\t\n".to_owned(),
            "!gpa-version: 2.0\nUniProtKB:P00001\t\tRO:0002327\tGO:0005488\tPMID:1\tECO:0000314\t\t\t2020-01-01\tU\t\t\n".to_owned(),
        ],
        "`train_terms.tsv` (accession, term, aspect)" => {
            vec![tabs("EntryID term aspect") + &tabs("P00001 GO:0005488 MFO")]
        }
        "`gene2go`; proteins are GeneIDs" => vec![
            "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n9606\t1\tGO:0005488\tIDA\t\tx\t1\tFunction\n".to_owned(),
        ],
        "download as TSV" => vec![
            "GENE PRODUCT DB\tGENE PRODUCT ID\tSYMBOL\tQUALIFIER\tGO TERM\tGO ASPECT\tECO ID\nUniProtKB\tP00001\tS\tenables\tGO:0005488\tF\tECO:0000314\n".to_owned(),
        ],
        "download as TSV with `Entry` and `Gene Ontology IDs`, `Gene Ontology (GO)` or a column for each aspect" => vec![
            "Entry\tGene Ontology (biological process)\tGene Ontology (molecular function)\nP00001\tx [GO:0008150]\tbinding [GO:0005488]\n".to_owned(),
            "Entry\tGene Ontology IDs\nP00001\tGO:0005488; GO:0003824\n".to_owned(),
            "Entry\tGene Ontology (GO)\nP00001\tbinding [GO:0005488]\n".to_owned(),
        ],
        "`….emapper.annotations`" => vec![
            "## emapper-2.1\n#query\tseed_ortholog\tevalue\tscore\tGOs\nP00001\tx\t1\t2\tGO:0005488,GO:0003824\n".to_owned(),
        ],
        "TSV with `-goterms`" => vec![
            "P00001\te10adc3949ba59abbe56e057f20f883e\t90\tPfam\tPF1\tx\t1\t80\t1e-5\tT\t01-01-2020\tIPR1\tx\tGO:0005488|GO:0003824\n".to_owned(),
        ],
        "table with `SeqName`, `GO IDs` and other columns" => vec![
            "SeqName\tGO IDs\tGO Names\nP00001\tF:GO:0005488; P:GO:0008150\tF:x; P:y\n".to_owned(),
        ],
        "table with an id and `GO term accession`" => {
            vec!["Gene stable ID\tGO term accession\nENSG1\tGO:0005488\n".to_owned()]
        }
        "`idmapping_selected.tab`" => vec![format!(
            "P00001\tX_HUMAN\t1\tNP_1\t1\t\tGO:0005488; GO:0003824{}9606{}\n",
            "\t".repeat(6),
            "\t".repeat(9)
        )],
        "`accession<tab>term;term` or `accession<tab>term, term`" => vec![
            "P00001\tGO:0005488;GO:0003824\n".to_owned(),
            "P00001\tGO:0005488, GO:0003824\n".to_owned(),
        ],
        file if file.starts_with("table with a header, also with an index") => vec![
            tabs("protein_id term") + &tabs("P00001 GO:0005488"),
            "\tEntryID\tGO_ID\n0\tP00001\tGO:0005488\n".to_owned(),
        ],
        "submission with `AUTHOR`, `MODEL`, `KEYWORDS`, `ACCURACY`, `END`" => vec![format!(
            "{}\n",
            ["AUTHOR X", "MODEL 1", "KEYWORDS sequence alignment."].join("\n")
                + "\nP00001\tGO:0005488\t0.5\nEND"
        )],
        "`GO.out`; the score is `ARGOT_PPV`" => vec![
            "qpid\tontology\tgoid\tdesc\tARGOT_score\tARGOT_PPV\tARGOT_rank\tgoclasscount\nP00001\tMF\t0005488\tbinding\t9.5\t0.5\t1\t7\n".to_owned(),
        ],
        "`write.table` of accession, term and score, with the names of the rows" => vec![
            "\"EntryID\"\t\"term\"\t\"score\"\n\"1\"\t\"P00001\"\t\"GO:0005488\"\t0.5\n".to_owned(),
        ],
        "table with a header that names accession, term and score, in any order" => {
            vec![
                tabs("protein term pvalue score") + &tabs("P00001 GO:0005488 0.1 0.9"),
            ]
        }
        "`IA.tsv`" => vec![tabs("GO:0005488 1.5")],
        "`…_cluster.tsv`" => vec![tabs("P00001 P00002")],
        file if file.starts_with("`.clstr`") => {
            vec![">Cluster 0\n0\t90aa, >P00001... *\n".to_owned()]
        }
        "table of accession and taxon" => vec![tabs("P00001 9606")],
        "download as TSV with `Entry` and `Organism (ID)`; `idmapping.dat`" => vec![
            "Entry\tEntry Name\tOrganism (ID)\nP00001\tX_HUMAN\t9606\n".to_owned(),
            tabs("P00001 UniProtKB-ID X_HUMAN") + &tabs("P00001 NCBI_TaxID 9606"),
        ],
        "`prot.accession2taxid`" => {
            vec![tabs("accession accession.version taxid gi") + &tabs("P00001 P00001.1 9606 7")]
        }
        "`nodes.dmp`" => vec!["1\t|\t1\t|\tno rank\t|\n9606\t|\t1\t|\tspecies\t|\n".to_owned()],
        _ => Vec::new(),
    }
}

/// What reads the option in the third cell.
fn reading(option: &str) -> Vec<Reading> {
    match option {
        option if option.starts_with("`--ontology`") => vec![Reading::Ontology],
        option if option.starts_with("`--fasta`") => vec![Reading::Fasta],
        option if option.starts_with("`--annotations`") => {
            vec![Reading::Annotations, Reading::DatabaseAnnotations]
        }
        option if option.starts_with("predictions") => vec![Reading::Predictions],
        "`--ia`" => vec![Reading::InformationAccretion],
        "`--group-by`, `--clusters`" => vec![Reading::Clusters],
        "`--taxonomy`" => vec![Reading::Taxonomy],
        "`--lineages`" => vec![Reading::Lineages],
        _ => Vec::new(),
    }
}

/// Rows that the reader behind an option reads. The readers of predictions are in another crate, and
/// their tests read these files.
fn rows_of(reading: Reading, path: &Path) -> usize {
    match reading {
        Reading::Ontology => Ontology::read(path).unwrap().terms().count(),
        Reading::Fasta => {
            let mut reader = FastaReader::open(path).unwrap();
            std::iter::from_fn(|| reader.next_record().unwrap()).count()
        }
        Reading::Annotations | Reading::DatabaseAnnotations => {
            let mut reader = AnnotationReader::open(path).unwrap();
            std::iter::from_fn(|| reader.next_row().unwrap().map(drop)).count()
        }
        Reading::Clusters => read_clusters(path).unwrap().len(),
        Reading::InformationAccretion => check_information_accretion(path).unwrap() as usize,
        Reading::Taxonomy => read_taxonomy(path).unwrap().len(),
        Reading::Lineages => usize::from(read_lineages(path).is_ok()),
        _ => 1,
    }
}

#[test]
fn each_documented_text_file_is_read() {
    let inputs = Inputs::new();
    let mut option = String::new();
    let rows = rows(TEXT_PAGE, "| tool or source |");
    assert!(rows.len() > 20, "{rows:?}");
    for row in rows {
        let [tool, file, given] = row.as_slice() else {
            panic!("{row:?} has not three cells");
        };
        if given != "the same" {
            option.clone_from(given);
        }
        let wanted = reading(&option);
        let samples = samples(file);
        assert!(!samples.is_empty(), "write a sample of {tool}, {file}");
        for sample in samples {
            let path = inputs.write("x", &sample);
            let found = inspect(&path, inputs.dir.path()).unwrap();
            let reading = found.reading.unwrap();
            assert!(wanted.contains(&reading), "{tool}, {file}: {found:?}");
            assert_eq!(found.problem, None, "{tool}, {file}: {found:?}");
            assert!(rows_of(reading, &path) > 0, "{tool}, {file}");
        }
    }
}

#[test]
fn each_documented_file_of_embeddings_has_a_test() {
    let source = [
        include_str!("tools.rs"),
        include_str!("field_embeddings.rs"),
        include_str!("field_lists.rs"),
        include_str!("torch_embeddings.rs"),
        include_str!("embedding_tables.rs"),
        include_str!("matrices.rs"),
        include_str!("damaged_embeddings.rs"),
        include_str!("../write_formats.py"),
    ]
    .concat();
    for row in rows(EMBEDDINGS_PAGE, "| tool | file | options in addition") {
        let (tool, file) = (row[0].as_str(), row[1].as_str());
        // What the test writes or is called.
        let wanted = match (tool, file) {
            ("UniProt", _) => "per-protein.h5",
            ("UniProt, ProtTrans", _) => "residues.h5",
            ("`bio_embeddings`, goPredSim", _) => "original_id",
            ("ProtTrans, `prott5_embedder.py`", _) => "prott5.h5",
            ("FANTASIA", _) => "fantasia.h5",
            ("STRING", _) => "STRING.h5",
            ("h5py, names with a slash", _) => "slash.h5",
            ("ESM, `extract.py`" | "ESM, only `representations`", _) => {
                "fn a_directory_of_esm_is_read_by_layer"
            }
            ("own scripts with `numpy.save`", _) => "fn a_directory_has_a_numpy_file_per_protein",
            ("PyTorch", "`torch.save({accession: tensor})`") => {
                "fn dictionaries_of_tensors_of_each_type_are_read"
            }
            ("PyTorch", file) if file.contains("[(accession, tensor)") => {
                "fn lists_of_pairs_and_of_dictionaries_are_read"
            }
            ("PyTorch, NumPy", _) => "fn a_list_of_accessions_names_numbered_vectors",
            ("PyTorch", _) => "fn a_matrix_with_its_list_of_names_is_read",
            ("safetensors", _) => "fn safetensors_are_read",
            ("NumPy", _) => "ids.npy",
            ("pandas, polars, pyarrow", _) => "write_ipc(",
            ("Hugging Face `datasets`", _) => "new_stream",
            ("pandas" | "pandas, polars" | "R, word2vec, spreadsheets", _) => {
                "fn tables_in_each_form_are_read"
            }
            _ => panic!("name the test of {tool}, {file}"),
        };
        assert!(
            source.contains(wanted),
            "{tool}, {file}: no test has {wanted:?}"
        );
    }
}
