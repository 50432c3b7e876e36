//! Hangs in `export`.

use protea_zoo::{animal, sins::hang};

animal! {
    "hang-in-export",
    "hangs in export",
    export |_, _| hang()
}
