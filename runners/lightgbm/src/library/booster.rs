//! Safe wrappers for training and predicting.

use std::{
    ffi::{CString, c_int},
    marker::PhantomData,
};

use super::{
    LightGbm, LightGbmError, Matrix, Threads,
    ffi::{self, Handles},
    numbers::{Numbers, Prediction},
};

/// The beginning of a model's text.
const FORMAT: &str = "tree\nversion=v4\n";
/// Precedes the number of threads in the text. A model must not depend on that number.
const THREADS: &str = "[num_threads: ";

/// Features and labels in LightGBM's own form, sorted into bins.
pub(crate) struct Data<'l> {
    data: ffi::Data,
    library: &'l LightGbm,
}

/// Trees that predict the probability of a candidate.
pub(crate) struct Booster<'d> {
    handles: Handles,
    features: usize,
    data: PhantomData<&'d ()>,
}

fn text(text: &str) -> Result<CString, LightGbmError> {
    CString::new(text).map_err(|_| LightGbmError::NulByte)
}

fn numbers(matrix: &Matrix) -> Result<Numbers<'_>, LightGbmError> {
    Numbers::new(matrix.rows(), matrix.columns(), matrix.values())
}

impl LightGbm {
    /// Sorts features into bins: those of `reference`, if it is given. `labels` has 0 or 1 for each
    /// row, `names` a name for each column. `parameters` has LightGBM's syntax: `name=value`,
    /// separated by spaces.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`], [`LightGbmError::TooLarge`].
    pub(crate) fn data<'l>(
        &'l self,
        matrix: &Matrix,
        labels: &[f32],
        names: &[String],
        parameters: &str,
        reference: Option<&Data<'l>>,
    ) -> Result<Data<'l>, LightGbmError> {
        let names: Vec<CString> = names
            .iter()
            .map(|name| text(name))
            .collect::<Result<_, _>>()?;
        let mut data = ffi::Data::new(
            self.api,
            &numbers(matrix)?,
            &text(parameters)?,
            reference.map(|reference| &reference.data),
        )?;
        data.set_labels(labels)?;
        data.set_names(&names)?;
        Ok(Data {
            data,
            library: self,
        })
    }

    /// Reads a model in the format of `model.txt`.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`] when the text is not a model.
    pub(crate) fn read(&self, model: &str) -> Result<Booster<'static>, LightGbmError> {
        let handles = Handles::read(self.api, &text(model)?)?;
        Booster::new(handles)
    }
}

impl Data<'_> {
    /// Sets the log odds of each row that a training begins with; none if `scores` is empty.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`], [`LightGbmError::TooLarge`].
    pub(crate) fn set_scores(&mut self, scores: &[f64]) -> Result<(), LightGbmError> {
        self.data.set_scores(scores)
    }
}

impl<'d> Booster<'d> {
    fn new(handles: Handles) -> Result<Self, LightGbmError> {
        let features = handles.features()?;
        Ok(Self {
            handles,
            features,
            data: PhantomData,
        })
    }

    /// Starts a training, without a tree yet. [`losses`](Self::losses) are those of `validation`.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn train(
        data: &'d Data<'_>,
        validation: &'d Data<'_>,
        parameters: &str,
    ) -> Result<Self, LightGbmError> {
        let mut handles = Handles::train(data.library.api, &data.data, &text(parameters)?)?;
        handles.add_validation(&validation.data)?;
        Self::new(handles)
    }

    /// Adds one tree. Returns whether no further tree can be added.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn update(&mut self) -> Result<bool, LightGbmError> {
        self.handles.update()
    }

    /// Begins with the trees of another booster. The data of this one must have their scores.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn take_trees(&mut self, other: &Booster<'_>) -> Result<(), LightGbmError> {
        self.handles.merge(&other.handles)
    }

    /// Lets the generator of random numbers choose the features of a tree that is not trained.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn choose_features(&mut self) -> Result<(), LightGbmError> {
        self.handles.set_parameters(c"")
    }

    /// The metrics of the validation set, in the order of the parameter `metric`.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn losses(&self) -> Result<Vec<f64>, LightGbmError> {
        self.handles.metrics(1)
    }

    /// The number of features that it predicts from.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// The first `iterations` trees in the format of `model.txt`. The text does not depend on the
    /// number of threads.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`]; [`LightGbmError::OtherFormat`] when the library writes an unknown
    /// format.
    pub(crate) fn to_text(&self, iterations: usize) -> Result<String, LightGbmError> {
        let iterations = c_int::try_from(iterations).unwrap_or(c_int::MAX);
        let mut text = self.handles.text(iterations)?;
        if !text.starts_with(FORMAT) {
            return Err(LightGbmError::OtherFormat { expected: FORMAT });
        }
        if let Some(start) = text.find(THREADS).map(|start| start + THREADS.len())
            && let Some(length) = text[start..].find(']')
        {
            text.replace_range(start..start + length, "0");
        }
        Ok(text)
    }

    /// For each row, the probability that the label is 1.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Shape`] when the rows do not have one number per feature, or the booster
    /// does not predict one probability; [`LightGbmError::Call`].
    pub(crate) fn predict(
        &self,
        matrix: &Matrix,
        threads: usize,
    ) -> Result<Vec<f64>, LightGbmError> {
        self.predict_rows(matrix, Prediction::Normal, threads, 1)
    }

    /// For each row, the log odds: the sum of the trees in their order, as a training adds them up.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub(crate) fn scores(
        &self,
        matrix: &Matrix,
        threads: usize,
    ) -> Result<Vec<f64>, LightGbmError> {
        self.predict_rows(matrix, Prediction::Sum, threads, 1)
    }

    /// For each row, the contribution of each feature to the log odds, followed by the expected log
    /// odds without any feature.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub(crate) fn contributions(
        &self,
        matrix: &Matrix,
        threads: usize,
    ) -> Result<Vec<f64>, LightGbmError> {
        self.predict_rows(
            matrix,
            Prediction::Contributions,
            threads,
            self.features + 1,
        )
    }

    fn predict_rows(
        &self,
        matrix: &Matrix,
        prediction: Prediction,
        threads: usize,
        per_row: usize,
    ) -> Result<Vec<f64>, LightGbmError> {
        let shape = |expected, found| LightGbmError::Shape { expected, found };
        if matrix.columns() != self.features {
            return Err(shape(self.features, matrix.columns()));
        }
        if matrix.rows() == 0 {
            return Ok(Vec::new());
        }
        let threads = Threads::claim(matrix.rows(), threads);
        let parameters = text(&format!("num_threads={} verbosity=-1", threads.get()))?;
        let predicted = self
            .handles
            .predict(&numbers(matrix)?, prediction, &parameters)?;
        match matrix.rows() * per_row {
            expected if expected == predicted.len() => Ok(predicted),
            expected => Err(shape(expected, predicted.len())),
        }
    }

    /// For each feature, the total gain of the splits on it.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub(crate) fn gain(&self) -> Result<Vec<f64>, LightGbmError> {
        self.handles.gain()
    }
}
