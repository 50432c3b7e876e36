//! Options that have another name here, and arguments that are missing.

use clap::error::{ContextKind, ContextValue};

use super::line::Line;

/// Our options, with the names of the same thing in other commands and in other programs.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "--eval",
        &[
            "--test",
            "--testing",
            "--test-set",
            "--test-data",
            "--valid",
            "--val",
            "--validation",
            "--data",
            "--dataset",
        ],
    ),
    (
        "--train",
        &[
            "--training",
            "--train-set",
            "--train-data",
            "--reference",
            "--references",
            "--data",
            "--dataset",
        ],
    ),
    ("--data", &["--train", "--dataset", "--eval", "--input"]),
    ("--dataset", &["--data", "--eval"]),
    (
        "--fasta",
        &[
            "--input",
            "--query",
            "--queries",
            "--sequence",
            "--sequences",
            "--seqs",
            "--proteins",
            "-i",
        ],
    ),
    (
        "--annotations",
        &[
            "--annotation",
            "--terms",
            "--labels",
            "--gaf",
            "--goa",
            "--gpad",
            "--truth",
        ],
    ),
    ("--ontology", &["--obo", "--go", "--graph"]),
    ("--embeddings", &["--vectors", "--npy", "--h5", "--emb"]),
    (
        "--taxonomy",
        &["--taxa", "--taxon", "--species", "--organism"],
    ),
    (
        "--ia",
        &["--ic", "--information-content", "--information-accretion"],
    ),
    ("--seed", &["--random-state", "--random-seed", "--rng-seed"]),
    (
        "--threads",
        &[
            "--cpu",
            "--cpus",
            "--cores",
            "--num-threads",
            "--num_threads",
            "--n-threads",
            "-t",
            "-p",
        ],
    ),
    (
        "--jobs",
        &[
            "--n-jobs",
            "--n_jobs",
            "--parallel",
            "--workers",
            "--num-workers",
            "-n",
        ],
    ),
    (
        "--folds",
        &["--n-folds", "--n-splits", "--n_splits", "--k-folds", "--cv"],
    ),
    (
        "--output",
        &[
            "--out",
            "--output-dir",
            "--outdir",
            "--out-dir",
            "--output-file",
            "--outfile",
            "--save",
            "--to",
        ],
    ),
    (
        "--minimum-score",
        &[
            "--threshold",
            "--min-score",
            "--cutoff",
            "--cut-off",
            "--tau",
        ],
    ),
    (
        "--top",
        &["--limit", "--max-terms", "--top-k", "--topk", "-n", "-k"],
    ),
    ("--limit", &["--top", "--max", "--head", "-n"]),
    (
        "--sort",
        &["--metric", "--sort-by", "--order-by", "--by", "--rank"],
    ),
    (
        "--random",
        &["--trials", "--n-trials", "--n-iter", "--iterations"],
    ),
    (
        "--bootstrap",
        &["--n-bootstrap", "--resamples", "--bootstraps"],
    ),
    (
        "--runners",
        &["--runner", "--methods", "--models", "--contenders"],
    ),
    ("--group-by", &["--groups", "--cluster", "--clusters"]),
    (
        "--workspace",
        &["--work-dir", "--workdir", "--directory", "--dir"],
    ),
    (
        "--runner-dir",
        &["--plugins", "--plugin-dir", "--runner-path"],
    ),
    ("--time-limit", &["--timeout", "--time"]),
    ("--memory-limit", &["--memory", "--mem", "--max-memory"]),
    (
        "--set",
        &[
            "--param",
            "--params",
            "--parameter",
            "--setting",
            "--option",
            "-P",
            "-D",
        ],
    ),
    ("--spec", &["--config", "--config-file", "--settings", "-c"]),
    (
        "--log-level",
        &["--verbose", "--debug", "--loglevel", "-v", "-d"],
    ),
    ("--notes", &["--note", "--description", "--comment"]),
    ("--model", &["--run", "--run-id", "--checkpoint"]),
];

/// The options of `dataset freeze` that name a file.
const FILES: [&str; 8] = [
    "--fasta",
    "--annotations",
    "--ontology",
    "--embeddings",
    "--ids",
    "--ia",
    "--features",
    "--source",
];

/// The arguments that are missing, with what to write.
const MISSING: [(&str, &str); 6] = [
    ("<RUNNER>", "'protea runners list' shows the runners"),
    (
        "--model",
        "'protea runs list' shows the runs; '--model latest' is the newest one",
    ),
    (
        "<MODEL>",
        "'protea runs list' shows the runs; 'latest' is the newest one",
    ),
    (
        "<RUN>",
        "'protea runs list' shows the runs; 'latest' is the newest one",
    ),
    ("--grid", "say what to try, such as '--grid k=1,3,10'"),
    (
        "--runners",
        "name what to compare, such as '--runners naive,knn'",
    ),
];

/// The tip for an unknown option.
pub fn tip(option: &str, line: &Line) -> Option<String> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    if let Some(long) = one_dash(name, line) {
        return Some(format!("the option has two dashes: '{long}'"));
    }
    let kind = if line.path.is_empty() {
        "protea".to_owned()
    } else {
        format!("protea {}", line.path)
    };
    let own: Vec<String> = SYNONYMS
        .iter()
        .filter(|(own, others)| others.contains(&name) && line.has(own))
        .map(|(own, _)| format!("'{own}'"))
        .collect();
    if let [one] = &own[..] {
        return Some(match (name, value) {
            ("--verbose" | "--debug" | "-v" | "-d", _) => {
                "'--log-level debug' prints the log of the run".to_owned()
            }
            _ => format!("the option of '{kind}' is {one}"),
        });
    }
    if !own.is_empty() {
        return Some(format!("the options of '{kind}' are {}", own.join(" and ")));
    }
    if FILES.contains(&name) && (line.has("--eval") || line.has("--train") || line.has("--data")) {
        return Some(
            "datasets are frozen first: 'protea dataset freeze' reads files of sequences, annotations and \
             embeddings, and 'protea predict' the sequences of new proteins"
                .to_owned(),
        );
    }
    if matches!(name, "--runner" | "--method") {
        return Some(format!("a runner is named without an option: '{kind} knn'"));
    }
    None
}

/// The option that a word with one dash means: `-train` is read as `-t rain`.
fn one_dash(option: &str, line: &Line) -> Option<String> {
    let short = option.strip_prefix('-').filter(|rest| rest.len() == 1)?;
    let mut words = line.words.iter();
    let word = words.find(|word| word.len() > 2 && word.starts_with(&format!("-{short}")))?;
    let name = word.split('=').next().unwrap_or_default();
    let long = format!("-{name}");
    (line.has(&long) || long == "--version" || long == "--help").then_some(long)
}

/// The tip for an argument that is missing.
pub fn missing(error: &clap::Error, line: &Line) -> Option<String> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    // `runners info` and the like are about files too, and say so in their help.
    let (_, tip) = MISSING.iter().find(|(name, _)| {
        missing.iter().any(|missing| missing.contains(name))
            && (*name != "<RUNNER>" || !line.path.starts_with("runners"))
    })?;
    Some((*tip).to_owned())
}
