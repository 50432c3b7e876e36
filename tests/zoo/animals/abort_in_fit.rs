//! Aborts in `fit`.

use protea_zoo::{animal, sins::abort};

animal! {
    "abort-in-fit",
    "aborts in fit",
    fit |_, _| abort()
}
