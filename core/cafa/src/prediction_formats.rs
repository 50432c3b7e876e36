//! Writes predictions in the formats that people and other tools read.
//!
//! The input is what [`PredictionSink`](crate::prediction::PredictionSink) writes: accession, term id
//! and score, each protein's terms in one block. It is read protein by protein, so memory does not
//! grow with the number of proteins.

use std::{
    collections::HashMap,
    io::{self, BufRead, Write},
};

use protea_contracts::explanation::TermExplanation;
use serde_json::json;

#[cfg(feature = "parquet")]
use crate::predictions::{ParquetColumns, ParquetWriter};
use crate::{
    ontology::{Aspect, Ontology},
    prediction_evidence::{EvidenceReader, cell},
    prediction_filter::{Filter, Prediction, round_for_kaggle},
    predictions::KAGGLE_TERMS,
};

pub use crate::prediction_filter::Written;

/// NCBI's taxon for organisms that are not identified.
const UNIDENTIFIED: u32 = 32_644;

/// A format of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionFormat {
    /// Tab-separated accession, term, name, aspect and score, with a header, without roots.
    Table,
    /// Tab-separated accession, term and score, without a header: the format of CAFA.
    Tsv,
    /// As [`Tsv`](Self::Tsv), by the rules of Kaggle: scores with three significant figures, and at
    /// most 1,500 terms per protein.
    Kaggle,
    /// [GAF 2.2](https://geneontology.org/docs/go-annotation-file-gaf-format-2.2/) with the evidence
    /// code IEA, without roots.
    Gaf,
    /// One JSON object per protein and line.
    JsonLines,
    /// Accession and terms, as the R package topGO reads with `readMappings`, without roots.
    TopGo,
    /// Parquet with the columns `accession`, `term`, `name`, `aspect` and `score`.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl PredictionFormat {
    /// Whether the format can hold what each prediction rests on.
    #[must_use]
    pub fn holds_evidence(self) -> bool {
        matches!(self, Self::Table | Self::JsonLines)
    }

    /// Whether the format leaves out the roots of the ontology, which are true of every protein.
    fn omits_roots(self) -> bool {
        matches!(self, Self::Table | Self::Gaf | Self::TopGo)
    }
}

/// What to write, and how.
pub struct FormatOptions<'o> {
    /// The format.
    pub format: PredictionFormat,
    /// Only terms of these aspects; empty for all.
    pub aspects: &'o [Aspect],
    /// The largest number of terms per protein; 0 for all.
    pub limit: usize,
    /// Whether to leave out terms that have a descendant among the protein's predicted terms.
    pub most_specific: bool,
    /// The method, for GAF: `assigned by` and reference, such as `knn`. Without white space.
    pub method: &'o str,
    /// The date, for GAF: `YYYYMMDD`.
    pub date: &'o str,
    /// The taxon of a protein, for GAF.
    pub taxon: &'o dyn Fn(&str) -> Option<u32>,
}

/// Reads predictions and writes them, with the evidence if the format
/// [holds it](PredictionFormat::holds_evidence).
///
/// # Errors
///
/// Those of reading and writing; [`io::ErrorKind::InvalidData`] with the line number for a line that
/// is not a prediction.
pub fn write_formatted(
    mut predictions: impl BufRead,
    evidence: Option<EvidenceReader>,
    out: &mut (impl Write + Send + ?Sized),
    ontology: &Ontology,
    options: &FormatOptions<'_>,
) -> io::Result<Written> {
    let mut formatter = Formatter::new(out, ontology, options, evidence)?;
    let mut accession = String::new();
    let mut terms = Vec::new();
    let (mut line, mut number) = (String::new(), 0_u64);
    loop {
        line.clear();
        number += 1;
        if predictions.read_line(&mut line)? == 0 {
            break;
        }
        let mut columns = line.trim_end_matches(['\n', '\r']).split('\t');
        let (Some(protein), Some(id), Some(score), None) = (
            columns.next(),
            columns.next(),
            columns.next(),
            columns.next(),
        ) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {number} does not have the three columns accession, term and score"),
            ));
        };
        if protein != accession {
            formatter.protein(&accession, &mut terms)?;
            protein.clone_into(&mut accession);
        }
        terms.push(Prediction {
            id: id.to_owned(),
            term: ontology.primary(id),
            score: score.to_owned(),
        });
    }
    formatter.protein(&accession, &mut terms)?;
    formatter.finish()
}

/// Writes one protein after the other.
pub struct Formatter<'f, W: Write + Send + ?Sized> {
    out: Output<'f, W>,
    evidence: Option<EvidenceReader>,
    ontology: &'f Ontology,
    options: &'f FormatOptions<'f>,
    written: Written,
}

enum Output<'f, W: Write + Send + ?Sized> {
    Text(&'f mut W),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetWriter<&'f mut W>>),
}

impl<'f, W: Write + Send + ?Sized> Formatter<'f, W> {
    /// Begins to write.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn new(
        out: &'f mut W,
        ontology: &'f Ontology,
        options: &'f FormatOptions<'f>,
        evidence: Option<EvidenceReader>,
    ) -> io::Result<Self> {
        let mut formatter = Self {
            evidence,
            out: match options.format {
                #[cfg(feature = "parquet")]
                PredictionFormat::Parquet => {
                    let writer = ParquetWriter::new(out, ParquetColumns::Names)?;
                    Output::Parquet(Box::new(writer))
                }
                _ => Output::Text(out),
            },
            ontology,
            options,
            written: Written::default(),
        };
        formatter.header()?;
        Ok(formatter)
    }

    /// Writes the terms of a protein: pairs of id and score, highest scores first.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write_protein(
        &mut self,
        accession: &str,
        terms: impl Iterator<Item = (String, String)>,
    ) -> io::Result<()> {
        let mut terms: Vec<Prediction> = terms
            .map(|(id, score)| Prediction {
                term: self.ontology.primary(&id),
                id,
                score,
            })
            .collect();
        self.protein(accession, &mut terms)
    }

    /// Writes what is left. Returns what was written.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn finish(self) -> io::Result<Written> {
        match self.out {
            Output::Text(out) => out.flush()?,
            #[cfg(feature = "parquet")]
            Output::Parquet(writer) => drop(writer.finish()?),
        }
        Ok(self.written)
    }

    fn header(&mut self) -> io::Result<()> {
        #[cfg_attr(
            not(feature = "parquet"),
            expect(irrefutable_let_patterns, reason = "Parquet")
        )]
        let Output::Text(out) = &mut self.out else {
            return Ok(());
        };
        match self.options.format {
            PredictionFormat::Table => {
                let more = self.evidence.as_ref().map_or("", |_| "\tevidence");
                writeln!(out, "accession\tterm\tname\taspect\tscore{more}")
            }
            PredictionFormat::Gaf => {
                let FormatOptions { method, date, .. } = self.options;
                writeln!(
                    out,
                    "!gaf-version: 2.2\n!generated-by: protea\n!date-generated: {date}\n!predicted by {method}; scores are not part of this format"
                )
            }
            _ => Ok(()),
        }
    }

    /// Writes the terms of a protein and clears them.
    fn protein(&mut self, accession: &str, terms: &mut Vec<Prediction>) -> io::Result<()> {
        if terms.is_empty() {
            return Ok(());
        }
        let evidence = match &mut self.evidence {
            Some(evidence) => evidence.next(accession)?.terms,
            None => Vec::new(),
        };
        let FormatOptions {
            format,
            aspects,
            limit,
            most_specific,
            ..
        } = *self.options;
        let mut limit = limit;
        if format == PredictionFormat::Kaggle {
            limit = if limit == 0 {
                KAGGLE_TERMS
            } else {
                limit.min(KAGGLE_TERMS)
            };
            round_for_kaggle(terms);
        }
        let filter = Filter {
            ontology: self.ontology,
            omits_roots: format.omits_roots(),
            aspects,
            limit,
            most_specific,
        };
        filter.apply(terms, &mut self.written);
        if !terms.is_empty() {
            self.written.proteins += 1;
            self.written.predictions += terms.len() as u64;
            let evidence = evidence.into_iter();
            let evidence = evidence.map(|term| (term.term.clone(), term)).collect();
            self.write(accession, terms, &evidence)?;
        }
        terms.clear();
        Ok(())
    }

    fn write(
        &mut self,
        accession: &str,
        terms: &[Prediction],
        evidence: &HashMap<String, TermExplanation>,
    ) -> io::Result<()> {
        #[cfg(feature = "parquet")]
        if let Output::Parquet(writer) = &mut self.out {
            return terms.iter().try_for_each(|prediction| {
                let (name, aspect) = describe(self.ontology, prediction);
                let score = prediction.score.parse().unwrap_or(f64::NAN);
                writer.add(accession, &prediction.id, name, aspect, score)
            });
        }
        #[cfg_attr(
            not(feature = "parquet"),
            expect(irrefutable_let_patterns, reason = "Parquet")
        )]
        let Output::Text(out) = &mut self.out else {
            return Ok(());
        };
        match self.options.format {
            PredictionFormat::Table => {
                for prediction in terms {
                    let (name, aspect) = describe(self.ontology, prediction);
                    let Prediction { id, score, .. } = prediction;
                    write!(out, "{accession}\t{id}\t{name}\t{aspect}\t{score}")?;
                    if self.evidence.is_some() {
                        let cell = evidence.get(id).map(cell).unwrap_or_default();
                        write!(out, "\t{cell}")?;
                    }
                    writeln!(out)?;
                }
                Ok(())
            }
            PredictionFormat::Tsv | PredictionFormat::Kaggle => {
                for Prediction { id, score, .. } in terms {
                    writeln!(out, "{accession}\t{id}\t{score}")?;
                }
                Ok(())
            }
            PredictionFormat::Gaf => {
                let ontology = self.ontology;
                terms
                    .iter()
                    .try_for_each(|it| annotation(out, ontology, self.options, accession, it))
            }
            PredictionFormat::JsonLines => {
                let terms: Vec<_> = terms
                    .iter()
                    .map(|prediction| {
                        let (name, aspect) = describe(self.ontology, prediction);
                        let mut object = json!({
                            "term": prediction.id,
                            "name": name,
                            "aspect": aspect,
                            "score": prediction.score.parse::<f64>().ok(),
                        });
                        if let Some(explained) = evidence.get(&prediction.id) {
                            object["evidence"] = json!({
                                "combination": explained.combination,
                                "base": explained.base,
                                "uncalibrated": explained.uncalibrated,
                                "contributions": explained.contributions,
                                "omitted": explained.omitted,
                            });
                        }
                        object
                    })
                    .collect();
                let line = json!({ "accession": accession, "terms": terms });
                writeln!(out, "{line}")
            }
            PredictionFormat::TopGo => {
                let ids: Vec<&str> = terms.iter().map(|term| term.id.as_str()).collect();
                writeln!(out, "{accession}\t{}", ids.join(", "))
            }
            // Written above.
            #[cfg(feature = "parquet")]
            PredictionFormat::Parquet => Ok(()),
        }
    }
}

/// Writes a line of GAF.
fn annotation(
    out: &mut (impl Write + ?Sized),
    ontology: &Ontology,
    options: &FormatOptions<'_>,
    accession: &str,
    prediction: &Prediction,
) -> io::Result<()> {
    let aspect = prediction.term.and_then(|term| ontology.aspect(term));
    // The relations that GAF 2.2 has for annotations without more detail.
    let (relation, letter) = match aspect {
        Some(Aspect::Mfo) => ("enables", 'F'),
        Some(Aspect::Bpo) => ("involved_in", 'P'),
        Some(Aspect::Cco) => ("located_in", 'C'),
        None => return Ok(()),
    };
    let FormatOptions {
        method,
        date,
        taxon,
        ..
    } = options;
    let taxon = taxon(accession).unwrap_or(UNIDENTIFIED);
    let id = &prediction.id;
    writeln!(
        out,
        "protea\t{accession}\t{accession}\t{relation}\t{id}\tprotea:{method}\tIEA\t\t{letter}\t\t\tprotein\ttaxon:{taxon}\t{date}\tprotea\t\t"
    )
}

/// Name and aspect of a term; empty if it is not in the ontology.
fn describe<'o>(ontology: &'o Ontology, prediction: &Prediction) -> (&'o str, &'static str) {
    prediction.term.map_or(("", ""), |term| {
        let aspect = ontology.aspect(term);
        (ontology.name(term), aspect.map_or("", Aspect::name))
    })
}
