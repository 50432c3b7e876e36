//! Panics in `fit`.

use protea_zoo::{animal, sins::panic};

animal! {
    "panic-in-fit",
    "panics in fit",
    fit |_, _| panic()
}
