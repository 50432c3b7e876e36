//! Fills the templates of generated files.

/// Replaces `@name@` by its value, in one pass: a value is not searched for names.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(start) = rest.find('@') {
        let (before, after) = rest.split_at(start);
        filled.push_str(before);
        let known = values.iter().find_map(|(name, value)| {
            let tail = after[1..].strip_prefix(name)?.strip_prefix('@')?;
            Some((value, tail))
        });
        match known {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('@');
                rest = &after[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_templates() {
        let filled = fill("a=@a@ b=@b@ \"$@\" @c@", &[("a", "@b@"), ("b", "x@a@")]);
        assert_eq!(filled, "a=@b@ b=x@a@ \"$@\" @c@");
    }
}
