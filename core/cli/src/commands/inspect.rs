//! `protea dataset inspect`.

use std::path::Path;

use protea_cafa::formats::{self, Inspection, Reading};
use serde_json::{Value, json};

use crate::{
    args::InspectArgs,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, bytes, count, display_path},
};

/// Says of each file what it is and what reads it.
pub fn inspect(args: &InspectArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate(reporter);
    let scratch = std::env::temp_dir();
    let mut texts = Vec::new();
    let mut values = Vec::new();
    for file in &args.files {
        if interrupt::requested() {
            reporter.abandon();
            return Err(Failure::cancelled());
        }
        reporter.start(&format!("reading {}", display_path(file)));
        let inspection = formats::inspect(file, &scratch);
        reporter.abandon();
        let inspection = inspection?;
        texts.push(text(&inspection));
        values.push(value(&inspection));
    }
    Ok(Report {
        text: texts.join("\n"),
        json: json!(values),
    })
}

/// The options that read a file.
fn option(reading: Reading, path: &Path) -> String {
    let path = display_path(path);
    match reading {
        Reading::Embeddings => format!("protea dataset freeze --embeddings {path}"),
        Reading::EmbeddingsWithIds => {
            format!("protea dataset freeze --embeddings {path} --ids LIST")
        }
        Reading::EmbeddingsPooled => {
            format!("protea dataset freeze --embeddings {path} --pool mean")
        }
        Reading::EmbeddingsByName => format!(
            "protea dataset freeze --embeddings {path} --embeddings-key NAME (and --ids-key NAME or \
             --ids LIST for the accessions)"
        ),
        Reading::Ids => format!(
            "protea dataset freeze --ids {path} (rows of a matrix), or protea dataset split \
             --test-ids {path}"
        ),
        Reading::Annotations => format!(
            "protea dataset freeze --annotations {path}, or protea cafa as the ground truth"
        ),
        Reading::DatabaseAnnotations => format!("protea dataset freeze --annotations {path}"),
        Reading::Ontology => format!("protea dataset freeze --ontology {path}"),
        Reading::Fasta => format!("protea dataset freeze --fasta {path}"),
        Reading::Clusters => {
            format!("protea dataset split --clusters {path}, or protea cv --group-by {path}")
        }
        Reading::Predictions => format!(
            "protea cafa, in its directory of predictions, or protea predictions validate {path}"
        ),
        Reading::InformationAccretion => {
            format!("protea dataset freeze --ia {path}, or protea cafa --ia {path}")
        }
        Reading::Taxonomy => format!("protea dataset freeze --taxonomy {path}"),
        Reading::Lineages => {
            format!("protea dataset freeze --lineages {path}, or protea predict --lineages {path}")
        }
        Reading::WithLineages => {
            "protea dataset freeze --lineages nodes.dmp, with nodes.dmp in the same directory"
                .to_owned()
        }
        Reading::Terms => format!("protea cafa --toi {path}"),
        Reading::Dataset => format!("protea dataset show {path}"),
        _ => "nothing".to_owned(),
    }
}

fn text(inspection: &Inspection) -> String {
    let mut lines = Lines::default();
    let compression = inspection
        .compression
        .map_or_else(String::new, |name| format!(", compressed with {name}"));
    lines.add("file", display_path(&inspection.path)).add(
        "is",
        format!(
            "{}, {}{compression}",
            inspection.kind,
            bytes(inspection.bytes)
        ),
    );
    if let Some(rows) = inspection.rows {
        let shape = match (inspection.width, inspection.dtype) {
            (Some(width), Some(dtype)) => format!(" × {width} {dtype}"),
            _ => String::new(),
        };
        let more = if inspection.complete || inspection.width.is_some() {
            ""
        } else {
            " or more"
        };
        lines.add("rows", format!("{}{shape}{more}", count(rows)));
    }
    if !inspection.ids.is_empty() {
        lines.add("ids", format!("{}, …", inspection.ids.join(", ")));
    }
    let mut label = "noticed";
    for dropped in &inspection.dropped {
        let more = if dropped.count > dropped.examples.len() as u64 {
            ", …"
        } else {
            ""
        };
        lines.add(
            label,
            format!(
                "{} {} ({}{more})",
                count(dropped.count),
                dropped.reason,
                dropped.examples.join(", ")
            ),
        );
        label = "";
    }
    let mut label = "notes";
    if inspection.has_damaged_rows {
        lines.add(label, "--lenient leaves damaged rows out");
        label = "";
    }
    for note in &inspection.notes {
        lines.add(label, note);
        label = "";
    }
    if let Some(problem) = &inspection.problem {
        lines.add("problem", problem);
    }
    lines.add(
        "read by",
        inspection.reading.map_or_else(
            || "no option".to_owned(),
            |reading| option(reading, &inspection.path),
        ),
    );
    lines.to_string()
}

fn value(inspection: &Inspection) -> Value {
    let dropped: Vec<Value> = inspection
        .dropped
        .iter()
        .map(|dropped| {
            json!({
                "reason": dropped.reason,
                "count": dropped.count,
                "examples": dropped.examples,
            })
        })
        .collect();
    json!({
        "path": inspection.path.to_string_lossy(),
        "bytes": inspection.bytes,
        "compression": inspection.compression,
        "kind": inspection.kind,
        "rows": inspection.rows,
        "complete": inspection.complete,
        "width": inspection.width,
        "dtype": inspection.dtype,
        "ids": inspection.ids,
        "dropped": dropped,
        "has_damaged_rows": inspection.has_damaged_rows,
        "notes": inspection.notes,
        "problem": inspection.problem,
        "read_by": inspection.reading.map(|reading| option(reading, &inspection.path)),
    })
}
