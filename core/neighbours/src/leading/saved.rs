//! Directions and leading blocks in the cache of an index.

use super::{
    basis::leading_directions,
    plan::{Directions, Task},
    references::{Largest, Leading},
};
use crate::{
    kernels::{KeyKernel, PackedValue, TileKernel, bytes_of},
    metric::DistanceMetric,
    saved::{self, NewPart, Numbers, Part, Sections},
};

/// The directions that a task is planned with, and whether they are new: not from the cache.
pub(super) fn directions<K: KeyKernel>(kernel: K, task: &Task<'_, '_>) -> (Vec<f32>, bool) {
    let (index, count) = (task.index, task.most_directions());
    if let Some(cache) = index.cache.as_deref() {
        let name = directions_name(task);
        let layout = identity(task, count);
        if let Some(sections) = saved::load(cache, &name, Part::Directions, &layout) {
            let basis = sections.numbers::<f32>(0);
            match basis.filter(|basis| fits(task, count, basis)) {
                Some(basis) => return (basis.as_slice().to_vec(), false),
                None => cache.reject(&name, "it has another size"),
            }
        }
    }
    (leading_directions(kernel, index, count), true)
}

/// The leading block with the directions in `basis`, from the cache or computed. Saves what the cache
/// lacks of it, of the norms, and of the directions that the task was planned with. `None` if there
/// are no directions.
pub(super) fn leading<K: KeyKernel, L: TileKernel>(
    task: &Task<'_, '_>,
    levels: Directions,
    basis: &[f32],
    new_directions: Option<&[f32]>,
    compute: impl FnOnce() -> Option<Leading<K, L>>,
) -> Option<Leading<K, L>> {
    let Some(cache) = task.index.cache.as_deref() else {
        return compute();
    };
    let name = format!(
        "leading-{}-{}-{}",
        task.kernel.name(),
        levels.first,
        levels.all
    );
    let layout = layout::<L>(task, levels);
    let known = saved::load(cache, &name, Part::Leading, &layout).and_then(|sections| {
        let leading = read(task, levels.first, basis, &sections);
        if leading.is_none() {
            cache.reject(&name, "it has another size");
        }
        leading
    });
    let is_new = known.is_none();
    let leading = match known {
        Some(leading) => leading,
        None => compute()?,
    };
    let bounds = bounds(&leading);
    let norms = task.index.new_norms();
    let mut parts = Vec::new();
    if is_new {
        parts.push(part(name, basis, &layout, &bounds, &leading));
    }
    parts.extend(norms.as_ref().map(|norms| task.index.norms_part(norms)));
    parts.extend(new_directions.map(|basis| {
        let layout = identity(task, task.most_directions());
        let sections = vec![bytes_of(basis)];
        NewPart::new(directions_name(task), Part::Directions, &layout, sections)
    }));
    saved::save(cache, &parts);
    Some(leading)
}

fn directions_name(task: &Task<'_, '_>) -> String {
    format!(
        "directions-{}-{}",
        task.kernel.name(),
        task.most_directions()
    )
}

/// What the numbers of a block depend on, besides the references themselves and the kernel.
fn layout<L: TileKernel>(task: &Task<'_, '_>, levels: Directions) -> [u64; 11] {
    let [members, width, directions] = identity(task, levels.all);
    [
        members,
        width,
        directions,
        levels.first as u64,
        task.index.classes.len() as u64,
        u64::from(task.index.metric == DistanceMetric::L2),
        size_of::<L::Packed>() as u64,
        L::ROWS as u64,
        L::LINE as u64,
        u64::from(L::Packed::LARGEST.to_bits()),
        L::Packed::SHIFT as u64,
    ]
}

/// What the directions of a task depend on, besides the references themselves and the kernel.
fn identity(task: &Task<'_, '_>, directions: usize) -> [u64; 3] {
    let index = task.index;
    [
        index.members.len() as u64,
        index.width() as u64,
        directions as u64,
    ]
}

/// Whether a basis has whole directions, and at most `most`.
fn fits(task: &Task<'_, '_>, most: usize, basis: &Numbers<f32>) -> bool {
    let (length, width) = (basis.as_slice().len(), task.index.width());
    length.is_multiple_of(width) && length / width <= most
}

/// The numbers of a block that are not in its tables.
fn bounds<K: KeyKernel, L: TileKernel>(leading: &Leading<K, L>) -> [f64; 7] {
    let (first, second) = (leading.largest, leading.wide_largest);
    [
        leading.deviation,
        first.norm,
        first.tail,
        first.error,
        second.norm,
        second.tail,
        second.error,
    ]
}

fn part<'p, K: KeyKernel, L: TileKernel>(
    name: String,
    basis: &'p [f32],
    layout: &[u64],
    bounds: &'p [f64],
    leading: &'p Leading<K, L>,
) -> NewPart<'p> {
    let tables = leading.tables();
    let sections = vec![
        bytes_of(bounds),
        // Packed again when it is read: the deviation is that of these directions.
        bytes_of(basis),
        bytes_of(tables.tiles),
        bytes_of(tables.rows),
        bytes_of(tables.wide),
        bytes_of(tables.wide_rows),
        bytes_of(tables.bytes),
        bytes_of(tables.byte_rows),
    ];
    NewPart::new(name, Part::Leading, layout, sections)
}

/// The leading block in these sections. `None` if they are not those of a block of this size.
fn read<K: KeyKernel, L: TileKernel>(
    task: &Task<'_, '_>,
    first: usize,
    basis: &[f32],
    sections: &Sections,
) -> Option<Leading<K, L>> {
    let bounds = sections.numbers::<f64>(0)?;
    let &[
        deviation,
        norm,
        tail,
        error,
        wide_norm,
        wide_tail,
        wide_error,
    ] = bounds.as_slice()
    else {
        return None;
    };
    // Other directions come from another build of the program.
    if bytes_of(sections.numbers::<f32>(1)?.as_slice()) != bytes_of(basis) {
        return None;
    }
    let mut leading = Leading::<K, L>::empty(task.index, first, basis, Some(deviation))?;
    leading.largest = Largest { norm, tail, error };
    leading.wide_largest = Largest {
        norm: wide_norm,
        tail: wide_tail,
        error: wide_error,
    };
    leading.tiles = sections.numbers(2)?;
    leading.rows = sections.numbers(3)?;
    leading.wide = sections.numbers(4)?;
    leading.wide_rows = sections.numbers(5)?;
    leading.bytes = sections.numbers(6)?;
    leading.byte_rows = sections.numbers(7)?;
    leading.has_expected_sizes(task.index).then_some(leading)
}
