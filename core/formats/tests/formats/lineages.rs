//! Lineages of taxa: NCBI's files and tables.

use std::{collections::BTreeSet, fs, path::Path};

use protea_formats::{FormatError, Lineages, NoLineage, read_lineages};
use tempfile::TempDir;

/// 1 root; 2 and 3 below it; 4 and 5 below 2; 6 below 4.
const NODES: &str = "\
1\t|\t1\t|\tno rank\t|\t\t|\n\
2\t|\t1\t|\tfamily\t|\tXX\t|\n\
3\t|\t1\t|\tfamily\t|\t\t|\n\
4\t|\t2\t|\tgenus\t|\t\t|\n\
5\t|\t2\t|\tgenus\t|\t\t|\n\
6\t|\t4\t|\tspecies\t|\t\t|\n";

fn read(directory: &TempDir, text: &str) -> Result<Lineages, FormatError> {
    let path = directory.path().join("nodes.dmp");
    fs::write(&path, text).unwrap();
    read_lineages(&path)
}

fn ncbi(directory: &TempDir) -> Lineages {
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("merged.dmp", "60\t|\t6\t|\n61\t|\t6\t|\n");
    write("delnodes.dmp", "70\t|\n71\t|\n");
    read(directory, NODES).unwrap()
}

#[test]
fn distances_are_steps_through_the_common_ancestor() {
    let place = TempDir::new().unwrap();
    let tree = ncbi(&place);
    for (one, other, steps) in [
        (6, 6, Some(0)),
        (6, 4, Some(1)),
        (4, 5, Some(2)),
        (6, 5, Some(3)),
        (3, 6, Some(4)),
        (60, 6, Some(0)),
        (60, 5, Some(3)),
        (70, 6, None),
        (99, 99, Some(0)),
        (99, 6, None),
    ] {
        assert_eq!(tree.distance(one, other), steps, "{one} {other}");
        assert_eq!(tree.distance(other, one), steps, "{other} {one}");
    }
    assert_eq!(tree.lineage(60).collect::<Vec<_>>(), [6, 4, 2, 1]);
    assert!(tree.is_within(61, 2) && tree.is_within(6, 60) && !tree.is_within(5, 4));
    assert_eq!(tree.ancestor_of_rank(60, "genus"), Some(4));
    assert_eq!(tree.ancestor_of_rank(3, "genus"), None);
    assert_eq!(tree.current(60), Ok(6));
    assert_eq!(tree.current(70), Err(NoLineage::Deleted));
    assert_eq!(tree.current(72), Err(NoLineage::Unknown));
    assert_eq!(tree.implied_roots(), Vec::<u32>::new());
}

#[test]
fn a_table_of_some_taxa_is_read_back() {
    let place = TempDir::new().unwrap();
    let tree = ncbi(&place);
    let text = tree.table(&BTreeSet::from([60, 5, 70]));
    assert_eq!(
        text,
        "taxon\tparent\trank\n1\t1\tno rank\n2\t1\tfamily\n4\t2\tgenus\n5\t2\tgenus\n6\t4\tspecies\n60\t6\tmerged\n"
    );
    let path = place.path().join("lineages.tsv");
    fs::write(&path, &text).unwrap();
    let again = read_lineages(&path).unwrap();
    assert_eq!(again.table(&BTreeSet::from([60, 5])), text);
    assert_eq!(again.distance(60, 5), Some(3));
    // Lineages of two datasets together.
    let other = read(&place, "8\t6\tsubspecies\n6\t4\tspecies\n4\t4\n").unwrap();
    let both = again.completed_by(&other);
    assert_eq!(both.distance(8, 5), Some(4));
    assert_eq!(both.ancestor_of_rank(8, "subspecies"), Some(8));
}

#[test]
fn tables_of_two_columns_may_leave_out_the_root() {
    let place = TempDir::new().unwrap();
    for text in [
        "child\tparent\n9606\t9605\n9605\t207598\n",
        "9606 9605\n9605 207598\n",
        "# comment\nNCBITaxon:9606\ttaxon:9605\n9605\t207598\n",
    ] {
        let tree = read(&place, text).unwrap();
        assert_eq!(tree.distance(9606, 207_598), Some(2), "{text}");
        assert_eq!(tree.implied_roots(), [207_598]);
        assert_eq!(tree.ranks(), Vec::<String>::new());
    }
    let tree = read(&place, "2\t0\n3\t2\n4\t\n").unwrap();
    assert_eq!(tree.distance(3, 2), Some(1));
    assert_eq!(tree.distance(3, 4), None);
}

#[test]
fn invalid_lineages_are_errors_with_their_place() {
    let place = TempDir::new().unwrap();
    let error = |text: &str| read(&place, text).unwrap_err().to_string();
    for (text, parts) in [
        (
            "1\t1\n3\t4\n4\t5\n5\t3\n",
            &[
                "nodes.dmp:2",
                "taxon 3 is its own ancestor, through 3, 4, 5",
            ][..],
        ),
        (
            "1\t1\n2\t1\n3\t1\n2\t3\n",
            &[
                "nodes.dmp:4",
                "taxon 2 has the parent 3 here and 1 in line 2",
            ],
        ),
        (
            "1\t1\nhuman\t1\n",
            &["nodes.dmp:2", "is not a taxon and its parent"],
        ),
        ("1\t|\t1\t|\tno rank\t|\n2\t|\n", &["nodes.dmp:2"]),
        ("1\t1\trank\tmore\n", &["nodes.dmp:1"]),
        ("", &["holds no row of taxon and parent"]),
        ("child\tparent\n", &["holds no row of taxon and parent"]),
    ] {
        let error = error(text);
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    fs::write(place.path().join("merged.dmp"), "x\t|\ty\t|\n").unwrap();
    assert!(error(NODES).contains("merged.dmp:1"));
    assert!(read_lineages(Path::new("/nowhere/nodes.dmp")).is_err());
}
