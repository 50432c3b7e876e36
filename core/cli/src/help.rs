//! The help of commands that run a runner, which have more options than fit a screen.
//!
//! clap prints `--help` with an empty line after each option and the meaning of each value on a line of
//! its own: 225 lines for `protea run`. Here, `--help` prints all options in the form of `-h`, and `-h`
//! leaves out those that most runs do not need. `protea help run` still prints the long form.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::args::OTHER_MACHINES;

/// The option that only commands that run a runner have.
const OF_RUNS: &str = "isolation";
/// The headings of what `-h` leaves out, but for [`KEPT`].
const RARE: [&str; 4] = [OTHER_MACHINES, "Isolation", "Trust", "Tracking"];
/// clap's ids of options that most users of these headings need.
const KEPT: [&str; 5] = ["plan", "time_limit", "memory_limit", "sandbox", "track"];

/// The command line with the shorter help.
pub fn shortened(command: Command, argv: &[OsString]) -> Command {
    let asks_for_all = argv.iter().any(|argument| argument == "--help");
    let of_runs = |command: &&Command| command.get_arguments().any(|arg| arg.get_id() == OF_RUNS);
    let names: Vec<String> = command
        .get_subcommands()
        .filter(of_runs)
        .map(|below| below.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| {
            let below = below.disable_help_flag(true).arg(help_option());
            if asks_for_all {
                below
            } else {
                below.mut_args(without_rare)
            }
        })
    })
}

fn help_option() -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::HelpShort)
        // Otherwise it has the last heading of the command.
        .help_heading(None::<&str>)
        .help("Print all options; `-h` prints those that are used most")
}

fn without_rare(arg: Arg) -> Arg {
    let is_rare = arg
        .get_help_heading()
        .is_some_and(|heading| RARE.contains(&heading));
    let is_kept = KEPT.contains(&arg.get_id().as_str());
    arg.hide_short_help(is_rare && !is_kept)
}
