//! `protea man-pages`.

use std::{fs, path::Path};

use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use super::output_file::{replace, unwritable};
use crate::{
    args::Cli,
    failure::Failure,
    output::{Report, display_path, plural},
};

/// Writes a page for the command and for each of its subcommands: `protea.1`, `protea-runs-list.1`.
pub fn write(directory: &Path) -> Result<Report, Failure> {
    fs::create_dir_all(directory).map_err(unwritable(directory))?;
    let mut protea = Cli::command();
    protea.build();
    let mut names = Vec::new();
    let mut waiting = vec![protea];
    while let Some(command) = waiting.pop() {
        let below = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        // clap adds a command `help` to every group.
        let below = below.filter(|command| command.get_name() != "help");
        waiting.extend(below.cloned());
        let page = Man::new(command).manual("protea");
        let name = page.get_filename();
        replace(&directory.join(&name), |out| page.render(out))?;
        names.push(name);
    }
    names.sort();
    let count = plural(names.len() as u64, "page");
    Ok(Report {
        text: format!("{count} in {}\n", display_path(directory)),
        json: json!({ "directory": directory.to_string_lossy(), "pages": names }),
    })
}
