//! Lists of runs: what they compare, and how they fit a terminal.

use std::{env, fs};

use protea_e2e::{Place, Ran, built, test, train};

/// Runs a program on a pseudo-terminal of a width and prints what it printed.
const ON_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios
process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
output = b''
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    output += read
os.waitpid(process, 0)
sys.stdout.write(output.decode().replace('\\r\\n', '\\n'))
";

/// The few proteins of a dataset of their own, so that scores on them mean little.
fn few(place: &Place) -> String {
    let fasta: String = (1..=4).map(|at| format!(">Q{at}\nMKVLAAGIVGWTF\n")).collect();
    let terms: String = (1..=4).map(|at| format!("Q{at}\tGO:0005524\n")).collect();
    place.write("few.fasta", fasta);
    place.write("few.tsv", terms);
    fs::copy(train().join("ontology.obo"), place.join("go.obo")).unwrap();
    let made = place.protea(
        "dataset freeze few --name few --ontology go.obo --fasta few.fasta --annotations few.tsv \
         --features kmer"
            .split(' '),
    );
    assert_eq!(made.code, Some(0), "{made:#?}");
    "few".to_owned()
}

/// A workspace with runs of two settings, a cross-validation, and a run on few proteins.
fn filled() -> Place {
    let place = Place::new();
    let few = few(&place);
    let train = train().into_os_string().into_string().unwrap();
    let own = ["run", "knn", "--train", &train, "--eval", &few];
    for arguments in [
        &["run", "knn"][..],
        &["run", "knn", "--set", "k=1"],
        &["cv", "knn", "--folds", "2"],
        &own,
    ] {
        let ran = place.protea(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    place
}

fn row<'t>(table: &'t Ran, part: &str) -> &'t str {
    let found = table.stdout.lines().find(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("{part:?} is not in {table:#?}"))
}

#[test]
fn the_list_says_what_was_scored_and_marks_what_cannot_be_compared() {
    let place = filled();
    let listed = place.protea(["runs", "list", "--sort", "MFO.fmax"]);
    let heading = listed.stdout.lines().next().unwrap();
    for column in ["scored on", "settings", "MFO.fmax", "BPO.fmax", "CCO.fmax"] {
        assert!(heading.contains(column), "{listed:#?}");
    }
    assert!(row(&listed, "k=1").contains("swissprot-2014-small-test"), "{listed:#?}");
    let on_few = listed.stdout.lines().find(|line| line.contains(" few ")).unwrap();
    assert!(on_few.contains('*'), "{listed:#?}");
    for note in ["* scored on fewer than 30 proteins", "different datasets cannot be compared"] {
        assert!(listed.stdout.contains(note), "{listed:#?}");
    }
    // The mean and the deviation of the folds.
    assert!(row(&listed, "knn/cv ").contains('±'), "{listed:#?}");

    let one = place.protea(["runs", "list", "--sort", "MFO.fmax", "--eval", "few", "--json"]);
    let one = one.json();
    assert_eq!(one["total"], 1, "{one:#}");
    assert_eq!(one["runs"][0]["datasets"]["eval"]["name"], "few");
    let ids: Vec<String> = place.protea(["runs", "list", "--json"]).json()["runs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["pipeline"] == "experiment" && run["parent"].is_null())
        .map(|run| run["run_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    let differ = place.protea(["runs", "compare", &ids[0], &ids[1]]);
    assert!(differ.stdout.contains("scored on different datasets"), "{differ:#?}");
    let same = place.protea(["runs", "compare", &ids[1], &ids[2]]);
    assert!(!same.stdout.contains("scored on different datasets"), "{same:#?}");
    assert!(!same.stdout.contains("e-"), "{same:#?}");
}

#[test]
fn tables_fit_the_terminal_and_pipes_are_not_wrapped() {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        eprintln!("SKIPPED: set PROTEA_TEST_PYTHON to a Python");
        return;
    };
    let place = filled();
    place.write("terminal.py", ON_TERMINAL);
    let protea = built().join("protea");
    for arguments in ["runs list", "runners list", "runners info knn", "cv knn --folds 2 --quiet"] {
        let piped = place.protea(arguments.split(' '));
        for width in [80, 120] {
            let command = [
                "terminal.py".to_owned(),
                width.to_string(),
                protea.display().to_string(),
            ];
            let shown = place.run(
                python.as_ref(),
                command.iter().map(String::as_str).chain(arguments.split(' ')),
            );
            assert_eq!(shown.code, Some(0), "{shown:#?}");
            // Paths and hashes are single words, which are never broken.
            let is_table = |line: &&str| !line.contains('/') && line.trim().contains("  ");
            for line in shown.stdout.lines().filter(is_table) {
                let is_long = line.chars().count() > width && !line.contains("SHA-256");
                assert!(!is_long, "{width}: {line}");
            }
            for name in piped.stdout.split_whitespace().filter(|word| word.contains('_')) {
                assert!(shown.stdout.contains(name), "{name} is broken: {shown:#?}");
            }
        }
    }
    let info = place.protea(["runners", "info", "knn"]);
    assert!(row(&info, "weights.embedding_similarity").contains("number"), "{info:#?}");
    assert!(test().is_dir());
}
