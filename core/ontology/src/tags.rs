//! Tags and relations of OBO that are written in another form than the specification defines.

/// The tag of a `[Term]` that is meant by one in another form, such as `IS_A` or `is-a`; `None` if it
/// is the tag itself or another one.
pub(super) fn meant(tag: &[u8]) -> Option<&'static [u8]> {
    const TAGS: [(&[u8], &[&[u8]]); 3] = [
        (b"is_a", &[b"is_a", b"isa"]),
        (b"relationship", &[b"relationship", b"relationships"]),
        (b"part_of", &[b"part_of", b"partof"]),
    ];
    let key: Vec<u8> = tag
        .trim_ascii()
        .iter()
        .map(|byte| match byte {
            b' ' | b'-' => b'_',
            other => other.to_ascii_lowercase(),
        })
        .collect();
    let (meant, _) = TAGS
        .into_iter()
        .find(|(_, forms)| forms.contains(&key.as_slice()))?;
    (meant != tag).then_some(meant)
}

/// Whether OBO defines a tag of a `[Term]`.
pub(super) fn is_defined(tag: &[u8]) -> bool {
    const DEFINED: [&[u8]; 33] = [
        b"id",
        b"is_anonymous",
        b"name",
        b"namespace",
        b"alt_id",
        b"def",
        b"comment",
        b"subset",
        b"synonym",
        b"exact_synonym",
        b"narrow_synonym",
        b"broad_synonym",
        b"related_synonym",
        b"xref",
        b"xref_analog",
        b"xref_unk",
        b"builtin",
        b"property_value",
        b"is_a",
        b"intersection_of",
        b"union_of",
        b"equivalent_to",
        b"disjoint_from",
        b"relationship",
        b"created_by",
        b"creation_date",
        b"modified_by",
        b"modification_date",
        b"is_obsolete",
        b"replaced_by",
        b"consider",
        b"use_term",
        b"is_class_level",
    ];
    DEFINED.contains(&tag)
}

/// Whether a value starts with the id of a term, such as `GO:0008150`.
pub(super) fn names_term(value: &[u8]) -> bool {
    let word = value.split(u8::is_ascii_whitespace).next().unwrap_or(value);
    let Some(colon) = word.iter().position(|&byte| byte == b':') else {
        return false;
    };
    let (prefix, number) = (&word[..colon], &word[colon + 1..]);
    !prefix.is_empty()
        && prefix.iter().all(u8::is_ascii_alphabetic)
        && number.len() >= 4
        && number.iter().all(u8::is_ascii_digit)
}

/// The relation and the term of a relationship that is part_of in another form; `None` for other
/// relations and for part_of itself.
///
/// Ontologies converted from OWL name the relation by its identifier, and other programs write
/// `OBO_REL:part_of`, `PART_OF`, `is_part_of` or `part of`.
pub(super) fn part_of_in_other_form(value: &[u8]) -> Option<&[u8]> {
    for words in [&b"part of "[..], b"is part of "] {
        let start = value.get(..words.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(words)) {
            return Some(&value[words.len()..]);
        }
    }
    let end = value.iter().position(u8::is_ascii_whitespace);
    let (relation, target) = value.split_at(end.unwrap_or(value.len()));
    (relation != b"part_of" && is_part_of(relation)).then_some(target)
}

fn is_part_of(relation: &[u8]) -> bool {
    let at = relation
        .iter()
        .rposition(|&byte| matches!(byte, b'/' | b'#'))
        .map_or(0, |at| at + 1);
    let id = &relation[at..];
    let name = id
        .iter()
        .position(|&byte| byte == b':')
        .map_or(id, |colon| &id[colon + 1..]);
    matches!(id, b"BFO:0000050" | b"BFO_0000050")
        || [&b"part_of"[..], b"is_part_of", b"part-of", b"partOf"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
}
