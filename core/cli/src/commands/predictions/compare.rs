//! `protea predictions diff` and `stats`.

use protea_cafa::{
    ontology::Aspect,
    predictions::{
        self, DiffOptions, Difference, Examples, Quantiles, Session, Statistics, for_each_protein,
    },
};
use serde_json::{Map, Value, json};

use super::{
    inputs, read_ontology,
    reports::{warn_of, warn_of_unknown},
};
use crate::{
    args::{PredictionsDiffArgs, PredictionsStatsArgs},
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, Table, count, plural},
};

/// Exit code 1 means that the files differ; it is not an error.
pub(super) fn diff(
    args: &PredictionsDiffArgs,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    if args.tolerance.is_nan() || args.tolerance < 0.0 {
        return Err(Failure::new(
            Exit::Usage,
            "give a --tolerance of at least 0",
        ));
    }
    let ontology = read_ontology(args.ontology.as_deref())?;
    let sources = [
        inputs::open(&args.first, session)?,
        inputs::open(&args.second, session)?,
    ];
    let options = DiffOptions {
        tolerance: args.tolerance,
        ontology: ontology.as_ref(),
    };
    reporter.start_bar("comparing");
    let found = predictions::diff([&sources[0], &sources[1]], &options, session)?;
    reporter.abandon();
    for (place, source) in sources.iter().enumerate() {
        warn_of(
            reporter,
            source,
            &found.tallies[place],
            found.repeated[place],
        );
    }
    let report = Report {
        text: describe(&found, [sources[0].name(), sources[1].name()]),
        json: to_json(&found, ontology.is_some()),
    };
    if found.is_empty() {
        Ok(report)
    } else {
        Err(Failure::report_only(Exit::Failed, report))
    }
}

fn describe(found: &Difference, names: [&str; 2]) -> String {
    let mut lines = Lines::default();
    lines.add("proteins", format!("{} in both", count(found.proteins)));
    let mut add = |label: &'static str, what: String, found: &Examples| {
        if found.count > 0 {
            let number = count(found.count);
            lines.add(label, format!("{number} {what}: {}", found.sample()));
        }
    };
    let [first, second] = names;
    add("", format!("in {first} only"), &found.proteins_only_first);
    add("", format!("in {second} only"), &found.proteins_only_second);
    lines.add(
        "predictions",
        format!("{} with equal scores", count(found.equal)),
    );
    let mut add = |what: String, found: &Examples| {
        if found.count > 0 {
            let number = count(found.count);
            lines.add("", format!("{number} {what}: {}", found.sample()));
        }
    };
    add(format!("in {first} only"), &found.only_first);
    add(format!("in {second} only"), &found.only_second);
    add("with different scores".to_owned(), &found.changed);
    if found.largest_change > 0.0 {
        lines.add(
            "largest",
            format!("a score differs by {}", found.largest_change),
        );
    }
    let mut text = lines.to_string();
    if !found.aspects.is_empty() {
        let headings = ["aspect", "equal", "changed", "only first", "only second"];
        let mut table = Table::new(1.., headings);
        for (aspect, counts) in Aspect::ALL.iter().zip(&found.aspects) {
            let numbers = [
                counts.equal,
                counts.changed,
                counts.only_first,
                counts.only_second,
            ];
            let cells = std::iter::once(aspect.name().to_owned());
            table.row(cells.chain(numbers.map(count)));
        }
        text.push_str(&format!("\n{table}"));
        if found.unknown > 0 {
            let unknown = plural(found.unknown, "prediction");
            text.push_str(&format!(
                "{unknown} of terms that are not in the ontology\n"
            ));
        }
    }
    text
}

fn to_json(found: &Difference, with_aspects: bool) -> Value {
    let mut json = json!(found);
    json["equal_files"] = Value::Bool(found.is_empty());
    if with_aspects {
        let aspects = Aspect::ALL.iter().zip(&found.aspects);
        let aspects: Map<String, Value> = aspects
            .map(|(aspect, counts)| (aspect.name().to_owned(), json!(counts)))
            .collect();
        json["aspects"] = Value::Object(aspects);
    }
    json
}

pub(super) fn stats(
    args: &PredictionsStatsArgs,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let ontology = read_ontology(args.ontology.as_deref())?;
    let source = inputs::open(&args.file, session)?;
    let mut statistics = Statistics::new(ontology.as_ref());
    reporter.start_bar("counting");
    let (tally, repeated) = for_each_protein(&source, session, &mut |_, rows, terms| {
        statistics.add(rows, terms);
        Ok(())
    })?;
    reporter.abandon();
    warn_of(reporter, &source, &tally, repeated);
    warn_of_unknown(reporter, statistics.unknown(), "");
    let (scores, sizes) = (statistics.scores(), statistics.terms_per_protein());
    let mut lines = Lines::default();
    lines.add("format", source.format().name());
    lines.add("predictions", count(statistics.predictions()));
    lines.add("proteins", count(statistics.proteins()));
    lines.add("terms", count(statistics.terms()));
    let mut table = Table::new(
        1..,
        [
            "", "lowest", "5 %", "25 %", "median", "75 %", "95 %", "highest",
        ],
    );
    table.row(quantiles("score", &scores));
    table.row(quantiles("terms per protein", &sizes));
    let mut text = format!("{lines}\n{table}");
    let mut by_aspect = Map::new();
    if let Some(aspects) = statistics.aspects() {
        let mut table = Table::new(1.., ["aspect", "predictions", "proteins", "terms"]);
        for (aspect, counts) in aspects {
            let numbers = [counts.predictions, counts.proteins, counts.terms];
            let cells = std::iter::once(aspect.name().to_owned());
            table.row(cells.chain(numbers.map(count)));
            by_aspect.insert(aspect.name().to_owned(), json!(counts));
        }
        text.push_str(&format!("\n{table}"));
    }
    let json = json!({
        "file": source.name(),
        "format": source.format().name(),
        "tally": tally,
        "repeated": repeated,
        "predictions": statistics.predictions(),
        "proteins": statistics.proteins(),
        "terms": statistics.terms(),
        "scores": scores,
        "terms_per_protein": sizes,
        "aspects": ontology.is_some().then_some(by_aspect),
        "unknown": ontology.is_some().then(|| statistics.unknown()),
    });
    Ok(Report { text, json })
}

fn quantiles(name: &str, values: &Quantiles) -> Vec<String> {
    let Quantiles {
        lowest,
        p5,
        p25,
        median,
        p75,
        p95,
        highest,
    } = values;
    let values = [lowest, p5, p25, median, p75, p95, highest];
    let cells = std::iter::once(name.to_owned());
    cells.chain(values.map(f64::to_string)).collect()
}
