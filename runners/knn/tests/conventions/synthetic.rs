//! Two small datasets with everything that settings use: taxa, evidence, sequences, equal
//! embeddings.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use protea_cafa::dataset::{EmbeddingSource, EmbeddingType, FreezeRequest, freeze, unwatched};

const NAMESPACES: [(&str, char); 3] = [
    ("biological_process", 'P'),
    ("molecular_function", 'F'),
    ("cellular_component", 'C'),
];
/// Terms per namespace. They form a tree: the parent of term n is term n / 2.
const TERMS: usize = 60;
const EVIDENCE: [&str; 4] = ["IDA", "IEA", "IMP", "ISS"];

/// Pseudo-random numbers that are the same on every machine.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % end
    }
}

/// What a dataset lacks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lacking {
    pub taxa: bool,
    pub evidence: bool,
}

/// Freezes `train` and `test` in a directory.
pub fn freeze_both(place: &Path, lacking: Lacking) -> [PathBuf; 2] {
    [("train", 150), ("test", 40)].map(|(part, proteins)| {
        let file = |ending: &str, content: String| {
            let path = place.join(format!("{part}.{ending}"));
            fs::write(&path, content).unwrap();
            path
        };
        let (fasta, annotations) = proteins_of(part, proteins, lacking);
        let ending = if lacking.evidence { "tsv" } else { "gaf" };
        let mut request = FreezeRequest::new(
            place.join(part),
            part,
            file("obo", ontology()),
            file("fasta", fasta),
            file(ending, annotations),
        );
        request.embeddings = EmbeddingSource::Kmer;
        request.dtype = Some(EmbeddingType::F32);
        freeze(&request, &mut unwatched).unwrap().directory
    })
}

fn term(namespace: usize, number: usize) -> String {
    format!("GO:{:07}", 1000 * (namespace + 1) + number)
}

fn ontology() -> String {
    let mut text = "format-version: 1.2\n".to_owned();
    for (namespace, (name, _)) in NAMESPACES.iter().enumerate() {
        for number in 1..=TERMS {
            let id = term(namespace, number);
            write!(text, "\n[Term]\nid: {id}\nname: {id}\nnamespace: {name}\n").unwrap();
            if number > 1 {
                writeln!(text, "is_a: {}", term(namespace, number / 2)).unwrap();
            }
        }
    }
    text
}

/// FASTA and annotations. A fifth of the proteins have the same sequence as another; some
/// accessions are in both datasets; some proteins have terms in only one namespace.
fn proteins_of(part: &str, proteins: usize, lacking: Lacking) -> (String, String) {
    let mut numbers = Numbers::new(part.len() as u64);
    let mut fasta = String::new();
    let mut annotations = if lacking.evidence {
        "EntryID\tterm\taspect\n"
    } else {
        "!gaf-version: 2.2\n"
    }
    .to_owned();
    for protein in 0..proteins {
        let accession = match protein % 10 {
            0 => format!("BOTH{protein}"),
            _ => format!("{}{protein}", part.to_uppercase()),
        };
        let taxon = match (lacking.taxa, protein % 7) {
            (true, _) | (_, 0) => String::new(),
            (false, rest) => format!(" OX={}", 9600 + rest / 3),
        };
        let member = if protein % 5 == 0 {
            0
        } else {
            numbers.below(9)
        };
        let sequence = sequence(protein % 12, member);
        writeln!(fasta, ">{accession}{taxon}\n{sequence}").unwrap();
        for (namespace, (_, letter)) in NAMESPACES.iter().enumerate() {
            if protein % 4 == 3 && namespace > 0 {
                continue;
            }
            for _ in 0..1 + numbers.below(3) {
                let spread = numbers.below(8);
                let term = term(namespace, 1 + (protein % 12 * 5 + spread) % TERMS);
                let evidence = EVIDENCE[numbers.below(4)];
                if lacking.evidence {
                    writeln!(annotations, "{accession}\t{term}\t{letter}").unwrap();
                } else {
                    writeln!(
                        annotations,
                        "UniProtKB\t{accession}\tX\tinvolved_in\t{term}\tPMID:1\t{evidence}\t\t{letter}\t\t\tprotein\ttaxon:9606\t20200101\tX\t\t"
                    )
                    .unwrap();
                }
            }
        }
    }
    (fasta, annotations)
}

/// The family's sequence with the member's mutations, and a tail whose length is the member's
/// number.
fn sequence(family: usize, member: usize) -> String {
    const LETTERS: &[u8; 20] = b"ACDEFGHIKLMNPQRSTVWY";
    let mut of_family = Numbers::new(1 + family as u64);
    let mut of_member = Numbers::new(100 + (10 * family + member) as u64);
    let body = (0..60).map(|_| {
        let inherited = LETTERS[of_family.below(20)];
        let own = LETTERS[of_member.below(20)];
        let changed = of_member.below(10) < member;
        char::from(if changed { own } else { inherited })
    });
    let tail = (0..member).map(|at| char::from(LETTERS[(at + family) % 20]));
    body.chain(tail).collect()
}
