//! The files that a reader of the documentation has.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use protea_e2e::Place;

const AMINO_ACIDS: &[u8] = b"ACDEFGHIKLMNPQRSTVWY";

const ONTOLOGY: &str = "\
format-version: 1.2

[Term]
id: GO:0003674
name: molecular_function
namespace: molecular_function

[Term]
id: GO:0005524
name: ATP binding
namespace: molecular_function
is_a: GO:0003674

[Term]
id: GO:0003677
name: DNA binding
namespace: molecular_function
is_a: GO:0003674

[Term]
id: GO:0008150
name: biological_process
namespace: biological_process

[Term]
id: GO:0008152
name: metabolic process
namespace: biological_process
is_a: GO:0008150

[Term]
id: GO:0005575
name: cellular_component
namespace: cellular_component

[Term]
id: GO:0005737
name: cytoplasm
namespace: cellular_component
is_a: GO:0005575
";

/// The proteins of a part, with a sequence that is the same each time.
fn proteins(part: &str, count: usize) -> Vec<(String, String)> {
    let letter = |protein: usize, at: usize| {
        // Proteins of equal parity are similar.
        let seed = protein % 2 * 7 + at * at * 3 + (protein * at) % 11;
        AMINO_ACIDS[seed % AMINO_ACIDS.len()] as char
    };
    let start = if part == "train" { 10 } else { 50 };
    (start..start + count)
        .map(|protein| {
            let sequence = (0..60).map(|at| letter(protein, at)).collect();
            (format!("P000{protein}"), sequence)
        })
        .collect()
}

fn terms(at: usize) -> [&'static str; 3] {
    let function = if at.is_multiple_of(2) {
        "GO:0005524"
    } else {
        "GO:0003677"
    };
    [function, "GO:0008152", "GO:0005737"]
}

/// A matrix of single precision in the format of numpy.
fn npy(rows: usize, width: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let padding = 64 - (10 + header.len() + 1) % 64;
    let header = format!("{header}{}\n", " ".repeat(padding));
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for at in 0..rows * width {
        let (row, column) = (at / width, at % width);
        let value = (row % 2 * 3 + column + row * column % 5) as f32;
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// Writes the reader's own files.
pub fn write(place: &Place) {
    place.write("go-basic.obo", ONTOLOGY);
    let accretion = ["GO:0005524", "GO:0003677", "GO:0008152", "GO:0005737"];
    place.write(
        "IA.tsv",
        accretion.map(|term| format!("{term}\t1.5\n")).concat(),
    );
    for (part, count) in [("train", 12), ("test", 6)] {
        let proteins = proteins(part, count);
        let fasta = proteins
            .iter()
            .map(|(id, sequence)| format!(">{id} OX=9606\n{sequence}\n"));
        place.write(&format!("{part}.fasta"), fasta.collect::<String>());
        let rows = proteins
            .iter()
            .enumerate()
            .flat_map(|(at, (id, _))| terms(at).map(|term| format!("{id}\t{term}\n")));
        place.write(&format!("{part}_terms.tsv"), rows.collect::<String>());
        let ids = proteins.iter().map(|(id, _)| format!("{id}\n"));
        place.write(&format!("{part}_ids.txt"), ids.collect::<String>());
        let taxa = proteins.iter().enumerate();
        let taxa = taxa.map(|(at, (id, _))| format!("{id}\t{}\n", [9606, 10090, 4932][at % 3]));
        place.write(&format!("{part}_taxa.tsv"), taxa.collect::<String>());
        place.write(&format!("{part}.npy"), npy(count, 8));
    }
    let train = proteins("train", 12);
    let fasta = train
        .iter()
        .map(|(id, sequence)| format!(">{id} OX=9606\n{sequence}\n"));
    place.write("proteins.fasta", fasta.collect::<String>());
    // Families of mammals and of yeasts.
    std::fs::create_dir_all(place.join("taxdump")).unwrap();
    place.write(
        "taxdump/nodes.dmp",
        "1\t|\t1\t|\tno rank\t|\n40674\t|\t1\t|\tclass\t|\n9604\t|\t40674\t|\tfamily\t|\n\
         9606\t|\t9604\t|\tspecies\t|\n10066\t|\t40674\t|\tfamily\t|\n\
         10090\t|\t10066\t|\tspecies\t|\n4893\t|\t1\t|\tfamily\t|\n\
         4932\t|\t4893\t|\tspecies\t|\n",
    );
    place.write("new_taxa.tsv", "new1\t10090\n");
    place.write("new.fasta", ">new1\nMKVLAAGIVGWTFPQRKLLSTNPKPQRKTKRN\n");
    let clusters = train.iter().enumerate();
    let clusters = clusters.map(|(at, (id, _))| format!("{}\t{id}\n", train[at / 2 * 2].0));
    place.write("clusters_cluster.tsv", clusters.collect::<String>());
    place.write("held_out.txt", "P00010\nP00011\n");
    let predictions = train
        .iter()
        .map(|(id, _)| format!("{id}\tGO:0003677\t0.5\n"));
    let predictions = predictions.collect::<String>();
    place.write("diamond.tsv", predictions.replace("0.5", "0.25"));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(predictions.as_bytes()).unwrap();
    place.write("knn.tsv.gz", packed.finish().unwrap());
    place.write("predictions.tsv", predictions);
    for targets in ["targets.fasta", "queries.fasta"] {
        std::fs::copy(place.join("train.fasta"), place.join(targets)).unwrap();
    }
    let mut gaf = String::from("!gaf-version: 2.2\n");
    for (at, (id, _)) in train.iter().enumerate() {
        for (term, aspect) in [
            (terms(at)[0], "F"),
            ("GO:0008152", "P"),
            ("GO:0003677", "F"),
        ] {
            gaf.push_str(&format!(
                "UniProtKB\t{id}\t{id}\tenables\t{term}\tPMID:1\tEXP\t\t{aspect}\t\t\tprotein\ttaxon:9606\t20250101\tUniProt\t\t\n"
            ));
        }
    }
    for name in ["goa.gaf.gz", "annotations.gaf.gz"] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(gaf.as_bytes()).unwrap();
        place.write(name, packed.finish().unwrap());
    }
}

/// Freezes the datasets that the pages after Start presuppose.
pub fn freeze(place: &Place) {
    for (out, part) in [
        ("data/train", "train"),
        ("data/test", "test"),
        ("data/2024", "train"),
        ("data/all", "train"),
    ] {
        let fasta = format!("{part}.fasta");
        let mut terms = format!("{part}_terms.tsv");
        if out == "data/2024" {
            // One protein has no annotation yet.
            let before = std::fs::read_to_string(place.join(&terms)).unwrap();
            let known = before.lines().filter(|line| !line.starts_with("P00021"));
            let known: String = known.map(|line| format!("{line}\n")).collect();
            terms = "2024_terms.tsv".to_owned();
            place.write(&terms, known);
        }
        let taxa = format!("{part}_taxa.tsv");
        let made = place.protea([
            "dataset",
            "freeze",
            out,
            "--name",
            part,
            "--ontology",
            "go-basic.obo",
            "--fasta",
            &fasta,
            "--annotations",
            &terms,
            "--ia",
            "IA.tsv",
            "--taxonomy",
            &taxa,
            "--lineages",
            "taxdump/nodes.dmp",
            "--features",
            "kmer",
        ]);
        assert_eq!(made.code, Some(0), "{made:#?}");
    }
}
