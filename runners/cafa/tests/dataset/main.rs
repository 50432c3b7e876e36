//! Input formats, frozen datasets and features, through their public faces.

mod features;
mod formats;
mod freezing;
mod hostile;
mod matrices;
mod python;
mod shared_data;
mod small;
