//! Aborts when the runner that has fitted is dropped.

use protea_zoo::{animal, sins::abort};

animal! {
    "abort-in-drop",
    "aborts when it is dropped",
    drop || abort()
}
