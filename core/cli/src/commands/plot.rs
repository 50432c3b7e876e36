//! `protea plot`.

use std::path::{Path, PathBuf};

use protea_core::{
    Workspace,
    workspace::{Needed, RecordedRun},
};
use protea_report::{Plot, PlotKind, PlotOptions, Progress, plot};
use serde_json::json;

use super::{
    output_file::{Existing, check_output},
    report::{save, watch, workspace},
    usable_run,
};
use crate::{
    args::PlotArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, display_path, plural, terminal_width},
};

/// The width of a figure where there is no terminal, in characters.
const PIPE_WIDTH: u16 = 80;

/// A format of a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Svg,
    Pdf,
    Png,
}

/// Draws a figure of runs.
pub fn draw(args: &PlotArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let output = match &args.output {
        Some(path) => Some((path, format(path)?)),
        None => None,
    };
    if let Some((path, _)) = output {
        check_output(path, Existing::from_force(args.force))?;
    }
    if args.labels.len() > args.runs.len() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{} labels are given for {} runs",
                args.labels.len(),
                args.runs.len()
            ),
        ));
    }
    let mut runs: Vec<RecordedRun> = Vec::new();
    let mut place: Option<Workspace> = None;
    for run in &args.runs {
        let workspace = workspace(run, &args.workspace)?;
        runs.push(find(&workspace, run, args.of.kind(), reporter)?);
        place.get_or_insert(workspace);
    }
    let place = place.ok_or_else(|| Failure::new(Exit::Usage, "give a run"))?;
    interrupt::cooperate(reporter);
    let style = args.paper_style();
    let [narrow, wide] = style.widths();
    let width = if args.columns == 1 { narrow } else { wide };
    let mut options = PlotOptions::default()
        .with_style(style)
        .with_width(args.width.unwrap_or(width))
        .with_labels(args.labels.clone());
    if let Some(height) = args.height {
        options = options.with_height(height);
    }
    if let Some(train) = &args.train {
        options = options.with_train(train.clone());
    }
    if args.no_naive {
        options = options.without_naive();
    }
    let mut watch = watch(reporter);
    let made = plot(
        &place,
        &runs,
        args.of.kind(),
        &options,
        &mut Progress::new(&mut watch),
    );
    reporter.abandon();
    let made = made?;
    for note in made.notes() {
        reporter.warn(note);
    }
    report(args, output, &made, reporter)
}

/// The run of a figure. Figures of predictions take the best trial of a search, and all contenders of
/// a benchmark.
fn find(
    workspace: &Workspace,
    run: &str,
    kind: PlotKind,
    reporter: &Reporter,
) -> Result<RecordedRun, Failure> {
    let found = workspace.find_run(run)?;
    let is_of_predictions = match kind {
        PlotKind::PrecisionRecall | PlotKind::Uncertainty => found.manifest.pipeline != "benchmark",
        PlotKind::Sweep | PlotKind::Calibration => true,
        _ => false,
    };
    if is_of_predictions {
        return usable_run::find(workspace, run, Needed::Predictions, reporter);
    }
    Ok(found)
}

fn report(
    args: &PlotArgs,
    output: Option<(&PathBuf, Format)>,
    made: &Plot,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let mut text = String::new();
    if args.terminal {
        let width = terminal_width().unwrap_or(PIPE_WIDTH);
        text.push_str(&made.text(width.into()));
    }
    let mut files = json!({});
    if let Some((path, format)) = output {
        let missing = made.missing_characters();
        if !missing.is_empty() {
            let examples: String = missing.iter().take(3).collect();
            reporter.warn(&format!(
                "{} of the labels, such as {examples}, are not in the font of figures; protea draws them as boxes; give other names with --label",
                plural(missing.len() as u64, "character")
            ));
        }
        let data = path.with_extension("tsv");
        let table = made.tsv();
        // The same figure in two formats has one file of data.
        if !protea_files::read_document(&data).is_ok_and(|existing| existing == table.as_bytes()) {
            check_output(&data, Existing::from_force(args.force))?;
        }
        save(path, &content(made, format, args.dpi)?)?;
        save(&data, table.as_bytes())?;
        if args.terminal {
            text.push('\n');
        }
        text.push_str(&format!(
            "figure  {}\ndata    {}\n",
            display_path(path),
            display_path(&data)
        ));
        files = json!({ "figure": path.to_string_lossy(), "data": data.to_string_lossy() });
    }
    files["notes"] = json!(made.notes());
    Ok(Report { text, json: files })
}

/// The format of a file by the ending of its name.
fn format(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let format = match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("svg") => Format::Svg,
        Some("pdf") => Format::Pdf,
        Some("png") => Format::Png,
        _ => {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{}: the name of a figure must end in .svg, .pdf or .png",
                    display_path(path)
                ),
            ));
        }
    };
    if format != Format::Svg && !cfg!(feature = "pictures") {
        return Err(lacking(format));
    }
    Ok(format)
}

fn lacking(format: Format) -> Failure {
    let name = match format {
        Format::Svg => "SVG",
        Format::Pdf => "PDF",
        Format::Png => "PNG",
    };
    Failure::new(
        Exit::Usage,
        format!(
            "this build of protea cannot write {name}: write .svg, which browsers and drawing programs read; {}",
            crate::build_features::remedy()
        ),
    )
}

#[cfg(feature = "pictures")]
fn content(made: &Plot, format: Format, dpi: u32) -> Result<Vec<u8>, Failure> {
    let drawn = match format {
        Format::Svg => Ok(made.svg().into_bytes()),
        Format::Pdf => made.pdf(),
        Format::Png => made.png(dpi.into()),
    };
    drawn.map_err(|error| {
        Failure::new(
            Exit::Output,
            format!("cannot draw the figure: {error}; choose a smaller --dpi or size"),
        )
    })
}

#[cfg(not(feature = "pictures"))]
fn content(made: &Plot, format: Format, _: u32) -> Result<Vec<u8>, Failure> {
    match format {
        Format::Svg => Ok(made.svg().into_bytes()),
        other => Err(lacking(other)),
    }
}
