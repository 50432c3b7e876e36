//! One of two libraries with one name.

protea_zoo::animal! { "namesake", "has the name of another" }
