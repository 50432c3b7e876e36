//! Crashes when the runner that has fitted is dropped.

use protea_zoo::{animal, sins::crash};

animal! {
    "crash-in-drop",
    "crashes when it is dropped",
    drop || crash()
}
