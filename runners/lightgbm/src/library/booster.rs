//! Training and predicting, safely.

use std::{
    ffi::{CString, c_int},
    marker::PhantomData,
};

use super::{
    LightGbm, LightGbmError, Matrix,
    ffi::{self, Handles, Numbers, Prediction},
};

/// What the text of a model begins with.
const FORMAT: &str = "tree\nversion=v4\n";
/// How many threads a model was made with is no part of it.
const THREADS: &str = "[num_threads: ";

/// With fewer rows, threads wait for each other longer than they work.
const FEW: usize = 20_000;

/// How many of `threads` threads are worth it for so many rows. What comes out is the same with any.
#[must_use]
pub fn threads_for(rows: usize, threads: usize) -> usize {
    if rows < FEW { 1 } else { threads }
}

/// Features and labels as LightGBM has them: sorted into bins.
pub struct Data<'l> {
    data: ffi::Data,
    library: &'l LightGbm,
}

/// Trees that give the probability of a candidate.
pub struct Booster<'d> {
    handles: Handles,
    features: usize,
    data: PhantomData<&'d ()>,
}

fn text(text: &str) -> Result<CString, LightGbmError> {
    CString::new(text).map_err(|_| LightGbmError::Zero)
}

fn numbers(matrix: &Matrix) -> Result<Numbers<'_>, LightGbmError> {
    Numbers::new(matrix.rows(), matrix.columns(), matrix.values())
}

impl LightGbm {
    /// Sorts features into bins; into those of `reference`, if that is given. `labels` has 0 or 1 for each
    /// row, `names` a name for each column, `parameters` are LightGBM's own, `name=value` between blanks.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`], [`LightGbmError::TooLarge`].
    pub fn data<'l>(
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

    /// Reads a model, as `model.txt` has it.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`] for what is none.
    pub fn read(&self, model: &str) -> Result<Booster<'static>, LightGbmError> {
        let handles = Handles::read(self.api, &text(model)?)?;
        Booster::new(handles)
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

    /// Begins to train: no tree is grown yet. `validation` is what [`losses`](Self::losses) are of.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub fn train(
        data: &'d Data<'_>,
        validation: &'d Data<'_>,
        parameters: &str,
    ) -> Result<Self, LightGbmError> {
        let mut handles = Handles::train(data.library.api, &data.data, &text(parameters)?)?;
        handles.add_validation(&validation.data)?;
        Self::new(handles)
    }

    /// Grows one more tree. Answers whether no tree can be grown any more.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub fn update(&mut self) -> Result<bool, LightGbmError> {
        self.handles.update()
    }

    /// The metrics of the validation set, in the order of the parameter `metric`.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub fn losses(&self) -> Result<Vec<f64>, LightGbmError> {
        self.handles.metrics(1)
    }

    /// Features that it predicts from.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// The first `iterations` trees as the text of a `model.txt`; it does not depend on the number of
    /// threads.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`]; [`LightGbmError::OtherFormat`] when the library writes one that is not known.
    pub fn to_text(&self, iterations: usize) -> Result<String, LightGbmError> {
        let iterations = c_int::try_from(iterations).unwrap_or(c_int::MAX);
        let mut text = self.handles.text(iterations)?;
        if !text.starts_with(FORMAT) {
            return Err(LightGbmError::OtherFormat { expected: FORMAT });
        }
        if let Some(at) = text.find(THREADS).map(|at| at + THREADS.len())
            && let Some(length) = text[at..].find(']')
        {
            text.replace_range(at..at + length, "0");
        }
        Ok(text)
    }

    /// For each row, the probability that the label is 1.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Shape`] when the rows are of another width than the booster's features or it
    /// gives something else; [`LightGbmError::Call`].
    pub fn predict(&self, matrix: &Matrix, threads: usize) -> Result<Vec<f64>, LightGbmError> {
        self.ask(matrix, Prediction::Normal, threads, 1)
    }

    /// For each row, what each feature adds to the log odds, and behind them the log odds that are
    /// expected without any.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn contributions(
        &self,
        matrix: &Matrix,
        threads: usize,
    ) -> Result<Vec<f64>, LightGbmError> {
        self.ask(
            matrix,
            Prediction::Contributions,
            threads,
            self.features + 1,
        )
    }

    fn ask(
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
        let threads = threads_for(matrix.rows(), threads);
        let parameters = text(&format!("num_threads={threads} verbosity=-1"))?;
        let predicted = self
            .handles
            .predict(&numbers(matrix)?, prediction, &parameters)?;
        match matrix.rows() * per_row {
            expected if expected == predicted.len() => Ok(predicted),
            expected => Err(shape(expected, predicted.len())),
        }
    }

    /// For each feature, what the splits on it have gained.
    ///
    /// # Errors
    ///
    /// [`LightGbmError::Call`].
    pub fn gain(&self) -> Result<Vec<f64>, LightGbmError> {
        self.handles.gain()
    }
}
