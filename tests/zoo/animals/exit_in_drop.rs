//! Ends the process when the runner that has fitted is dropped.

use protea_zoo::{animal, sins::exit};

animal! {
    "exit-in-drop",
    "ends the process when it is dropped",
    drop || exit()
}
