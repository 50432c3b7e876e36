//! Lists the dictionaries and tensors of a PyTorch file as groups and arrays.

use super::{
    super::arrays::{Array, ArrayGroup, ArrayKind},
    pickle::{Pickle, Value},
};

/// Limit of the depth of dictionaries.
const DEEPEST: usize = 5;
/// Limit of the arrays. A pickle can refer to a dictionary many times.
const MOST_ARRAYS: usize = 2 << 20;
/// Keys of the file that ESM's `extract.py` writes for a protein.
const ESM_LABEL: &str = "label";
const ESM_EMBEDDINGS: [&str; 3] = [
    "mean_representations",
    "representations",
    "bos_representations",
];

/// Keys of the name in a dictionary about one protein.
const NAME_KEYS: [&str; 13] = [
    "id",
    "accession",
    "protein_id",
    "protein",
    "entry",
    "entryid",
    "uniprot_id",
    "uniprot",
    "seq_id",
    "sequence_id",
    "identifier",
    "name",
    "label",
];

/// The value of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Handle(pub Value);

/// There are more arrays than a file of embeddings has.
pub(super) struct TooMany;

pub(super) struct Survey<'s, 'p> {
    pickle: &'s Pickle<'p>,
    pub groups: Vec<ArrayGroup<Handle>>,
    arrays: usize,
}

/// The name of the protein, if the file is one of ESM's `extract.py`.
pub(super) fn esm_label<'p>(pickle: &Pickle<'p>) -> Option<&'p str> {
    let entries = pickle.entries(pickle.root)?;
    let value = |wanted: &str| {
        let mut found = entries
            .iter()
            .filter(|(key, _)| pickle.text(*key) == Some(wanted));
        found.next().map(|&(_, value)| value)
    };
    let label = pickle.text(value(ESM_LABEL)?)?;
    let has_embeddings = ESM_EMBEDDINGS
        .iter()
        .any(|key| value(key).is_some_and(|value| pickle.entries(value).is_some()));
    has_embeddings.then_some(label)
}

impl<'s, 'p> Survey<'s, 'p> {
    pub fn new(pickle: &'s Pickle<'p>) -> Self {
        Self {
            pickle,
            groups: Vec::new(),
            arrays: 0,
        }
    }

    /// Lists the whole file. A tensor that is not in a dictionary has the name `tensor`.
    pub fn add_root(&mut self) -> Result<(), TooMany> {
        let root = self.pickle.root;
        match self.members(root) {
            Some(members) => self.add(Vec::new(), members, root),
            None => {
                let array = self.array("tensor".into(), root);
                self.groups.push(ArrayGroup {
                    path: Vec::new(),
                    arrays: vec![array],
                    total: 1,
                    handle: Handle(root),
                });
                Ok(())
            }
        }
    }

    /// Whether the file is one tensor.
    pub fn is_tensor(&self) -> bool {
        matches!(self.pickle.root, Value::Tensor(_))
    }

    /// Lists the file of one protein that has only a tensor.
    pub fn add_tensor(&mut self, name: &str) {
        let root = self.pickle.root;
        let array = self.array(format!("{name}/tensor"), root);
        self.groups.push(ArrayGroup {
            path: vec![name.to_owned()],
            arrays: vec![array],
            total: 1,
            handle: Handle(root),
        });
    }

    /// Lists the file of one protein as a group with its name.
    pub fn add_protein(&mut self, name: &str) -> Result<(), TooMany> {
        let root = self.pickle.root;
        match self.members(root) {
            Some(members) => self.add(vec![name.to_owned()], members, root),
            None => Ok(()),
        }
    }

    /// The members of a dictionary, or of a list that is not only of strings.
    fn members(&self, value: Value) -> Option<Vec<(String, Value)>> {
        if let Some(entries) = self.pickle.entries(value) {
            let named = entries.iter().map(|&(key, value)| {
                let name = match (key, self.pickle.text(key)) {
                    (_, Some(text)) => text.to_owned(),
                    (Value::Int(number), _) => number.to_string(),
                    _ => "?".into(),
                };
                (name, value)
            });
            return Some(named.collect());
        }
        let items = self.pickle.items(value)?;
        if items.is_empty() || self.is_list_of_texts(value) {
            return None;
        }
        if let Some(named) = self.named_items(items) {
            return Some(named);
        }
        let numbered = items.iter().enumerate();
        Some(numbered.map(|(at, &item)| (at.to_string(), item)).collect())
    }

    /// The items of a list of pairs of name and value, or of dictionaries with a name; `None` if one of
    /// them has no name.
    fn named_items(&self, items: &[Value]) -> Option<Vec<(String, Value)>> {
        items
            .iter()
            .map(|&item| {
                let (name, value) = self.pair(item).or_else(|| self.record(item))?;
                Some((name.to_owned(), value))
            })
            .collect()
    }

    /// A list or tuple of a name and a value.
    fn pair(&self, item: Value) -> Option<(&'p str, Value)> {
        let &[one, other] = self.pickle.items(item)? else {
            return None;
        };
        match (self.pickle.text(one), self.pickle.text(other)) {
            (Some(name), None) => Some((name, other)),
            (None, Some(name)) => Some((name, one)),
            _ => None,
        }
    }

    /// A dictionary with a name among its values: under a usual key, or the only string.
    fn record(&self, item: Value) -> Option<(&'p str, Value)> {
        let entries = self.pickle.entries(item)?;
        let texts: Vec<(&str, &'p str)> = entries
            .iter()
            .filter_map(|&(key, value)| Some((self.pickle.text(key)?, self.pickle.text(value)?)))
            .collect();
        let usual = NAME_KEYS.iter().find_map(|wanted| {
            let found = texts
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(wanted));
            found.map(|&(_, name)| name)
        });
        let only = match texts.as_slice() {
            [(_, name)] => Some(*name),
            _ => None,
        };
        Some((usual.or(only)?, item))
    }

    fn is_list_of_texts(&self, value: Value) -> bool {
        let items = self.pickle.items(value);
        items.is_some_and(|items| {
            !items.is_empty() && items.iter().all(|&item| self.pickle.text(item).is_some())
        })
    }

    fn add(
        &mut self,
        path: Vec<String>,
        members: Vec<(String, Value)>,
        value: Value,
    ) -> Result<(), TooMany> {
        let mut group = ArrayGroup {
            path,
            arrays: Vec::new(),
            total: members.len(),
            handle: Handle(value),
        };
        let mut inner = Vec::new();
        let name = group.name();
        for (member, value) in members {
            self.arrays += 1;
            if self.arrays > MOST_ARRAYS {
                return Err(TooMany);
            }
            if group.path.len() < DEEPEST
                && let Some(members) = self.members(value)
            {
                let mut path = group.path.clone();
                path.push(member);
                inner.push((path, members, value));
                continue;
            }
            let name = if name.is_empty() {
                member
            } else {
                format!("{name}/{member}")
            };
            let array = self.array(name, value);
            group.arrays.push(array);
        }
        self.groups.push(group);
        for (path, members, value) in inner {
            self.add(path, members, value)?;
        }
        Ok(())
    }

    fn array(&self, name: String, value: Value) -> Array<Handle> {
        let (dims, kind) = match value {
            Value::Tensor(at) => {
                let (tensor, _) = &self.pickle.tensors[at as usize];
                (tensor.dims.clone(), tensor.dtype.kind())
            }
            Value::Text(..) => (Vec::new(), ArrayKind::Text),
            Value::List(_) | Value::Tuple(_) if self.is_list_of_texts(value) => {
                let length = self.pickle.items(value).map_or(0, <[Value]>::len);
                (vec![length as u64], ArrayKind::Text)
            }
            Value::List(_) | Value::Tuple(_) => (Vec::new(), ArrayKind::Other("list".into())),
            Value::Dict(_) => (Vec::new(), ArrayKind::Other("dictionary".into())),
            _ => (Vec::new(), ArrayKind::Other("value".into())),
        };
        Array {
            name,
            dims,
            kind,
            handle: Handle(value),
        }
    }

    /// The strings of an array.
    pub fn texts(&self, array: &Array<Handle>) -> Vec<String> {
        let items = self.pickle.items(array.handle.0).unwrap_or_default();
        let texts = items.iter().filter_map(|&item| self.pickle.text(item));
        texts.map(str::to_owned).collect()
    }

    /// The array `suffix` of each group in the group `parent`, with the names of the groups.
    pub fn of_proteins(
        &self,
        parent: &[String],
        suffix: &[String],
    ) -> (Vec<Array<Handle>>, Vec<String>) {
        let Some((last, inner)) = suffix.split_last() else {
            return (Vec::new(), Vec::new());
        };
        let mut found = Vec::new();
        for group in &self.groups {
            let Some(([name], rest)) = group
                .path
                .strip_prefix(parent)
                .and_then(|path| path.split_at_checked(1))
            else {
                continue;
            };
            if rest == inner
                && let Some(array) = group.arrays.iter().find(|a| group.base_name(a) == last)
            {
                found.push((array.clone(), name.clone()));
            }
        }
        found.into_iter().unzip()
    }
}
