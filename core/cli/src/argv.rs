//! Reads the command line before clap does: rewrites cafaeval's spellings, and finds the options
//! that also apply if clap refuses the rest.

use std::ffi::{OsStr, OsString};

/// The options that cafaeval and CAFA-evaluator-PK spell with a single dash.
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

/// Rewrites cafaeval's single-dash options after the subcommand `cafa`: `-th_step=0.05` becomes
/// `--th-step=0.05`. Nothing else changes.
pub fn normalise(mut argv: Vec<OsString>) -> Vec<OsString> {
    let Some(index) = subcommand(&argv) else {
        return argv;
    };
    if argv[index] != "cafa" {
        return argv;
    }
    for argument in argv.iter_mut().skip(index + 1).take_while(|a| *a != "--") {
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
    let mut index = 1;
    while let Some(argument) = argv.get(index) {
        if argument == "--color" {
            index += 1;
        } else if !argument.as_encoded_bytes().starts_with(b"-") {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// Whether `--json` is given. The command line may be invalid.
pub fn wants_json(argv: &[OsString]) -> bool {
    argv.iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

/// The value of `--color`. The command line may be invalid.
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
    fn cafaeval_options_are_rewritten_after_cafa_only() {
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
