//! Creates releases of annotations for tests.

use std::path::Path;

use protea_dataset::{FreezeRequest, FrozenDataset, freeze, unwatched};

/// A small ontology with all three aspects and an alternative id.
pub const ONTOLOGY: &str = "\
format-version: 1.2
data-version: releases/2024-01-01

[Term]
id: GO:0003674
name: molecular_function
namespace: molecular_function

[Term]
id: GO:0005488
name: binding
namespace: molecular_function
is_a: GO:0003674

[Term]
id: GO:0005515
name: protein binding
namespace: molecular_function
is_a: GO:0005488

[Term]
id: GO:0003824
name: catalytic activity
namespace: molecular_function
is_a: GO:0003674

[Term]
id: GO:0016301
name: kinase activity
namespace: molecular_function
alt_id: GO:0000777
is_a: GO:0003824

[Term]
id: GO:0008150
name: biological_process
namespace: biological_process

[Term]
id: GO:0009987
name: cellular process
namespace: biological_process
is_a: GO:0008150

[Term]
id: GO:0007049
name: cell cycle
namespace: biological_process
relationship: part_of GO:0009987

[Term]
id: GO:0005575
name: cellular_component
namespace: cellular_component

[Term]
id: GO:0005634
name: nucleus
namespace: cellular_component
is_a: GO:0005575
";

pub type Row<'a> = (&'a str, &'a str, &'a str);

/// Formats annotations as GAF 2.2. The aspect is always F; freezing corrects it from the ontology.
pub fn gaf(rows: &[Row<'_>]) -> String {
    let line = |(accession, term, evidence): &Row<'_>| {
        format!(
            "UniProtKB\t{accession}\tX\tenables\t{term}\tPMID:1\t{evidence}\t\tF\t\t\tprotein\ttaxon:9606\t20240101\tX\t\t\n"
        )
    };
    let lines: String = rows.iter().map(line).collect();
    format!("!gaf-version: 2.2\n{lines}")
}

/// Freezes a release in `directory`.
pub fn release(
    directory: &Path,
    name: &str,
    ontology: &str,
    proteins: &[&str],
    rows: &[Row<'_>],
) -> FrozenDataset {
    let write = |suffix: &str, text: &str| {
        let path = directory.join(format!("{name}.{suffix}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let fasta: String = proteins
        .iter()
        .map(|accession| {
            format!(
                ">{accession} OX=9606\nMK{}\n",
                accession.replace(char::is_numeric, "A")
            )
        })
        .collect();
    let mut request = FreezeRequest::new(
        directory.join(name),
        name,
        write("obo", ontology),
        write("fasta", &fasta),
        write("gaf", &gaf(rows)),
    );
    request.ia = Some(write(
        "ia",
        "GO:0016301\t2.5\nGO:0005634\t1.0\nGO:0005500\t1.0\n",
    ));
    let report = freeze(&request, &mut unwatched).unwrap();
    FrozenDataset::open(&report.directory).unwrap()
}
