//! `table` and `cases`: decision tables and the cases of rules and tables, `rules/*.table.yaml` and `rules/*.cases.yaml`.

use serde_json::json;

use super::parts::{list, map, may, must, object, text, with, word, words};
use crate::model::Json;

/// The schema of `rules/*.table.yaml`.
pub(super) fn table() -> Json {
    let doc = "A decision table: typed inputs, rows of conditions, and what each row says.";
    let rows = json!({ "description": "The rows, or the name of a CSV file beside the table that holds them.",
                       "anyOf": [list(&row()), { "type": "string", "pattern": r"^[^/]+\.csv$" }] });
    let hit = words([
        ("first", "The first row that holds counts."),
        ("unique", "One row holds at a time; with two, the table has a fault."),
        ("collect", "All rows that hold count, as a list in their order."),
    ]);
    let schema = object(
        doc,
        [
            must("table", "What it decides, in one line.", text()),
            must("inputs", "What it looks at, by name of the column.", map(&word(), &input())),
            must(
                "outputs",
                "What it says: names of columns. `why` is shown with the decision.",
                list(&word()),
            ),
            may("hit", "Which rows count; `first` when left out.", hit),
            must("rows", "The rows, from top to bottom.", rows),
            may("otherwise", "What is said when no row holds.", outputs()),
        ],
    );
    with(with(schema, "title", json!("Convene decision table")), "examples", json!([example()]))
}

fn example() -> Json {
    json!({
        "table": "How urgent a request is",
        "inputs": {
            "waiting": { "from": "conversation.age", "type": "whole" },
            "routing": { "from": "channel.routing", "type": "text", "values": ["PUSH", "PULL", "EXTERNAL"] },
        },
        "outputs": ["priority", "why"],
        "rows": [
            { "if": { "routing": "PULL" }, "then": { "priority": 1, "why": "agents pick their work" } },
            { "if": { "waiting": ">= 600" }, "then": { "priority": 8, "why": "has waited {{waiting}} s" } },
        ],
        "otherwise": { "priority": 5, "why": "nothing makes it urgent" },
    })
}

fn input() -> Json {
    let kind = words([
        ("text", "A text."),
        ("number", "A number with fractions."),
        ("whole", "A whole number."),
        ("truth", "`true` or `false`."),
    ]);
    object(
        "Something the table looks at.",
        [
            must("from", "Where its value comes from: an expression such as `event.reason`.", text()),
            must("type", "What it holds.", kind),
            may("values", "All it can say; then a row that is missing is found.", list(&text())),
        ],
    )
}

/// Values of outputs by name.
fn outputs() -> Json {
    map(&word(), &json!({ "description": "A value; a text can show inputs: `waited {{waiting}} s`." }))
}

fn row() -> Json {
    let cell = json!({
        "description": "A value, a list of values, a range (`1..5`, `>= 5`), `any`, or `not:` with values.",
        "type": ["string", "number", "boolean", "array", "object", "null"],
    });
    object(
        "A row.",
        [
            may("if", "Conditions by input; an input left out may be anything.", map(&word(), &cell)),
            must("then", "What the row says, every output.", outputs()),
        ],
    )
}

/// The schema of `rules/*.cases.yaml`.
pub(super) fn cases() -> Json {
    let doc = "Cases: facts, and what a rule or table must decide. The file has the name of the rules or the table it tests.";
    let rule = "The function that is asked; for a table it is left out.";
    let schema = object(
        doc,
        [
            may("rule", &format!("{rule} A case may name another."), text()),
            must("cases", "The cases.", list(&case(rule))),
        ],
    );
    let example = json!({
        "rule": "queue",
        "cases": [{
            "name": "the request names its queue",
            "facts": { "event": { "queue": "cards" } },
            "expect": { "queue": "cards" },
        }],
    });
    with(with(schema, "title", json!("Convene cases of rules")), "examples", json!([example]))
}

fn case(rule: &str) -> Json {
    let facts = "Facts that differ from a conversation in which nothing has happened.";
    let facts_schema = json!({ "type": ["object", "null"] });
    let mut case = object(
        "A case.",
        [
            must("name", "What it shows, in one line.", text()),
            may("rule", rule, text()),
            may("facts", facts, facts_schema),
            may("expect", "What is decided; of a map only what is named here.", json!({})),
            may("error", "Words of the error, when the rule must break.", text()),
        ],
    );
    case["oneOf"] = json!([{ "required": ["expect"] }, { "required": ["error"] }]);
    case
}
