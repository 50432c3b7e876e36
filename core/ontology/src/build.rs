//! Builds the graph from the scanned records of a file.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    error::OntologyError,
    findings::{FindingKind, Findings},
    graph::Ontology,
    index::TermIndex,
    namespace::{Namespace, PropagationOrder},
    obsolete::Obsolete,
    reading::Reading,
    scan::Records,
    spelling::canonical,
    tables::{Lists, Texts},
    term::Term,
};

pub(super) fn build(
    records: Records<'_>,
    version: Option<&str>,
    file: &str,
    reading: Reading,
) -> Result<Ontology, OntologyError> {
    let mut records = records;
    let mut findings = std::mem::take(&mut records.findings);
    let records = &records;
    let (order, mut namespaces) = arrange(records);
    if order.is_empty() || order.len() >= 1 << 31 {
        return Err(OntologyError::NoTerms {
            file: file.to_owned(),
            stanzas: records.stanzas,
        });
    }
    let mut index = TermIndex::new(order.len());
    let mut first_line = vec![0; order.len()];
    for (number, &record) in order.iter().enumerate() {
        let record = &records.terms[record];
        if let [other] = index.get(record.id.as_bytes()) {
            let (a, b) = (first_line[other.index()], record.line);
            return Err(OntologyError::DuplicateTerm {
                file: file.to_owned(),
                line: a.max(b),
                first: a.min(b),
                id: record.id.to_owned(),
            });
        }
        first_line[number] = record.line;
        index.insert(record.id.as_bytes(), &[Term::from_index(number)]);
    }

    if reading == Reading::Specification {
        describe_terms(records, &order, &mut findings);
    }
    let mut ids = Texts::default();
    let mut names = Texts::default();
    for &record in &order {
        ids.push(records.terms[record].id);
        names.push(&records.terms[record].name);
    }
    let (parents, dropped) = parents(records, &order, &namespaces, &index);
    let dropped_edges = dropped.len();
    let obsolete = Obsolete::new(records);
    describe_dropped(&dropped, records, &index, &obsolete, &mut findings);
    let children = reversed(&parents, order.len());
    let mut depth = vec![0; order.len()];
    for namespace in &mut namespaces {
        namespace.order = propagation_order(namespace, &parents, &children).ok_or_else(|| {
            OntologyError::Cycle {
                file: file.to_owned(),
                terms: cycle(namespace, &parents, &children)
                    .into_iter()
                    .map(|t| records.terms[order[t.index()]].id.to_owned())
                    .collect(),
            }
        })?;
        for &term in namespace.order.term.iter().rev() {
            let at = namespace.terms.start + term as usize;
            depth[at] = parents
                .get(at)
                .iter()
                .map(|p| depth[p.index()] + 1)
                .max()
                .unwrap_or(0);
        }
        namespace.roots = namespace
            .terms()
            .filter(|t| parents.get(t.index()).is_empty())
            .collect();
    }
    let conflicts = alternatives(records, &order, &namespaces, &mut index);

    Ok(Ontology {
        source: file.to_owned(),
        reading,
        version: version.map(str::to_owned),
        namespaces,
        ids,
        names,
        parents,
        children,
        depth,
        index,
        conflicts,
        obsolete,
        dropped_edges,
        findings,
    })
}

/// Tells which terms are probably not as they were meant.
fn describe_terms(records: &Records<'_>, order: &[usize], findings: &mut Findings) {
    for &at in order {
        let record = &records.terms[at];
        if record.defined_by_parent && records.parents_of(at).is_empty() {
            findings.add(FindingKind::DefinitionOnly, || record.id.to_owned());
        }
        // GO is the only ontology whose ids have several usual forms.
        let is_usual = record.id.starts_with("GO:");
        if !is_usual && canonical(record.id).is_some_and(|id| id.starts_with("GO:")) {
            findings.add(FindingKind::OtherSpelling, || record.id.to_owned());
        }
    }
}

/// Says why edges are not in the graph.
fn describe_dropped(
    dropped: &[DroppedEdge<'_>],
    records: &Records<'_>,
    index: &TermIndex,
    obsolete: &Obsolete,
    findings: &mut Findings,
) {
    if dropped.is_empty() {
        return;
    }
    let alternatives: HashSet<&str> = records.alt_ids.iter().copied().collect();
    let prefix = |id: &str| id.split(':').next().unwrap_or("").to_owned();
    let prefixes: HashSet<String> = records.terms.iter().map(|term| prefix(term.id)).collect();
    let stanzas: HashSet<&str> = records.terms.iter().map(|term| term.id).collect();
    for edge in dropped {
        let kind = if !index.get(edge.parent.as_bytes()).is_empty() {
            FindingKind::OtherNamespace
        } else if obsolete.contains(edge.parent) {
            FindingKind::ObsoleteParent
        } else if alternatives.contains(edge.parent) {
            FindingKind::AlternativeParent
        } else if stanzas.contains(edge.parent) || !prefixes.contains(&prefix(edge.parent)) {
            FindingKind::ForeignParent
        } else if prefix(edge.child) == prefix(edge.parent) {
            FindingKind::MissingParent
        } else {
            FindingKind::ForeignParent
        };
        findings.add(kind, || format!("{} -> {}", edge.child, edge.parent));
    }
}

/// An edge that is not in the graph.
struct DroppedEdge<'a> {
    child: &'a str,
    parent: &'a str,
}

/// Groups the usable records by namespace. Returns the record numbers in that order, and the
/// namespaces with the ranges of their terms.
fn arrange(records: &Records<'_>) -> (Vec<usize>, Vec<Namespace>) {
    let mut members: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, record) in records.terms.iter().enumerate() {
        let Some(name) = record
            .namespace
            .filter(|&n| n != "external" && !record.obsolete)
        else {
            continue;
        };
        // An ontology has a handful of namespaces, so a linear search is faster than a map.
        match members.iter_mut().find(|(n, _)| *n == name) {
            Some((_, members)) => members.push(at),
            None => members.push((name, vec![at])),
        }
    }
    let mut order = Vec::new();
    let mut namespaces = Vec::new();
    for (name, members) in members {
        let start = order.len();
        order.extend(members);
        namespaces.push(Namespace {
            name: name.to_owned(),
            terms: start..order.len(),
            roots: Vec::new(),
            order: PropagationOrder::default(),
        });
    }
    (order, namespaces)
}

fn parents<'a>(
    records: &Records<'a>,
    order: &[usize],
    namespaces: &[Namespace],
    index: &TermIndex,
) -> (Lists, Vec<DroppedEdge<'a>>) {
    let mut dropped = Vec::new();
    let mut lists = Lists {
        offsets: vec![0],
        items: Vec::with_capacity(records.parents.len()),
    };
    for namespace in namespaces {
        for &record in &order[namespace.terms.clone()] {
            let start = lists.items.len();
            for id in records.parents_of(record) {
                // The index holds only primary ids at this point, so an edge to an alternative id
                // is dropped. cafaeval does the same.
                match index.get(id.as_bytes()) {
                    [parent] if namespace.contains(*parent) => lists.items.push(*parent),
                    _ => dropped.push(DroppedEdge {
                        child: records.terms[record].id,
                        parent: id,
                    }),
                }
            }
            lists.items[start..].sort_unstable();
            let mut kept = start;
            for at in start..lists.items.len() {
                if at == start || lists.items[at] != lists.items[kept - 1] {
                    lists.items[kept] = lists.items[at];
                    kept += 1;
                }
            }
            lists.items.truncate(kept);
            lists.offsets.push(kept as u32);
        }
    }
    (lists, dropped)
}

fn reversed(parents: &Lists, terms: usize) -> Lists {
    let mut offsets = vec![0u32; terms + 1];
    for parent in &parents.items {
        offsets[parent.index() + 1] += 1;
    }
    for at in 0..terms {
        offsets[at + 1] += offsets[at];
    }
    let mut free = offsets.clone();
    let mut items = vec![Term::from_index(0); parents.items.len()];
    for child in 0..terms {
        for parent in parents.get(child) {
            let place = &mut free[parent.index()];
            items[*place as usize] = Term::from_index(child);
            *place += 1;
        }
    }
    Lists { offsets, items }
}

/// Sorts the terms with Kahn's algorithm, starting at the leaves. `None` if there is a cycle.
fn propagation_order(
    namespace: &Namespace,
    parents: &Lists,
    children: &Lists,
) -> Option<PropagationOrder> {
    let start = namespace.terms.start;
    let mut waiting: Vec<usize> = namespace
        .terms
        .clone()
        .map(|t| children.get(t).len())
        .collect();
    let mut term: Vec<u32> = (0..waiting.len())
        .filter(|&t| waiting[t] == 0)
        .map(|t| t as u32)
        .collect();
    let mut next = 0;
    while let Some(&done) = term.get(next) {
        next += 1;
        for parent in parents.get(start + done as usize) {
            let left = &mut waiting[parent.index() - start];
            *left -= 1;
            if *left == 0 {
                term.push((parent.index() - start) as u32);
            }
        }
    }
    if term.len() < namespace.len() {
        return None;
    }
    let mut rank = vec![0; term.len()];
    for (r, &t) in term.iter().enumerate() {
        rank[t as usize] = r as u32;
    }
    let mut offsets = vec![0];
    let mut up = Vec::new();
    for &t in &term {
        up.extend(
            parents
                .get(start + t as usize)
                .iter()
                .map(|p| rank[p.index() - start]),
        );
        offsets.push(up.len() as u32);
    }
    Some(PropagationOrder {
        rank,
        term,
        offsets,
        parents: up,
    })
}

/// Finds the terms of one cycle, at most ten. The caller knows that the namespace has a cycle.
fn cycle(namespace: &Namespace, parents: &Lists, children: &Lists) -> Vec<Term> {
    // After repeatedly removing the terms without parents, each remaining term still has a
    // remaining parent, so walking up from any of them ends in a cycle.
    let start = namespace.terms.start;
    let mut left: Vec<usize> = namespace
        .terms
        .clone()
        .map(|t| parents.get(t).len())
        .collect();
    let mut gone: Vec<usize> = (0..left.len()).filter(|&t| left[t] == 0).collect();
    while let Some(term) = gone.pop() {
        for child in children.get(start + term) {
            let count = &mut left[child.index() - start];
            *count -= 1;
            if *count == 0 {
                gone.push(child.index() - start);
            }
        }
    }
    let Some(first) = left.iter().position(|&n| n > 0) else {
        return Vec::new();
    };
    let mut path = vec![Term::from_index(start + first)];
    let mut seen: HashMap<Term, usize> = HashMap::from([(path[0], 0)]);
    while let Some(&parent) = parents
        .get(path[path.len() - 1].index())
        .iter()
        .find(|p| left[p.index() - start] > 0)
    {
        path.push(parent);
        if let Some(&entry) = seen.get(&parent) {
            path.drain(..entry);
            break;
        }
        seen.insert(parent, path.len() - 1);
    }
    path.truncate(10);
    path
}

/// Adds the alternative ids to the index. Returns the ids that resolve to different terms in a
/// ground truth and in predictions.
fn alternatives(
    records: &Records<'_>,
    order: &[usize],
    namespaces: &[Namespace],
    index: &mut TermIndex,
) -> HashMap<Box<[u8]>, Vec<Term>> {
    let mut targets: BTreeMap<&str, Vec<Term>> = BTreeMap::new();
    for (number, &record) in order.iter().enumerate() {
        for id in records.alt_ids_of(record) {
            let terms = targets.entry(id).or_default();
            if terms.last().is_none_or(|t| t.index() != number) {
                terms.push(Term::from_index(number));
            }
        }
    }
    let mut conflicts = HashMap::new();
    for (id, alternatives) in targets {
        let primary = index.get(id.as_bytes()).first().copied();
        let first = primary
            .into_iter()
            .chain(alternatives.first().copied())
            .min();
        let Some(namespace) = namespaces
            .iter()
            .find(|n| first.is_some_and(|t| n.contains(t)))
        else {
            continue;
        };
        let within: Vec<Term> = match primary.filter(|&t| namespace.contains(t)) {
            Some(primary) => vec![primary],
            None => alternatives
                .iter()
                .copied()
                .filter(|&t| namespace.contains(t))
                .collect(),
        };
        let all = alternatives.len() + usize::from(primary.is_some());
        if within.len() < all {
            conflicts.insert(
                id.as_bytes().into(),
                primary.into_iter().chain(alternatives).collect(),
            );
        }
        index.insert(id.as_bytes(), &within);
    }
    conflicts
}
