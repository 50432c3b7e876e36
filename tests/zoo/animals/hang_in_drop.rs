//! Hangs when the runner that has fitted is dropped.

use protea_zoo::{animal, sins::hang};

animal! {
    "hang-in-drop",
    "hangs when it is dropped",
    drop || hang()
}
