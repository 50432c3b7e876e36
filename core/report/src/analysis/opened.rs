//! The datasets of a run, opened if they are still what the run used.

use protea_cafa::{dataset::FrozenDataset, ontology::Ontology, reference::Reference};
use protea_core::{Dataset, contracts::error::with_causes, store};

/// An open dataset with its ontology.
pub struct Opened {
    /// The dataset.
    pub dataset: FrozenDataset,
    /// Its ontology.
    pub ontology: Ontology,
}

impl Opened {
    /// Opens the dataset that a run recorded.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn dataset(recorded: &Dataset) -> Result<FrozenDataset, String> {
        let path = store::local_path(&recorded.uri).map_err(|_| {
            format!(
                "the dataset is remote ({}), and a report does not fetch datasets",
                recorded.uri
            )
        })?;
        let dataset = FrozenDataset::open(&path).map_err(|error| with_causes(&error))?;
        let (found, expected) = (dataset.sha256().to_string(), recorded.sha256.to_string());
        if found != expected {
            return Err(format!(
                "the dataset at {} has changed since the run: its SHA-256 is {found}, the run used {expected}",
                path.display()
            ));
        }
        Ok(dataset)
    }

    /// Opens the dataset that a run recorded, with its ontology.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn open(recorded: &Dataset) -> Result<Self, String> {
        let dataset = Self::dataset(recorded)?;
        let ontology =
            Ontology::read(dataset.ontology_path()).map_err(|error| with_causes(&error))?;
        Ok(Self { dataset, ontology })
    }

    /// The annotations to score against.
    ///
    /// # Errors
    ///
    /// Why they cannot be used.
    pub fn reference(&self) -> Result<Reference<'_>, String> {
        Reference::read(&self.dataset, &self.ontology).map_err(|error| with_causes(&error))
    }
}
