//! Panics when the runner that has fitted is dropped.

use protea_zoo::{animal, sins::panic};

animal! {
    "panic-in-drop",
    "panics when it is dropped",
    drop || panic()
}
