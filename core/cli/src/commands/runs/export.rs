//! `protea runs export`.

use std::io::{self, Write};

use protea_core::workspace::{ListedRun, RunKey, RunOrder};
use serde_json::{Value, json};

use super::{
    super::output_file::{Existing, check_output, replace},
    all,
    export_table::{Column, columns, write_csv},
    list, selection, workspace,
};
use crate::{
    args::{ExportFormat, RunsExportArgs},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, display_path, plural},
};

/// Writes the runs as a table.
pub fn export(args: &RunsExportArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    if let Some(output) = &args.output {
        check_output(output, Existing::from_force(args.force))?;
    }
    let workspace = workspace(&args.workspace)?;
    let found = all(&workspace, reporter);
    let oldest_first = RunOrder::ascending(RunKey::Started);
    let selection = selection::filtered(&args.filters).with_order(oldest_first);
    let selected = found.select(&selection)?.rows;
    let mut runs: Vec<&ListedRun> = selected.iter().map(|row| row.run).collect();
    runs.sort_by_key(|run| (run.head.started, &run.head.run_id));
    let entries: Vec<Value> = runs.iter().map(|run| list::entry(run)).collect();
    let columns = columns(&runs);
    let Some(output) = &args.output else {
        return match args.format {
            ExportFormat::Parquet => Err(Failure::new(
                Exit::Usage,
                "Parquet is not written to standard output; give a file with --output",
            )),
            _ if json => Ok(Report {
                text: String::new(),
                json: Value::Array(entries),
            }),
            format => Ok(Report {
                text: text(format, &columns, &entries)?,
                json: Value::Array(entries),
            }),
        };
    };
    replace(output, |out| match args.format {
        ExportFormat::Csv => write_csv(&columns, out),
        ExportFormat::Json => write_json(&entries, out),
        ExportFormat::Parquet => parquet(&columns, out),
    })
    .map_err(|failure| match args.format {
        ExportFormat::Parquet if !cfg!(feature = "parquet") => {
            Failure::new(Exit::Failed, no_parquet())
        }
        _ => failure,
    })?;
    let count = plural(runs.len() as u64, "run");
    Ok(Report {
        text: format!("{count} in {}\n", display_path(output)),
        json: json!({ "file": output.to_string_lossy(), "runs": runs.len() }),
    })
}

fn no_parquet() -> String {
    let remedy = crate::build_features::remedy();
    format!("this build of protea does not write Parquet; {remedy}")
}

#[cfg(feature = "parquet")]
fn parquet(columns: &[(String, Column)], out: &mut (dyn Write + Send)) -> io::Result<()> {
    super::export_table::write_parquet(columns, out)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &[(String, Column)], _: &mut (dyn Write + Send)) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn write_json(entries: &[Value], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, entries)?;
    writeln!(out)
}

fn text(
    format: ExportFormat,
    columns: &[(String, Column)],
    entries: &[Value],
) -> Result<String, Failure> {
    let mut text = Vec::new();
    let written = match format {
        ExportFormat::Json => write_json(entries, &mut text),
        _ => write_csv(columns, &mut text),
    };
    written.map_err(|error| Failure::new(Exit::Output, error.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
