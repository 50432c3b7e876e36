//! `protea predictions merge`.

use protea_cafa::predictions::{self, Absent, MergeMethod, MergeOptions, Session};
use serde_json::json;

use super::{inputs, output::Output, read_ontology, reports::warn_of};
use crate::{
    args::{AbsentAs, MergeBy, PredictionsMergeArgs},
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, count},
};

pub(super) fn merge(
    args: &PredictionsMergeArgs,
    json: bool,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    Output::check(&args.output, args.ontology.as_deref(), &[], json)?;
    let usage = |message: String| Err(Failure::new(Exit::Usage, message));
    if args.files.iter().filter(|file| *file == "-").count() > 1 {
        return usage("standard input can be read once; name other files".to_owned());
    }
    if !args.weights.is_empty() && args.by == MergeBy::Max {
        return usage("the highest score has no weights; leave out --weights".to_owned());
    }
    if !args.weights.is_empty() && args.weights.len() != args.files.len() {
        return usage(format!(
            "--weights has {} numbers for {} files; give one for each file",
            args.weights.len(),
            args.files.len()
        ));
    }
    let options = MergeOptions {
        method: match args.by {
            MergeBy::Mean => MergeMethod::Mean,
            MergeBy::Max => MergeMethod::Max,
            MergeBy::Geometric => MergeMethod::Geometric,
            MergeBy::Rank => MergeMethod::Rank,
        },
        weights: args.weights.clone(),
        absent: match args.absent {
            AbsentAs::Zero => Absent::Zero,
            AbsentAs::Ignore => Absent::Ignore,
        },
    };
    let ontology = read_ontology(args.ontology.as_deref())?;
    let sources = args
        .files
        .iter()
        .map(|file| inputs::open(file, session))
        .collect::<Result<Vec<_>, _>>()?;
    reporter.start_bar("merging");
    let output = Output::new(&args.output, ontology.as_ref());
    let (merged, counts) = output.write(|sink| {
        predictions::merge(&sources, &options, session, &mut |proteins| {
            for protein in proteins {
                sink.write(protein.accession, protein.rows, protein.terms)?;
            }
            Ok(())
        })
    })?;
    reporter.abandon();
    let mut lines = Lines::default();
    for (file, source) in merged.files.iter().zip(&sources) {
        warn_of(reporter, source, &file.tally, file.repeated);
        lines.add(
            "read",
            format!(
                "{}: {} predictions of {} proteins, {} in no other file, weight {:.3}",
                file.name,
                count(file.tally.rows - file.repeated),
                count(file.proteins),
                count(file.only_here),
                file.weight
            ),
        );
    }
    lines.add(
        "merged",
        format!(
            "{} predictions of {} proteins, {} in all files",
            count(merged.predictions),
            count(merged.proteins),
            count(merged.in_all_files)
        ),
    );
    let counts_absent = options.absent == Absent::Zero;
    if merged.in_all_files == 0 && sources.len() > 1 && counts_absent {
        reporter.warn("no protein has the same term in all files; check that they name proteins and terms in the same way");
    }
    if merged.zero > 0 {
        let zero = count(merged.zero);
        lines.add(
            "left out",
            format!("{zero} predictions whose combined score is 0 at six decimals"),
        );
    }
    let json = json!({
        "by": options.method,
        "absent": options.absent,
        "files": merged.files,
        "proteins": merged.proteins,
        "predictions": merged.predictions,
        "in_all_files": merged.in_all_files,
        "zero": merged.zero,
    });
    Ok(output.report(lines, json, &counts, reporter))
}
