//! The layouts of this folder's types, for the test that compares the contract with its record.

use abi_stable::{
    StableAbi,
    abi_stability::PrefixStableAbi,
    type_layout::{TLData, TLField, TypeLayout},
};
use serde_json::{Map, Value, json};

use super::{
    module::{ERROR, OK, Outcome, PANIC, RunnerModule_Prefix},
    sink::{SinkFunctions_Prefix, SinkHandle},
};

pub(crate) use super::panics::Panic;

/// The statuses of an outcome.
pub(crate) fn outcomes() -> Value {
    json!({ "ok": OK, "error": ERROR, "panic": PANIC })
}

/// Every type of this crate that crosses as a struct, by name.
pub(crate) fn layouts() -> Map<String, Value> {
    let mut types = Map::new();
    for layout in [
        <RunnerModule_Prefix as PrefixStableAbi>::LAYOUT,
        <SinkFunctions_Prefix as PrefixStableAbi>::LAYOUT,
        <Outcome as StableAbi>::LAYOUT,
        <SinkHandle as StableAbi>::LAYOUT,
    ] {
        collect(layout, &mut types);
    }
    types
}

fn collect(layout: &'static TypeLayout, into: &mut Map<String, Value>) {
    let fields: Vec<TLField> = match layout.data() {
        TLData::Struct { fields } => fields.to_vec(),
        TLData::PrefixType(prefix) => prefix.fields.to_vec(),
        _ => Vec::new(),
    };
    let name = layout.name().to_owned();
    if into.contains_key(&name) {
        return;
    }
    if layout.package() == "protea-contracts" && !name.ends_with("Ref") {
        let described: Vec<Value> = fields.iter().map(describe).collect();
        into.insert(
            name,
            json!({
                "size": layout.size(),
                "alignment": layout.alignment(),
                "fields": described,
            }),
        );
    }
    for field in &fields {
        collect(field.layout(), into);
    }
}

fn describe(field: &TLField) -> Value {
    let functions: Vec<String> = field
        .function_range()
        .iter()
        .map(|function| {
            let text = one_line(&function.to_string());
            let (signature, _lifetimes) =
                text.split_once(" lifetime indices").unwrap_or((&text, ""));
            signature.to_owned()
        })
        .collect();
    if functions.is_empty() {
        json!([field.name(), one_line(&field.full_type().to_string())])
    } else {
        json!([field.name(), functions])
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
