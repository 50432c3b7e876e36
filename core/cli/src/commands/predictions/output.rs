//! Writes the result of a command, in one of the formats, to a file that appears whole or not at all
//! or to standard output.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Zoned;
#[cfg(feature = "parquet")]
use protea_cafa::predictions::{ParquetColumns, ParquetWriter};
use protea_cafa::{
    ontology::Ontology,
    prediction_formats::{FormatOptions, Formatter, PredictionFormat, Written},
    predictions::{
        CafaHeader, KaggleLeftOut, PredictionsError, Scored, Terms, format_score, write_cafa_rows,
        write_kaggle_rows, write_rows,
    },
};
use serde_json::{Value, json};

use crate::{
    args::{PredictionsFormat, PredictionsOutputArgs},
    commands::{
        output_file::{Existing, check_distinct, check_output, check_writable, replace},
        predict::check_parquet,
    },
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, StandardOutput, count, display_path},
};

/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 18;

/// Where the result goes.
pub(super) struct Output<'o> {
    args: &'o PredictionsOutputArgs,
    ontology: Option<&'o Ontology>,
    date: String,
    format: Option<PredictionFormat>,
}

impl<'o> Output<'o> {
    /// Fails if the arguments do not fit each other, or the file exists or is the ontology or one of
    /// the lists that the command reads. It may replace the file of predictions that is read, which
    /// is read in full before.
    pub(super) fn check(
        args: &PredictionsOutputArgs,
        ontology: Option<&Path>,
        lists: &[&Option<PathBuf>],
        json: bool,
    ) -> Result<(), Failure> {
        let usage = |message: &str| Err(Failure::new(Exit::Usage, message));
        if json && args.output.is_none() {
            return usage(
                "--json prints a summary on standard output, where the predictions would go; name a file for them with --output",
            );
        }
        match args.format {
            PredictionsFormat::Parquet => check_parquet(args.output.as_deref())?,
            PredictionsFormat::Cafa => {
                let is_word =
                    |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
                if !args.author.as_ref().is_some_and(is_word) {
                    return usage(
                        "the format of CAFA begins with the name of the team; give it in one word with --author",
                    );
                }
            }
            PredictionsFormat::Table
            | PredictionsFormat::Gaf
            | PredictionsFormat::Json
            | PredictionsFormat::Topgo
                if ontology.is_none() =>
            {
                return usage(
                    "this format needs the ontology for names or to leave out its roots; give it with --ontology",
                );
            }
            _ => {}
        }
        if args.method.is_empty() || args.method.contains(char::is_whitespace) {
            return usage("give the name of the method in one word with --method");
        }
        match &args.output {
            Some(path) => {
                let lists = lists.iter().filter_map(|list| list.as_deref());
                let inputs: Vec<PathBuf> = lists.chain(ontology).map(Path::to_path_buf).collect();
                check_output(path, Existing::from_force(args.force))?;
                check_distinct(std::slice::from_ref(path), &inputs)?;
                check_writable(path)
            }
            None => Ok(()),
        }
    }

    pub(super) fn new(args: &'o PredictionsOutputArgs, ontology: Option<&'o Ontology>) -> Self {
        let format = match args.format {
            PredictionsFormat::Table => Some(PredictionFormat::Table),
            PredictionsFormat::Gaf => Some(PredictionFormat::Gaf),
            PredictionsFormat::Json => Some(PredictionFormat::JsonLines),
            PredictionsFormat::Topgo => Some(PredictionFormat::TopGo),
            #[cfg(feature = "parquet")]
            PredictionsFormat::Parquet if ontology.is_some() => Some(PredictionFormat::Parquet),
            _ => None,
        };
        Self {
            args,
            ontology,
            date: Zoned::now().strftime("%Y%m%d").to_string(),
            format,
        }
    }

    /// Calls `work` with a sink for the predictions. Nothing is left if it fails.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut Sink<'_>) -> Result<T, PredictionsError>,
    ) -> Result<(T, SinkCounts), Failure> {
        // The error of the work passes through a function that returns errors of writing.
        let mut failure = None;
        let mut fail = |error| match error {
            PredictionsError::Write(error) => error,
            error => {
                failure = Some(error);
                io::Error::other("see the error of the work")
            }
        };
        let run = |out: &mut (dyn Write + Send)| {
            let options = self.options();
            let mut sink = Sink::begin(self, &options, out)?;
            let done = work(&mut sink).map_err(&mut fail)?;
            Ok((done, sink.finish()?))
        };
        let result = match &self.args.output {
            Some(path) => replace(path, run),
            None => {
                let mut out = BufWriter::with_capacity(BUFFER, StandardOutput);
                let result = run(&mut out).and_then(|done| out.flush().map(|()| done));
                match result {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                        return Err(Failure::report_only(
                            Exit::Ok,
                            Report {
                                text: String::new(),
                                json: json!(null),
                            },
                        ));
                    }
                    result => result.map_err(|error| {
                        let message = format!("standard output cannot be written: {error}");
                        Failure::new(Exit::Output, message)
                    }),
                }
            }
        };
        match failure {
            Some(error) => Err(error.into()),
            None => result,
        }
    }

    fn options(&self) -> FormatOptions<'_> {
        FormatOptions {
            format: self.format.unwrap_or(PredictionFormat::Tsv),
            aspects: &[],
            limit: 0,
            most_specific: false,
            method: &self.args.method,
            date: &self.date,
            taxon: &|_| None,
        }
    }

    /// The report of a command: on standard error if standard output has the predictions.
    pub(super) fn report(
        &self,
        mut lines: Lines,
        mut json: Value,
        counts: &SinkCounts,
        reporter: &Reporter,
    ) -> Report {
        reporter.abandon();
        counts.describe(&mut lines, &mut json);
        if let Some(path) = &self.args.output {
            lines.add("predictions", display_path(path));
        }
        let output = self.args.output.as_ref();
        json["output"] = json!(output.map(|path| path.to_string_lossy()));
        let text = lines.to_string();
        if self.args.output.is_some() {
            return Report { text, json };
        }
        for line in text.lines() {
            reporter.note(line);
        }
        Report {
            text: String::new(),
            json,
        }
    }
}

/// What a format leaves out.
#[derive(Debug, Default)]
pub(super) struct SinkCounts {
    /// Scores that round to 0.00 in the format of CAFA.
    rounded_to_zero: u64,
    /// What the rules of Kaggle do not allow.
    kaggle: KaggleLeftOut,
    written: Option<Written>,
}

impl SinkCounts {
    fn describe(&self, lines: &mut Lines, json: &mut Value) {
        if self.rounded_to_zero > 0 {
            lines.add(
                "left out",
                format!(
                    "{} predictions whose score rounds to 0.00",
                    count(self.rounded_to_zero)
                ),
            );
            json["rounded_to_zero"] = json!(self.rounded_to_zero);
        }
        for (number, what, key) in [
            (self.kaggle.zero, "whose score is 0", "zero"),
            (
                self.kaggle.beyond,
                "beyond the 1,500 of a protein that Kaggle allows",
                "beyond_1500",
            ),
        ] {
            if number > 0 {
                lines.add("left out", format!("{} predictions {what}", count(number)));
                json[key] = json!(number);
            }
        }
        let Some(written) = &self.written else {
            return;
        };
        json["written"] = json!({
            "proteins": written.proteins,
            "predictions": written.predictions,
            "roots_left_out": written.roots,
            "unknown_terms": written.unknown,
        });
        if written.roots > 0 {
            let roots = count(written.roots);
            lines.add(
                "left out",
                format!("{roots} root terms, which every protein has"),
            );
        }
        if written.unknown > 0 {
            lines.add(
                "unknown",
                format!(
                    "{} predictions have terms that are not in the ontology: {}",
                    count(written.unknown),
                    written.unknown_examples.join(", ")
                ),
            );
        }
    }
}

/// Takes the predictions protein by protein.
pub(super) struct Sink<'s> {
    kind: Kind<'s>,
    buffer: Vec<u8>,
    counts: SinkCounts,
}

enum Kind<'s> {
    Rows(&'s mut (dyn Write + Send)),
    Cafa(&'s mut (dyn Write + Send)),
    Kaggle(&'s mut (dyn Write + Send)),
    Formatted(Formatter<'s, dyn Write + Send + 's>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetWriter<&'s mut (dyn Write + Send)>>),
}

impl<'s> Sink<'s> {
    fn begin(
        output: &'s Output<'_>,
        options: &'s FormatOptions<'s>,
        out: &'s mut (dyn Write + Send + 's),
    ) -> io::Result<Self> {
        let args = output.args;
        let kind = match (output.format, output.ontology) {
            (Some(_), Some(ontology)) => {
                Kind::Formatted(Formatter::new(out, ontology, options, None)?)
            }
            _ => match args.format {
                PredictionsFormat::Cafa => {
                    let header = CafaHeader {
                        author: args.author.clone().unwrap_or_default(),
                        model: args.model,
                        keywords: args.keywords.clone(),
                    };
                    out.write_all(header.lines().as_bytes())?;
                    Kind::Cafa(out)
                }
                PredictionsFormat::Kaggle => Kind::Kaggle(out),
                #[cfg(feature = "parquet")]
                PredictionsFormat::Parquet => {
                    let writer = ParquetWriter::new(out, ParquetColumns::Scores)?;
                    Kind::Parquet(Box::new(writer))
                }
                _ => Kind::Rows(out),
            },
        };
        Ok(Self {
            kind,
            buffer: Vec::with_capacity(BUFFER),
            counts: SinkCounts::default(),
        })
    }

    /// Writes the terms of a protein.
    pub(super) fn write(
        &mut self,
        accession: &str,
        rows: &[Scored],
        terms: &Terms,
    ) -> io::Result<()> {
        let out = match &mut self.kind {
            Kind::Rows(out) => {
                write_rows(accession, rows, terms, &mut self.buffer);
                out
            }
            Kind::Cafa(out) => {
                self.counts.rounded_to_zero +=
                    write_cafa_rows(accession, rows, terms, &mut self.buffer);
                out
            }
            Kind::Kaggle(out) => {
                let left_out = write_kaggle_rows(accession, rows, terms, &mut self.buffer);
                self.counts.kaggle += left_out;
                out
            }
            Kind::Formatted(formatter) => {
                let scored =
                    |row: &Scored| (terms.id(row.term).into_owned(), format_score(row.score));
                return formatter.write_protein(accession, rows.iter().map(scored));
            }
            #[cfg(feature = "parquet")]
            Kind::Parquet(writer) => {
                return rows.iter().try_for_each(|row| {
                    writer.add(accession, &terms.id(row.term), "", "", row.score)
                });
            }
        };
        if self.buffer.len() >= BUFFER {
            out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<SinkCounts> {
        match self.kind {
            Kind::Rows(out) | Kind::Kaggle(out) => out.write_all(&self.buffer)?,
            Kind::Cafa(out) => {
                self.buffer.extend_from_slice(b"END\n");
                out.write_all(&self.buffer)?;
            }
            Kind::Formatted(formatter) => self.counts.written = Some(formatter.finish()?),
            #[cfg(feature = "parquet")]
            Kind::Parquet(writer) => drop(writer.finish()?),
        }
        Ok(self.counts)
    }
}
