//! Tables as cafaeval reads them, for other readers of predictions: blocks of whole lines that are
//! parsed in parallel, columns separated by white space, numbers like Python's.

pub use crate::{
    lines::{Lines, columns, float, is_header, is_remark, line_count, other_separator},
    reading::{Block, parse_named_blocks},
};
pub use protea_ontology::score_columns::{Header, ScoreColumns, named_columns};
