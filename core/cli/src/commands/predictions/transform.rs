//! `protea predictions propagate`, `cut` and `convert`: one file in, one file out.

use protea_cafa::{
    ontology::Ontology,
    predictions::{
        CutOptions, Cutter, Propagator, Session, Source, for_each_protein, sort_for_output,
    },
    scoring::Propagation,
};
use serde_json::{Value, json};

use super::{
    inputs,
    output::Output,
    read_ontology,
    reports::{warn_of, warn_of_unknown},
};
use crate::{
    args::{
        PredictionsConvertArgs, PredictionsCutArgs, PredictionsOutputArgs,
        PredictionsPropagateArgs, PredictionsShowArgs, PropagateBy,
    },
    commands::predict::aspect,
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, count, display_path},
};

pub(super) fn propagate(
    args: &PredictionsPropagateArgs,
    json: bool,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    Output::check(&args.output, Some(&args.ontology), &[], json)?;
    let ontology = Ontology::read(&args.ontology)?;
    let source = inputs::open(&args.file, session)?;
    let mode = match args.prop {
        PropagateBy::Max => Propagation::Max,
        PropagateBy::Fill => Propagation::Fill,
    };
    let mut propagator = Propagator::new(&ontology, mode);
    let output = Output::new(&args.output, Some(&ontology));
    reporter.start_bar("propagating");
    let ((tally, repeated), written) = output.write(|sink| {
        for_each_protein(&source, session, &mut |accession, rows, terms| {
            propagator.propagate(rows, terms);
            sort_for_output(rows, terms);
            Ok(sink.write(accession, rows, terms)?)
        })
    })?;
    reporter.abandon();
    warn_of(reporter, &source, &tally, repeated);
    let counts = propagator.counts();
    warn_of_unknown(reporter, &counts.unknown, "; left out");
    let mut lines = Lines::default();
    lines.add(
        "propagated",
        format!(
            "{} predictions of {} proteins to {}",
            count(counts.before),
            count(counts.proteins),
            count(counts.after)
        ),
    );
    lines.add(
        "raised",
        format!(
            "{} predictions to the score of a child",
            count(counts.raised)
        ),
    );
    if counts.alternative.count > 0 {
        lines.add(
            "renamed",
            format!(
                "{} predictions to the primary id of their term: {}",
                count(counts.alternative.count),
                counts.alternative.sample()
            ),
        );
    }
    let json = json!({
        "input": input(&source, &tally, repeated),
        "proteins": counts.proteins,
        "before": counts.before,
        "after": counts.after,
        "raised": counts.raised,
        "alternative": counts.alternative,
        "unknown": counts.unknown,
    });
    Ok(output.report(lines, json, &written, reporter))
}

pub(super) fn cut(
    args: &PredictionsCutArgs,
    json: bool,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let lists = [&args.proteins, &args.terms];
    Output::check(&args.output, args.ontology.as_deref(), &lists, json)?;
    let ontology = read_ontology(args.ontology.as_deref())?;
    let proteins = args.proteins.as_deref().map(inputs::accessions);
    let terms = args.terms.as_deref().map(inputs::terms);
    let mut cutter = Cutter::new(CutOptions {
        proteins: proteins.transpose()?,
        terms: terms.transpose()?,
        aspects: args.aspects.iter().copied().map(aspect).collect(),
        minimum_score: args.minimum_score,
        most_specific: args.most_specific,
        top_per_aspect: args.top_per_aspect,
        top: args.top,
        ontology: ontology.as_ref(),
    });
    let source = inputs::open(&args.file, session)?;
    let output = Output::new(&args.output, ontology.as_ref());
    reporter.start_bar("cutting");
    let ((tally, repeated), written) = output.write(|sink| {
        for_each_protein(&source, session, &mut |accession, rows, terms| {
            cutter.cut(accession, rows, terms);
            if rows.is_empty() {
                return Ok(());
            }
            Ok(sink.write(accession, rows, terms)?)
        })
    })?;
    reporter.abandon();
    warn_of(reporter, &source, &tally, repeated);
    let counts = cutter.counts();
    warn_of_unknown(
        reporter,
        &counts.unknown,
        ", and so no aspect and no ancestors",
    );
    let mut lines = Lines::default();
    lines.add(
        "kept",
        format!(
            "{} of {} predictions, of {} proteins",
            count(counts.predictions),
            count(tally.rows - repeated),
            count(counts.proteins)
        ),
    );
    let mut label = "left out";
    for (number, what) in [
        (counts.other_proteins, "of other proteins"),
        (counts.other_terms, "of other terms"),
        (counts.other_aspects, "of other aspects"),
        (counts.lower_scores, "with lower scores"),
        (
            counts.ancestors,
            "with a descendant among the protein's terms",
        ),
        (counts.beyond_top, "beyond the number of terms"),
    ] {
        if number > 0 {
            lines.add(label, format!("{} {what}", count(number)));
            label = "";
        }
    }
    let json = json!({ "input": input(&source, &tally, repeated), "counts": counts });
    Ok(output.report(lines, json, &written, reporter))
}

pub(super) fn convert(
    args: &PredictionsConvertArgs,
    json: bool,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    Output::check(&args.output, args.ontology.as_deref(), &[], json)?;
    let ontology = read_ontology(args.ontology.as_deref())?;
    let source = inputs::open(&args.file, session)?;
    let output = Output::new(&args.output, ontology.as_ref());
    reporter.start_bar("converting");
    let mut proteins = 0;
    let ((tally, repeated), written) = output.write(|sink| {
        for_each_protein(&source, session, &mut |accession, rows, terms| {
            proteins += 1;
            sort_for_output(rows, terms);
            Ok(sink.write(accession, rows, terms)?)
        })
    })?;
    reporter.abandon();
    warn_of(reporter, &source, &tally, repeated);
    let mut lines = Lines::default();
    lines.add(
        "read",
        format!(
            "{} predictions of {} proteins from {}",
            count(tally.rows - repeated),
            count(proteins),
            source.format().name()
        ),
    );
    let json = json!({ "input": input(&source, &tally, repeated), "proteins": proteins });
    Ok(output.report(lines, json, &written, reporter))
}

pub(super) fn show(
    args: &PredictionsShowArgs,
    json: bool,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    if json {
        return Err(Failure::new(
            Exit::Usage,
            "show prints a table for people; `protea predictions convert --format json` writes JSON lines",
        ));
    }
    let Some(path) = args.ontology.as_deref() else {
        return Err(Failure::new(
            Exit::Usage,
            "the names of the terms are in an ontology; give the one of the predictions with --ontology",
        ));
    };
    let to = PredictionsOutputArgs::table();
    let ontology = Ontology::read(path)?;
    let proteins = (!args.proteins.is_empty()).then(|| args.proteins.iter().cloned().collect());
    let mut cutter = Cutter::new(CutOptions {
        proteins,
        terms: None,
        aspects: args.aspects.iter().copied().map(aspect).collect(),
        minimum_score: args.minimum_score,
        most_specific: args.most_specific,
        top_per_aspect: 0,
        top: 0,
        ontology: Some(&ontology),
    });
    let source = inputs::open(&args.file, session)?;
    let output = Output::new(&to, Some(&ontology));
    let mut shown = 0;
    let mut missing: Vec<&str> = args.proteins.iter().map(String::as_str).collect();
    let ((tally, repeated), written) = output.write(|sink| {
        for_each_protein(&source, session, &mut |accession, rows, terms| {
            cutter.cut(accession, rows, terms);
            sort_for_output(rows, terms);
            // The table leaves out roots, which must not count among the best.
            rows.retain(|row| !is_root(&ontology, &terms.id(row.term)));
            if args.top > 0 {
                rows.truncate(args.top);
            }
            if rows.is_empty() {
                return Ok(());
            }
            shown += 1;
            missing.retain(|name| *name != accession);
            Ok(sink.write(accession, rows, terms)?)
        })
    })?;
    reporter.abandon();
    warn_of(reporter, &source, &tally, repeated);
    warn_of_unknown(reporter, &cutter.counts().unknown, ", and so no name");
    if let [first, ..] = missing[..] {
        let more = match missing.len() {
            1 => String::new(),
            others => format!(" and {} more", count(others as u64 - 1)),
        };
        reporter.warn(&format!(
            "{} has no such predictions for {first}{more}",
            display_path(&args.file)
        ));
    }
    let json = json!({ "input": input(&source, &tally, repeated), "proteins": shown });
    Ok(output.report(Lines::default(), json, &written, reporter))
}

fn is_root(ontology: &Ontology, id: &str) -> bool {
    let terms = ontology.resolve(id);
    terms.first().is_some_and(|term| ontology.is_root(*term))
}

/// What was read.
fn input(source: &Source, tally: &protea_cafa::predictions::Tally, repeated: u64) -> Value {
    json!({
        "file": source.name(),
        "format": source.format().name(),
        "tally": tally,
        "repeated": repeated,
    })
}
