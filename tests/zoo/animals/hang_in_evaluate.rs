//! Hangs in `evaluate`.

use protea_zoo::{animal, sins::hang};

animal! {
    "hang-in-evaluate",
    "hangs in evaluate",
    evaluate |_, _| hang()
}
