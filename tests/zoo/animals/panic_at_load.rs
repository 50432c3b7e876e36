//! Panics when it is loaded.

protea_zoo::animal! { "panic-at-load", "panics when it is loaded" }
protea_zoo::at_load!(protea_zoo::sins::panic);
