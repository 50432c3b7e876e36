//! Commands that do not exist: what other programs call them, commands below others, and runners.

use clap::{CommandFactory, error::ContextKind};
use protea_core::{Catalog, SearchPath};

use super::{line::Line, text, with_tip};
use crate::args::Cli;

/// The command before, names in other programs, and ours.
const OTHER_NAMES: &[(&str, &[&str], &str)] = &[
    ("", &["train", "learn"], "'protea fit' and 'protea run'"),
    (
        "",
        &["test", "eval", "assess"],
        "'protea evaluate' and 'protea run'",
    ),
    ("", &["score", "cafaeval"], "'protea cafa'"),
    (
        "",
        &["tune", "optimize", "optimise", "gridsearch", "grid"],
        "'protea search'",
    ),
    (
        "",
        &[
            "crossval",
            "cross-validate",
            "cross-validation",
            "crossvalidate",
            "kfold",
        ],
        "'protea cv'",
    ),
    (
        "",
        &["compare"],
        "'protea benchmark' and 'protea runs compare'",
    ),
    ("", &["ui", "dashboard", "web", "gui"], "'protea serve'"),
    ("", &["version"], "'protea --version'"),
    (
        "",
        &["delete", "remove", "clean"],
        "'protea runs rm' and 'protea runs gc'",
    ),
    ("", &["history", "results"], "'protea runs list'"),
    (
        "",
        &["create", "init", "import"],
        "'protea dataset freeze' and 'protea runners new'",
    ),
    ("runs", &["delete", "remove", "del"], "'protea runs rm'"),
    ("runs", &["ls"], "'protea runs list'"),
    ("runs", &["info", "view", "get"], "'protea runs show'"),
    ("runs", &["diff"], "'protea runs compare'"),
    ("runners", &["ls"], "'protea runners list'"),
    ("runners", &["add"], "'protea runners install'"),
    ("runners", &["create", "init"], "'protea runners new'"),
    (
        "runners",
        &["show", "describe", "settings", "help"],
        "'protea runners info'",
    ),
    (
        "runners",
        &["test", "verify", "validate"],
        "'protea runners check'",
    ),
    (
        "dataset",
        &["create", "make", "build", "new", "import", "add"],
        "'protea dataset freeze'",
    ),
    ("dataset", &["info", "view"], "'protea dataset show'"),
    ("dataset", &["check", "validate"], "'protea dataset verify'"),
    ("dataset", &["compare"], "'protea dataset diff'"),
    (
        "predictions",
        &["view", "head", "list"],
        "'protea predictions show'",
    ),
    ("predictions", &["check"], "'protea predictions validate'"),
    (
        "predictions",
        &["combine", "ensemble"],
        "'protea predictions merge'",
    ),
    ("predictions", &["filter"], "'protea predictions cut'"),
    ("predictions", &["compare"], "'protea predictions diff'"),
];

/// Adds to the error of an unknown command what is probably meant: `protea freeze` means
/// `protea dataset freeze`, and `protea knn` means `protea run knn`.
pub fn explained(error: clap::Error, line: &Line) -> clap::Error {
    let Some(name) = text(&error, ContextKind::InvalidSubcommand) else {
        return error;
    };
    let others = OTHER_NAMES.iter();
    let mut others = others.filter(|(parent, names, _)| {
        *parent == line.path && names.contains(&name.to_lowercase().as_str())
    });
    if let Some((_, _, ours)) = others.next() {
        return with_tip(error, format!("there is {ours}"));
    }
    if !line.path.is_empty() {
        return error;
    }
    let below = below(&name);
    if !below.is_empty() {
        return with_tip(error, format!("there is {}", below.join(" and ")));
    }
    if Catalog::scan(&SearchPath::standard()).find(&name).is_ok() {
        let tip = format!("{name} is a runner: 'protea run {name}'");
        return with_tip(error, tip);
    }
    error
}

/// The commands that have a subcommand of this name.
fn below(name: &str) -> Vec<String> {
    let all = Cli::command();
    let commands = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    commands
        .filter(|command| command.find_subcommand(name).is_some())
        .map(|command| format!("'protea {} {name}'", command.get_name()))
        .collect()
}
