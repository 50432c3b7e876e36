//! LightGBM's C interface (`LightGBM/c_api.h`): its functions, opened at run time. This file and
//! `system` have all `unsafe` of this crate.
//!
//! The signatures of the functions used here have not changed since version 4.2. [`Api::open`]
//! checks that the library is not older: it must have all of these functions.

#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::Path,
    ptr,
};

use libloading::Library;

use super::{
    LightGbmError,
    numbers::{Numbers, Prediction},
};

/// `C_API_DTYPE_FLOAT32`.
const FLOAT32: c_int = 0;
/// `C_API_DTYPE_FLOAT64`.
const FLOAT64: c_int = 1;
/// Matrices are stored row by row.
const ROW_MAJOR: c_int = 1;
/// `C_API_FEATURE_IMPORTANCE_GAIN`.
const GAIN: c_int = 1;
/// All iterations.
const ALL: c_int = -1;

type Handle = *mut c_void;

macro_rules! functions {
    ($( $name:ident($($argument:ty),* $(,)?); )*) => {
        /// The functions of an open library.
        #[derive(Clone, Copy)]
        #[allow(non_snake_case)]
        pub(super) struct Api {
            LGBM_GetLastError: unsafe extern "C" fn() -> *const c_char,
            $( $name: unsafe extern "C" fn($($argument),*) -> c_int, )*
        }

        impl Api {
            /// Opens the library at `path`. It stays open until the process ends, because threads
            /// of its pools may be sleeping in its code.
            pub(super) fn open(path: &Path) -> Result<Self, LightGbmError> {
                // SAFETY: opening runs the library's initialisers. The user, or whoever installed
                // the runner, has put this file into one of the declared places for this purpose.
                let library = unsafe { Library::new(path) };
                let library = library.map_err(|source| LightGbmError::Open {
                    path: path.to_owned(),
                    source,
                })?;
                let api = Self {
                    // SAFETY: the types are those of the declarations in `LightGBM/c_api.h`.
                    LGBM_GetLastError: unsafe { symbol(&library, path, "LGBM_GetLastError")? },
                    $(
                        // SAFETY: as above.
                        $name: unsafe { symbol(&library, path, stringify!($name))? },
                    )*
                };
                // Never called, but new in version 4.2.
                // SAFETY: as above.
                let newest = unsafe { symbol(&library, path, "LGBM_SetMaxThreads") };
                let _: unsafe extern "C" fn(c_int) -> c_int = newest?;
                std::mem::forget(library);
                Ok(api)
            }
        }
    };
}

functions! {
    LGBM_DatasetCreateFromMat(*const c_void, c_int, i32, i32, c_int, *const c_char, Handle, *mut Handle);
    LGBM_DatasetSetFeatureNames(Handle, *const *const c_char, c_int);
    LGBM_DatasetSetField(Handle, *const c_char, *const c_void, c_int, c_int);
    LGBM_DatasetFree(Handle);
    LGBM_BoosterCreate(Handle, *const c_char, *mut Handle);
    LGBM_BoosterLoadModelFromString(*const c_char, *mut c_int, *mut Handle);
    LGBM_BoosterAddValidData(Handle, Handle);
    LGBM_BoosterMerge(Handle, Handle);
    LGBM_BoosterResetParameter(Handle, *const c_char);
    LGBM_BoosterUpdateOneIter(Handle, *mut c_int);
    LGBM_BoosterGetEvalCounts(Handle, *mut c_int);
    LGBM_BoosterGetEval(Handle, c_int, *mut c_int, *mut f64);
    LGBM_BoosterGetNumFeature(Handle, *mut c_int);
    LGBM_BoosterSaveModelToString(Handle, c_int, c_int, c_int, i64, *mut i64, *mut c_char);
    LGBM_BoosterCalcNumPredict(Handle, c_int, c_int, c_int, c_int, *mut i64);
    LGBM_BoosterPredictForMat(Handle, *const c_void, c_int, i32, i32, c_int, c_int, c_int, c_int, *const c_char, *mut i64, *mut f64);
    LGBM_BoosterFeatureImportance(Handle, c_int, c_int, *mut f64);
    LGBM_BoosterFree(Handle);
}

/// A symbol of the library.
///
/// # Safety
///
/// `T` must be the type of the function.
unsafe fn symbol<T: Copy>(
    library: &Library,
    path: &Path,
    name: &'static str,
) -> Result<T, LightGbmError> {
    // SAFETY: the caller guarantees the type.
    let found = unsafe { library.get::<T>(name) };
    let found = found.map_err(|_| LightGbmError::TooOld {
        path: path.to_owned(),
        function: name,
    })?;
    Ok(*found)
}

impl Api {
    /// The error of a call that returned a status other than 0.
    fn check(&self, function: &'static str, status: c_int) -> Result<(), LightGbmError> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the function takes no arguments. The string belongs to this thread and is valid
        // until its next call.
        let message = unsafe { CStr::from_ptr((self.LGBM_GetLastError)()) };
        Err(LightGbmError::Call {
            function,
            message: message.to_string_lossy().into_owned(),
        })
    }
}

/// A LightGBM dataset; freed when dropped.
pub(super) struct Data {
    api: Api,
    handle: Handle,
}

impl Data {
    pub(super) fn new(
        api: Api,
        numbers: &Numbers<'_>,
        parameters: &CStr,
        reference: Option<&Data>,
    ) -> Result<Self, LightGbmError> {
        let mut handle = ptr::null_mut();
        // SAFETY: the pointer is to rows × columns numbers, as `Numbers` has checked, and the call
        // copies them; the parameters are a C string; the reference is a dataset or null.
        let status = unsafe {
            (api.LGBM_DatasetCreateFromMat)(
                numbers.values.as_ptr().cast(),
                FLOAT32,
                numbers.rows,
                numbers.columns,
                ROW_MAJOR,
                parameters.as_ptr(),
                reference.map_or(ptr::null_mut(), |data| data.handle),
                &raw mut handle,
            )
        };
        api.check("LGBM_DatasetCreateFromMat", status)?;
        Ok(Self { api, handle })
    }

    pub(super) fn set_labels(&mut self, labels: &[f32]) -> Result<(), LightGbmError> {
        let count = c_int::try_from(labels.len()).map_err(|_| LightGbmError::TooLarge {
            rows: labels.len(),
            columns: 1,
        })?;
        // SAFETY: the pointer is to `count` numbers, which the call copies.
        let status = unsafe {
            (self.api.LGBM_DatasetSetField)(
                self.handle,
                c"label".as_ptr(),
                labels.as_ptr().cast(),
                count,
                FLOAT32,
            )
        };
        self.api.check("LGBM_DatasetSetField", status)
    }

    pub(super) fn set_scores(&mut self, scores: &[f64]) -> Result<(), LightGbmError> {
        let count = c_int::try_from(scores.len()).map_err(|_| LightGbmError::TooLarge {
            rows: scores.len(),
            columns: 1,
        })?;
        // SAFETY: the pointer is to `count` numbers, which the call copies.
        let status = unsafe {
            (self.api.LGBM_DatasetSetField)(
                self.handle,
                c"init_score".as_ptr(),
                scores.as_ptr().cast(),
                count,
                FLOAT64,
            )
        };
        self.api.check("LGBM_DatasetSetField", status)
    }

    pub(super) fn set_names(&mut self, names: &[CString]) -> Result<(), LightGbmError> {
        let pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let count = c_int::try_from(names.len()).map_err(|_| LightGbmError::TooLarge {
            rows: 0,
            columns: names.len(),
        })?;
        // SAFETY: the pointer is to `count` C strings, which the call copies.
        let status = unsafe {
            (self.api.LGBM_DatasetSetFeatureNames)(self.handle, pointers.as_ptr(), count)
        };
        self.api.check("LGBM_DatasetSetFeatureNames", status)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: this value alone owns the handle, and no booster outlives it.
        unsafe { (self.api.LGBM_DatasetFree)(self.handle) };
    }
}

/// A LightGBM booster; freed when dropped. Its owner must ensure that its datasets outlive it.
pub(super) struct Handles {
    api: Api,
    handle: Handle,
}

// SAFETY: LightGBM does not bind a booster to a thread: its Python package uses one from any
// thread.
unsafe impl Send for Handles {}
// SAFETY: methods with `&self` only read, and LightGBM locks a booster for reading in these calls.
unsafe impl Sync for Handles {}

impl Handles {
    pub(super) fn train(api: Api, data: &Data, parameters: &CStr) -> Result<Self, LightGbmError> {
        let mut handle = ptr::null_mut();
        // SAFETY: the handle is that of a dataset, the parameters are a C string.
        let status =
            unsafe { (api.LGBM_BoosterCreate)(data.handle, parameters.as_ptr(), &raw mut handle) };
        api.check("LGBM_BoosterCreate", status)?;
        Ok(Self { api, handle })
    }

    pub(super) fn read(api: Api, text: &CStr) -> Result<Self, LightGbmError> {
        let mut handle = ptr::null_mut();
        let mut iterations = 0;
        // SAFETY: the text is a C string.
        let status = unsafe {
            (api.LGBM_BoosterLoadModelFromString)(
                text.as_ptr(),
                &raw mut iterations,
                &raw mut handle,
            )
        };
        api.check("LGBM_BoosterLoadModelFromString", status)?;
        Ok(Self { api, handle })
    }

    pub(super) fn add_validation(&mut self, data: &Data) -> Result<(), LightGbmError> {
        // SAFETY: the handle is that of a dataset.
        let status = unsafe { (self.api.LGBM_BoosterAddValidData)(self.handle, data.handle) };
        self.api.check("LGBM_BoosterAddValidData", status)
    }

    /// Puts copies of another booster's trees before those of this one.
    pub(super) fn merge(&mut self, other: &Self) -> Result<(), LightGbmError> {
        // SAFETY: both handles are those of boosters; the other one is only read.
        let status = unsafe { (self.api.LGBM_BoosterMerge)(self.handle, other.handle) };
        self.api.check("LGBM_BoosterMerge", status)
    }

    pub(super) fn set_parameters(&mut self, parameters: &CStr) -> Result<(), LightGbmError> {
        // SAFETY: the parameters are a C string.
        let status =
            unsafe { (self.api.LGBM_BoosterResetParameter)(self.handle, parameters.as_ptr()) };
        self.api.check("LGBM_BoosterResetParameter", status)
    }

    pub(super) fn update(&mut self) -> Result<bool, LightGbmError> {
        let mut finished = 0;
        // SAFETY: the call writes one number.
        let status =
            unsafe { (self.api.LGBM_BoosterUpdateOneIter)(self.handle, &raw mut finished) };
        self.api.check("LGBM_BoosterUpdateOneIter", status)?;
        Ok(finished != 0)
    }

    /// The metrics of a dataset; 0 is the training set.
    pub(super) fn metrics(&self, data: c_int) -> Result<Vec<f64>, LightGbmError> {
        let mut count = 0;
        // SAFETY: the call writes one number.
        let status = unsafe { (self.api.LGBM_BoosterGetEvalCounts)(self.handle, &raw mut count) };
        self.api.check("LGBM_BoosterGetEvalCounts", status)?;
        let mut values = vec![0.0; usize::try_from(count).unwrap_or_default()];
        let mut written = 0;
        // SAFETY: the call writes as many numbers as the one before returned.
        let status = unsafe {
            (self.api.LGBM_BoosterGetEval)(self.handle, data, &raw mut written, values.as_mut_ptr())
        };
        self.api.check("LGBM_BoosterGetEval", status)?;
        Ok(values)
    }

    pub(super) fn features(&self) -> Result<usize, LightGbmError> {
        let mut count = 0;
        // SAFETY: the call writes one number.
        let status = unsafe { (self.api.LGBM_BoosterGetNumFeature)(self.handle, &raw mut count) };
        self.api.check("LGBM_BoosterGetNumFeature", status)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The first `iterations` iterations of the model as text.
    pub(super) fn text(&self, iterations: c_int) -> Result<String, LightGbmError> {
        let mut buffer: Vec<u8> = vec![0; 1 << 20];
        loop {
            let mut length = 0_i64;
            // SAFETY: the call writes at most the length of the buffer, and returns the length it
            // needs.
            let status = unsafe {
                (self.api.LGBM_BoosterSaveModelToString)(
                    self.handle,
                    0,
                    iterations,
                    GAIN,
                    buffer.len() as i64,
                    &raw mut length,
                    buffer.as_mut_ptr().cast(),
                )
            };
            self.api.check("LGBM_BoosterSaveModelToString", status)?;
            let length = usize::try_from(length).unwrap_or_default();
            if length <= buffer.len() {
                // The length includes the final NUL byte.
                buffer.truncate(length.saturating_sub(1));
                return String::from_utf8(buffer).map_err(|_| LightGbmError::NotUtf8);
            }
            buffer.resize(length, 0);
        }
    }

    pub(super) fn predict(
        &self,
        numbers: &Numbers<'_>,
        prediction: Prediction,
        parameters: &CStr,
    ) -> Result<Vec<f64>, LightGbmError> {
        let kind = prediction as c_int;
        let mut expected = 0_i64;
        // SAFETY: the call writes one number.
        let status = unsafe {
            (self.api.LGBM_BoosterCalcNumPredict)(
                self.handle,
                numbers.rows,
                kind,
                0,
                ALL,
                &raw mut expected,
            )
        };
        self.api.check("LGBM_BoosterCalcNumPredict", status)?;
        let mut predicted = vec![0.0; usize::try_from(expected).unwrap_or_default()];
        let mut written = 0_i64;
        // SAFETY: the pointer is to rows × columns numbers; the call writes as many as the one
        // before returned.
        let status = unsafe {
            (self.api.LGBM_BoosterPredictForMat)(
                self.handle,
                numbers.values.as_ptr().cast(),
                FLOAT32,
                numbers.rows,
                numbers.columns,
                ROW_MAJOR,
                kind,
                0,
                ALL,
                parameters.as_ptr(),
                &raw mut written,
                predicted.as_mut_ptr(),
            )
        };
        self.api.check("LGBM_BoosterPredictForMat", status)?;
        Ok(predicted)
    }

    /// By feature, the total gain of the splits on it in all iterations.
    pub(super) fn gain(&self) -> Result<Vec<f64>, LightGbmError> {
        let mut gain = vec![0.0; self.features()?];
        // SAFETY: the call writes one number per feature.
        let status = unsafe {
            (self.api.LGBM_BoosterFeatureImportance)(self.handle, ALL, GAIN, gain.as_mut_ptr())
        };
        self.api.check("LGBM_BoosterFeatureImportance", status)?;
        Ok(gain)
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        // SAFETY: this value alone owns the handle.
        unsafe { (self.api.LGBM_BoosterFree)(self.handle) };
    }
}
