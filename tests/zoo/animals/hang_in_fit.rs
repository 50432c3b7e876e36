//! Hangs in `fit`.

use protea_zoo::{animal, sins::hang};

animal! {
    "hang-in-fit",
    "hangs in fit",
    fit |_, _| hang()
}
