//! Hangs when it is loaded.

protea_zoo::animal! { "hang-at-load", "hangs when it is loaded" }
protea_zoo::at_load!(protea_zoo::sins::hang);
