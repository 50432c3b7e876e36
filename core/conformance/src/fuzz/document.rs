//! Model documents, broken at random.

use fastrand::Rng;
use serde_json::Value;

use crate::spec_generator::strange;

/// Breaks a model document at random. The result may happen to be valid.
pub fn break_document(sound: &[u8], random: &mut Rng) -> Vec<u8> {
    let document: Option<Value> = serde_json::from_slice(sound).ok();
    match (random.u8(..8), document) {
        (0, _) => sound[..random.usize(..=sound.len())].to_vec(),
        (1 | 2, _) | (_, None) => flip(sound, random),
        (3, _) => {
            let mut doubled = sound.to_vec();
            doubled.extend_from_slice(sound);
            doubled
        }
        (_, Some(mut document)) => {
            for _ in 0..random.usize(1..=3) {
                alter(&mut document, random);
            }
            document.to_string().into_bytes()
        }
    }
}

fn flip(sound: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    if bytes.is_empty() {
        return vec![random.u8(..)];
    }
    for _ in 0..random.usize(1..=8) {
        let at = random.usize(..bytes.len());
        bytes[at] = random.u8(..);
    }
    bytes
}

/// Changes one value of a document: descends at random, then replaces what is there.
fn alter(value: &mut Value, random: &mut Rng) {
    match value {
        Value::Object(map) if !map.is_empty() && random.u8(..5) > 0 => {
            let at = random.usize(..map.len());
            let Some(key) = map.keys().nth(at).cloned() else {
                return;
            };
            match random.u8(..6) {
                0 => {
                    map.remove(&key);
                }
                1 => {
                    let moved = map.remove(&key).unwrap_or_default();
                    map.insert(format!("{key}_"), moved);
                }
                _ => {
                    if let Some(inner) = map.get_mut(&key) {
                        alter(inner, random);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() && random.u8(..5) > 0 => {
            let at = random.usize(..items.len());
            match random.u8(..4) {
                0 => {
                    items.remove(at);
                }
                1 => {
                    let again = items[at].clone();
                    items.push(again);
                }
                _ => alter(&mut items[at], random),
            }
        }
        value => *value = strange(random),
    }
}
