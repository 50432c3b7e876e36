//! Exclusion of clades, and the distance between taxa, with lineages.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use protea_cafa::dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched};
use protea_contracts::RunnerError;
use serde_json::{Value, json};

use crate::evaluate;

/// The root 5; the families 1 and 2; the genera 11, 12 and 21; species below them.
const LINEAGES: &str = "\
taxon\tparent\trank
1\t5\tfamily
2\t5\tfamily
11\t1\tgenus
12\t1\tgenus
21\t2\tgenus
111\t11\tspecies
112\t11\tspecies
113\t11\tspecies
121\t12\tspecies
211\t21\tspecies
";

const ONTOLOGY: &str = "format-version: 1.2

[Term]
id: GO:0003674
name: molecular_function
namespace: molecular_function
";

/// The taxa of the references; reference n alone has the term n.
const REFERENCES: [u32; 4] = [111, 112, 121, 211];
const SEQUENCES: [&str; 4] = [
    "MKTAYIAKQRQISFVKSHFSRQ",
    "MKTAYIAKQRQISFVKSHFSRW",
    "MKTAYIAKQRQISFVKSHFSWW",
    "MKTAYIAKQRQISFVKSHFWWW",
];

fn term(number: usize) -> String {
    format!("GO:000000{number}")
}

fn frozen(place: &Path, name: &str, taxa: &[u32], lineages: Option<&str>) -> PathBuf {
    let write = |ending: &str, text: String| {
        let path = place.join(format!("{name}.{ending}"));
        fs::write(&path, text).unwrap();
        path
    };
    let (mut fasta, mut terms, mut ontology) = (String::new(), String::new(), ONTOLOGY.to_owned());
    for number in 0..4 {
        let id = term(number);
        ontology += &format!(
            "\n[Term]\nid: {id}\nname: {id}\nnamespace: molecular_function\nis_a: GO:0003674\n"
        );
    }
    for (number, taxon) in taxa.iter().enumerate() {
        let accession = format!("{name}{number}");
        fasta += &format!(">{accession} OX={taxon}\n{}\n", SEQUENCES[number]);
        terms += &format!("{accession}\t{}\tF\n", term(number));
    }
    let mut request = FreezeRequest::new(
        place.join(name),
        name,
        write("obo", ontology),
        write("fasta", fasta),
        write("tsv", terms),
    );
    request.embeddings = EmbeddingSource::Kmer;
    request.lineages = lineages.map(|text| write("lineages", text.to_owned()));
    freeze(&request, &mut unwatched).unwrap().directory
}

/// The scores of the references' terms for a query of a taxon.
fn scores(
    place: &Path,
    references: &Path,
    queries: &Path,
    given: &Value,
) -> Result<BTreeMap<usize, f64>, RunnerError> {
    let output = place.join("output");
    let _ = fs::remove_dir_all(&output);
    evaluate(given, references, queries, &output)?;
    let text = fs::read_to_string(output.join("predictions.tsv")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut columns = line.split('\t').skip(1);
        let (id, score) = (columns.next()?, columns.next()?);
        let number = (0..4).find(|&number| term(number) == id)?;
        Some((number, score.parse().unwrap()))
    });
    Ok(rows.collect())
}

#[test]
fn clades_are_excluded_and_distances_count() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let references = frozen(place, "references", &REFERENCES, Some(LINEAGES));
    // The references do not have the taxon 113, so the lineages of the query count too.
    let same = frozen(place, "same", &[111], None);
    let near = frozen(place, "near", &[113], Some(LINEAGES));
    let voting = |queries: &Path, given: Value| -> Vec<usize> {
        let found = scores(place, &references, queries, &given).unwrap();
        found.into_keys().collect()
    };
    assert_eq!(voting(&same, json!({})), [0, 1, 2, 3]);
    assert_eq!(voting(&same, json!({ "exclude_clades": [11] })), [2, 3]);
    assert_eq!(
        voting(&same, json!({ "exclude_clades": [1, 211] })),
        Vec::<usize>::new()
    );
    assert_eq!(
        voting(
            &same,
            json!({ "exclude_clades": [112], "exclude_taxa": [121] })
        ),
        [0, 3]
    );
    for queries in [&same, &near] {
        assert_eq!(
            voting(queries, json!({ "exclude_same_clade": "genus" })),
            [2, 3]
        );
        assert_eq!(
            voting(queries, json!({ "exclude_same_clade": "family" })),
            [3]
        );
    }

    let proximity = json!({
        "vote": "composite",
        "weights": { "embedding_similarity": 0, "taxonomic_proximity": 1 },
    });
    let found = scores(place, &references, &same, &proximity).unwrap();
    let expected = [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0];
    for (number, score) in expected.into_iter().enumerate() {
        assert!((found[&number] - score).abs() < 1e-6, "{found:?}");
    }
    let found = scores(place, &references, &near, &proximity).unwrap();
    assert!((found[&0] - 1.0 / 3.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn without_lineages_only_equal_taxa_are_near() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let references = frozen(place, "references", &REFERENCES, None);
    let queries = frozen(place, "queries", &[111], Some(LINEAGES));
    let proximity = json!({
        "vote": "composite",
        "weights": { "embedding_similarity": 0, "taxonomic_proximity": 1 },
    });
    let found = scores(place, &references, &queries, &proximity).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(0, 1.0)]);
    for (given, setting) in [
        (json!({ "exclude_clades": [11] }), "exclude_clades"),
        (
            json!({ "exclude_same_clade": "genus" }),
            "exclude_same_clade",
        ),
    ] {
        let error = scores(place, &references, &queries, &given).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, RunnerError::Dataset { .. }), "{message}");
        assert!(message.contains(setting), "{message}");
        assert!(message.contains("--lineages"), "{message}");
    }
    let references = frozen(place, "others", &REFERENCES, Some(LINEAGES));
    let given = json!({ "exclude_same_clade": "order" });
    let error = scores(place, &references, &queries, &given).unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(error, RunnerError::InvalidSpec { .. }),
        "{message}"
    );
    assert!(message.contains("family, genus, species"), "{message}");
}
