//! Command lines that newcomers type: each error says what is wrong and what to write.

use protea_e2e::Place;

/// The command line, and what its error says.
const REFUSED: [(&str, &str); 58] = [
    (
        "run --train a --eval b",
        "'protea runners list' shows the runners",
    ),
    ("run knn a b", "'--train DATASET --eval DATASET'"),
    (
        "run knn --set k 10",
        "write the setting as one word: '--set k=10'",
    ),
    (
        "run knn --set k = 10",
        "write the setting as one word: '--set k=10'",
    ),
    (
        "run knn --set k= 10",
        "write the setting as one word: '--set k=10'",
    ),
    (
        "run knn --set k =10",
        "write the setting as one word: '--set k=10'",
    ),
    (
        "run knn --set k=10 metric=l2",
        "'--set k=10 --set metric=l2'",
    ),
    ("run knn --set k:10", "there is no '='"),
    ("run knn --k=10", "write '--set k=10'"),
    (
        "run knn --seed -1",
        "invalid value '-1' for '--seed <N>': give a whole number from 0 on",
    ),
    ("run knn --seed=abc", "give a whole number from 0 on"),
    (
        "run knn --seed 99999999999999999999",
        "give a smaller number",
    ),
    (
        "run knn --threads -2",
        "invalid value '-2' for '--threads <N>': give a number from 0",
    ),
    (
        "run knn --spec k=10",
        "--spec takes a file, not settings: k=10",
    ),
    (
        "run knn --config my.yaml",
        "the option of 'protea run' is '--spec'",
    ),
    (
        "run knn --output-dir out",
        "the option of 'protea run' is '--output'",
    ),
    (
        "run knn --train a --test b",
        "the option of 'protea run' is '--eval'",
    ),
    (
        "run knn --data a",
        "the options of 'protea run' are '--eval' and '--train'",
    ),
    (
        "run knn --embeddings a.npy",
        "'protea dataset freeze' reads files",
    ),
    (
        "run knn --fasta new.fasta",
        "'protea predict' the sequences of new proteins",
    ),
    (
        "run --runner knn",
        "a runner is named without an option: 'protea run knn'",
    ),
    (
        "run knn --random-state 7",
        "the option of 'protea run' is '--seed'",
    ),
    (
        "run knn --num-threads 4",
        "the option of 'protea run' is '--threads'",
    ),
    ("run knn -train a", "the option has two dashes: '--train'"),
    ("run knn --track=MLflow", "a similar value exists: 'mlflow'"),
    ("run knn --verbose", "'--log-level debug' prints the log"),
    ("run knn -v", "'--log-level debug' prints the log"),
    ("-version", "the option has two dashes: '--version'"),
    ("knn", "knn is a runner: 'protea run knn'"),
    ("train knn", "there is 'protea fit' and 'protea run'"),
    (
        "list",
        "there is 'protea runs list' and 'protea runners list'",
    ),
    ("version", "there is 'protea --version'"),
    ("freeze data", "there is 'protea dataset freeze'"),
    ("tune knn", "there is 'protea search'"),
    ("runs delete latest", "there is 'protea runs rm'"),
    ("runs ls", "there is 'protea runs list'"),
    ("dataset create data", "there is 'protea dataset freeze'"),
    ("runners test knn", "there is 'protea runners check'"),
    (
        "evaluate knn --eval a",
        "'--model latest' is the newest one",
    ),
    ("fit knn a", "write '--train a'"),
    ("cv knn a", "write '--data a'"),
    ("cv knn --train a", "the option of 'protea cv' is '--data'"),
    ("cv knn --folds five", "give a whole number"),
    (
        "cv knn --n-splits 5",
        "the option of 'protea cv' is '--folds'",
    ),
    ("search knn", "say what to try, such as '--grid k=1,3,10'"),
    (
        "search knn --grid k=1 3 5",
        "without blanks: '--grid k=1,3,5'",
    ),
    (
        "search knn --grid k=1, 3, 5",
        "without blanks: '--grid k=1,3,5'",
    ),
    (
        "search knn --grid k=1 --trials 3",
        "the option of 'protea search' is '--random'",
    ),
    (
        "benchmark",
        "name what to compare, such as '--runners naive,knn'",
    ),
    ("benchmark knn naive", "write '--runners knn,naive'"),
    (
        "benchmark --runners knn naive",
        "without blanks: '--runners knn,naive'",
    ),
    (
        "benchmark --runners knn --bootstrap -5",
        "invalid value '-5' for '--bootstrap <N>'",
    ),
    (
        "runs list --metric MFO.fmax",
        "the option of 'protea runs list' is '--sort'",
    ),
    (
        "runs list --top 3",
        "the option of 'protea runs list' is '--limit'",
    ),
    ("predict latest new.fasta", "write '--fasta new.fasta'"),
    (
        "predict latest --fasta a --threshold 0.5",
        "is '--minimum-score'",
    ),
    (
        "dataset freeze a --name a --obo go.obo",
        "the option of 'protea dataset freeze' is '--ontology'",
    ),
    ("serve 8080", "write '--port 8080'"),
];

#[test]
fn refused_command_lines_say_what_to_write() {
    let place = Place::new();
    for (line, part) in REFUSED {
        let ran = place.protea(line.split(' '));
        ran.fails_with(2, &[part]);
        assert!(
            !ran.stderr.contains("as a value, use '--") && !ran.stderr.contains("invalid digit"),
            "{ran:#?}"
        );
        assert!(ran.stderr.starts_with("error: "), "{ran:#?}");
    }
}
