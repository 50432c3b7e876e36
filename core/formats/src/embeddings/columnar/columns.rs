//! Describes the columns of a table as arrays, and takes values out of them.

use arrow_array::{
    Array as _, ArrayRef,
    cast::AsArray,
    types::{Float16Type, Float32Type, Float64Type},
};
use arrow_schema::{DataType, Field, Schema};
use protea_hdf5::MatrixType;

use super::super::arrays::{Array, ArrayGroup, ArrayKind, odd_name};

/// The name of the matrix that one column per dimension makes.
pub(super) const COLUMNS: &str = "the columns of numbers";

/// The columns of a table.
pub(super) struct Columns {
    pub group: ArrayGroup<usize>,
    /// The columns of numbers, if there is one per dimension.
    pub dimensions: Vec<usize>,
    /// A column of lists of lists: embeddings of residues.
    pub residues: Option<String>,
    /// A column that may not be a dimension.
    pub odd: Option<String>,
}

fn float(data_type: &DataType) -> Option<MatrixType> {
    match data_type {
        DataType::Float16 => Some(MatrixType::F16),
        DataType::Float32 => Some(MatrixType::F32),
        DataType::Float64 => Some(MatrixType::F64),
        _ => None,
    }
}

/// The items of a list.
fn item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// Describes the columns as arrays: a column of lists is a matrix. Its width is known only after
/// the rows are read. Without such a column, the columns of numbers of one type are one.
pub(super) fn columns(schema: &Schema, rows: u64) -> Columns {
    let fields = schema.fields();
    let mut arrays: Vec<Array<usize>> = fields
        .iter()
        .enumerate()
        .map(|(handle, field)| column(handle, field, rows))
        .collect();
    let residues = fields.iter().find(|field| {
        item(field.data_type())
            .and_then(item)
            .is_some_and(|inner| float(inner).is_some())
    });
    let mut dimensions = Vec::new();
    let mut odd = None;
    if !arrays.iter().any(|array| array.is_matrix()) {
        let numbers: Vec<(usize, MatrixType)> = fields
            .iter()
            .enumerate()
            .filter_map(|(at, field)| Some((at, float(field.data_type())?)))
            .collect();
        if let [(_, first), _, ..] = numbers.as_slice()
            && numbers.iter().all(|(_, dtype)| dtype == first)
        {
            dimensions = numbers.iter().map(|&(at, _)| at).collect();
            let names: Vec<String> = dimensions
                .iter()
                .map(|&at| fields[at].name().clone())
                .collect();
            odd = odd_name(&names).map(|at| names[at].clone());
            arrays.push(Array {
                name: COLUMNS.into(),
                dims: vec![rows, dimensions.len() as u64],
                kind: ArrayKind::Float(*first),
                handle: dimensions[0],
            });
        }
    }
    Columns {
        group: ArrayGroup {
            path: Vec::new(),
            total: arrays.len(),
            arrays,
            handle: 0,
        },
        dimensions,
        residues: residues.map(|field| field.name().clone()),
        odd,
    }
}

fn column(handle: usize, field: &Field, rows: u64) -> Array<usize> {
    let mut dims = vec![rows];
    let kind = match field.data_type() {
        data_type if is_text(data_type) => Some(ArrayKind::Text),
        DataType::List(item) | DataType::LargeList(item) => {
            dims.push(0);
            float(item.data_type()).map(ArrayKind::Float)
        }
        DataType::FixedSizeList(item, width) => {
            dims.push(u64::try_from(*width).unwrap_or(0));
            float(item.data_type()).map(ArrayKind::Float)
        }
        // A column of single numbers is not a vector, whatever its type.
        _ => None,
    };
    Array {
        name: field.name().clone(),
        dims,
        kind: kind.unwrap_or_else(|| ArrayKind::Other(field.data_type().to_string())),
        handle,
    }
}

/// Whether a column has strings. pandas writes a categorical column as a dictionary, and bytes as
/// binary values.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => true,
        DataType::Dictionary(_, value) => {
            !matches!(**value, DataType::Dictionary(..)) && is_text(value)
        }
        _ => false,
    }
}

/// The list in a row; `None` for a null.
pub(super) fn list(column: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        DataType::LargeList(_) => column.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => column.as_fixed_size_list().value(row),
        _ => return None,
    })
}

/// The strings of a column. pandas writes categories as a dictionary of strings.
pub(super) struct Strings<'c> {
    values: &'c ArrayRef,
    /// The place of the string of each row in `values`; `None` for a null.
    places: Option<Vec<Option<usize>>>,
}

impl<'c> Strings<'c> {
    pub fn new(column: &'c ArrayRef) -> Self {
        let DataType::Dictionary(..) = column.data_type() else {
            return Self {
                values: column,
                places: None,
            };
        };
        let dictionary = column.as_any_dictionary();
        let places = dictionary.normalized_keys().into_iter().enumerate();
        let places = places.map(|(row, place)| (!dictionary.is_null(row)).then_some(place));
        Self {
            values: dictionary.values(),
            places: Some(places.collect()),
        }
    }

    pub fn rows(&self) -> usize {
        self.places.as_ref().map_or(self.values.len(), Vec::len)
    }

    /// The string in a row; `None` for a null, bytes that are not UTF-8, and a column of another type.
    pub fn get(&self, row: usize) -> Option<&'c str> {
        let place = match &self.places {
            Some(places) => *places.get(row)?,
            None => Some(row),
        };
        text(self.values, place?)
    }
}

/// The string in a row; `None` for a null or bytes that are not UTF-8.
fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    let utf8 = |bytes| std::str::from_utf8(bytes).ok();
    Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row),
        DataType::Utf8View => column.as_string_view().value(row),
        DataType::Binary => utf8(column.as_binary::<i32>().value(row))?,
        DataType::LargeBinary => utf8(column.as_binary::<i64>().value(row))?,
        DataType::BinaryView => utf8(column.as_binary_view().value(row))?,
        _ => return None,
    })
}

/// Appends little-endian numbers.
pub(super) fn push(numbers: &ArrayRef, bytes: &mut Vec<u8>) {
    match numbers.data_type() {
        DataType::Float16 => {
            let numbers = numbers.as_primitive::<Float16Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
        DataType::Float32 => {
            let numbers = numbers.as_primitive::<Float32Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
        _ => {
            let numbers = numbers.as_primitive::<Float64Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
    }
}
