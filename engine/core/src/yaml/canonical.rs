//! The meaning of a tree as one text: equal for files that differ in layout, comments, quotes or key order.

use super::{Kind, Node};
use crate::model::Json;

/// Compact JSON with the keys of every map in order. The base of content addresses.
pub fn canonical(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Scalar(scalar) => out.push_str(&scalar.to_json().to_string()),
        Kind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Kind::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.key.text.cmp(&b.key.text));
            out.push('{');
            for (index, entry) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Json::from(entry.key.text.as_str()).to_string());
                out.push(':');
                write(&entry.value, out);
            }
            out.push('}');
        }
    }
}
