//! The command line before clap sees it: cafaeval's spellings, and what must be known even when
//! the rest is not understood.

use std::ffi::{OsStr, OsString};

/// The options of cafaeval and CAFA-evaluator-PK, which have one dash.
const CAFAEVAL: [&str; 11] = [
    "out_dir",
    "ia",
    "no_orphans",
    "norm",
    "prop",
    "known",
    "toi",
    "th_step",
    "max_terms",
    "threads",
    "log_level",
];

/// Rewrites cafaeval's single-dash options behind the subcommand `cafa`: `-th_step=0.05` becomes
/// `--th-step=0.05`. Everything else stays as it is.
pub fn normalise(mut argv: Vec<OsString>) -> Vec<OsString> {
    let Some(at) = subcommand(&argv) else {
        return argv;
    };
    if argv[at] != "cafa" {
        return argv;
    }
    for argument in argv.iter_mut().skip(at + 1).take_while(|a| *a != "--") {
        if let Some(rewritten) = argument.to_str().and_then(rewrite) {
            *argument = rewritten.into();
        }
    }
    argv
}

fn rewrite(argument: &str) -> Option<String> {
    let option = argument.strip_prefix('-')?;
    let option = option.strip_prefix('-').unwrap_or(option);
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    if !CAFAEVAL.contains(&name) {
        return None;
    }
    let name = name.replace('_', "-");
    Some(match value {
        Some(value) => format!("--{name}={value}"),
        None => format!("--{name}"),
    })
}

fn subcommand(argv: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(argument) = argv.get(at) {
        if argument == "--color" {
            at += 1;
        } else if !argument.as_encoded_bytes().starts_with(b"-") {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether `--json` is there, in a command line that may not be understood.
pub fn wants_json(argv: &[OsString]) -> bool {
    argv.iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

/// The value of `--color`, in a command line that may not be understood.
pub fn color(argv: &[OsString]) -> Option<&str> {
    let mut arguments = argv.iter().map(OsString::as_os_str);
    while let Some(argument) = arguments.next() {
        if argument == "--color" {
            return arguments.next().and_then(OsStr::to_str);
        }
        if let Some(value) = argument.to_str().and_then(|a| a.strip_prefix("--color=")) {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn only_the_options_of_cafaeval_and_only_behind_cafa_are_rewritten() {
        let cases = [
            (
                "protea cafa go.obo p gt -ia IA.tsv -th_step=0.05 -no_orphans -x",
                "protea cafa go.obo p gt --ia IA.tsv --th-step=0.05 --no-orphans -x",
            ),
            (
                "protea --color never --json cafa -log_level error -- -ia",
                "protea --color never --json cafa --log-level error -- -ia",
            ),
            (
                "protea cafa go.obo p gt -known k.tsv -toi=t.txt",
                "protea cafa go.obo p gt --known k.tsv --toi=t.txt",
            ),
            ("protea run knn -ia x", "protea run knn -ia x"),
            ("protea cafa --out_dir d", "protea cafa --out-dir d"),
        ];
        for (given, expected) in cases {
            assert_eq!(normalise(line(given)), line(expected));
        }
    }
}
