//! A judge of JSON Schema 2020-12, as far as our schemas go.
//!
//! The published ones bring many crates and turn on hashing that is seeded at run time, for the
//! rules under test too. This one knows the keywords our schemas use and refuses to work with any other,
//! so that none is overlooked.

use std::collections::BTreeMap;

use convene_core::model::Json;
use convene_core::schema;
use regex::Regex;

/// Keywords that say something to people only.
const NOTES: &[&str] =
    &["$schema", "$id", "$defs", "title", "description", "examples", "default", "format", "then", "else"];

/// Every schema, ready to check with.
pub(crate) struct Judge {
    schemas: BTreeMap<&'static str, Json>,
    patterns: BTreeMap<String, Regex>,
}

/// What is wrong first, and where; nothing when all is well.
type Verdict = Result<(), String>;

impl Judge {
    /// Takes them all; an unknown keyword, a reference to nowhere or a pattern that is none ends the
    /// test.
    pub(crate) fn new() -> Self {
        let mut judge = Self { schemas: BTreeMap::new(), patterns: BTreeMap::new() };
        for (name, schema) in schema::all() {
            judge.learn(name, &schema, &schema);
            judge.schemas.insert(name, schema);
        }
        judge
    }

    /// Looks at a schema and everything below it.
    fn learn(&mut self, name: &str, whole: &Json, schema: &Json) {
        let Json::Object(map) = schema else {
            assert!(schema.is_boolean(), "{name}: {schema} is no schema");
            return;
        };
        for (keyword, value) in map {
            match keyword.as_str() {
                "$ref" => assert!(target(whole, value).is_some(), "{name}: {value} leads nowhere"),
                "pattern" => {
                    let text = value.as_str().unwrap().to_owned();
                    let pattern = Regex::new(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
                    self.patterns.insert(text, pattern);
                }
                "properties" | "$defs" | "dependentSchemas" => {
                    value.as_object().unwrap().values().for_each(|part| self.learn(name, whole, part));
                }
                "oneOf" | "anyOf" | "allOf" => {
                    value.as_array().unwrap().iter().for_each(|part| self.learn(name, whole, part));
                }
                "items" | "additionalProperties" | "propertyNames" | "not" | "if" | "then" | "else" => {
                    self.learn(name, whole, value);
                }
                "type" | "enum" | "const" | "required" | "minLength" | "maxLength" | "minimum"
                | "maximum" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {}
                other => assert!(NOTES.contains(&other), "{name}: {other} is not known here"),
            }
        }
    }

    /// Why a value does not keep the schema of this name.
    pub(crate) fn check(&self, name: &str, value: &Json) -> Verdict {
        let whole = self.schemas.get(name).unwrap_or_else(|| panic!("no schema is called {name}"));
        self.judge(whole, whole, value, "")
    }

    fn judge(&self, whole: &Json, schema: &Json, value: &Json, at: &str) -> Verdict {
        let Json::Object(map) = schema else {
            return holds(schema == &Json::Bool(true), at, || "nothing may stand here".to_owned());
        };
        for (keyword, wanted) in map {
            self.keyword(whole, (keyword, wanted), schema, value, at)?;
        }
        Ok(())
    }

    fn keyword(&self, whole: &Json, rule: (&str, &Json), schema: &Json, value: &Json, at: &str) -> Verdict {
        let (keyword, wanted) = rule;
        let fits = |part: &Json| self.judge(whole, part, value, at);
        match keyword {
            "$ref" => fits(target(whole, wanted).unwrap()),
            "allOf" => wanted.as_array().unwrap().iter().try_for_each(fits),
            "anyOf" | "oneOf" => {
                let verdicts: Vec<Verdict> = wanted.as_array().unwrap().iter().map(fits).collect();
                let good = verdicts.iter().filter(|v| v.is_ok()).count();
                let enough = if keyword == "oneOf" { good == 1 } else { good > 0 };
                holds(enough, at, || format!("{good} of {keyword} hold: {verdicts:?}"))
            }
            "not" => holds(fits(wanted).is_err(), at, || "this may not stand here".to_owned()),
            "if" => {
                let then = if fits(wanted).is_ok() { "then" } else { "else" };
                schema.get(then).map_or(Ok(()), fits)
            }
            "dependentSchemas" => {
                let there = wanted.as_object().unwrap().iter().filter(|(key, _)| value.get(key).is_some());
                there.map(|(_, part)| part).try_for_each(fits)
            }
            "properties" | "additionalProperties" | "propertyNames" | "items" => {
                self.inside(whole, rule, schema, value, at)
            }
            "pattern" => {
                let matches = |text: &str| self.patterns[wanted.as_str().unwrap()].is_match(text);
                holds(value.as_str().is_none_or(matches), at, || format!("{value} is not {wanted}"))
            }
            _ => holds(simple(keyword, wanted, value), at, || format!("{value} against {keyword} {wanted}")),
        }
    }

    /// What stands inside an object or a list.
    fn inside(&self, whole: &Json, rule: (&str, &Json), schema: &Json, value: &Json, at: &str) -> Verdict {
        let (keyword, wanted) = rule;
        let items = value.as_array().into_iter().flatten().filter(|_| keyword == "items").enumerate();
        for (index, item) in items {
            self.judge(whole, wanted, item, &format!("{at}/{index}"))?;
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            let known = schema["properties"].get(key);
            match (keyword, known) {
                ("properties", Some(part)) => self.judge(whole, part, inner, &at)?,
                ("additionalProperties", None) => self.judge(whole, wanted, inner, &at)?,
                ("propertyNames", _) => self.judge(whole, wanted, &Json::from(key.as_str()), &at)?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn holds(good: bool, at: &str, why: impl FnOnce() -> String) -> Verdict {
    if good { Ok(()) } else { Err(format!("{at}: {}", why())) }
}

/// Where a reference leads.
fn target<'a>(whole: &'a Json, reference: &Json) -> Option<&'a Json> {
    whole.pointer(reference.as_str()?.strip_prefix('#')?)
}

/// Keywords that look at the value alone.
fn simple(keyword: &str, wanted: &Json, value: &Json) -> bool {
    let length = match keyword {
        "minLength" | "maxLength" => value.as_str().map(|text| text.chars().count()),
        "minItems" | "maxItems" => value.as_array().map(Vec::len),
        "minProperties" | "maxProperties" => value.as_object().map(serde_json::Map::len),
        _ => None,
    };
    let limit = wanted.as_f64().unwrap_or_default();
    match keyword {
        "type" => match wanted {
            Json::Array(kinds) => kinds.iter().any(|kind| is_a(kind, value)),
            kind => is_a(kind, value),
        },
        "enum" => wanted.as_array().unwrap().contains(value),
        "const" => wanted == value,
        "required" => {
            let keys = wanted.as_array().unwrap();
            !value.is_object() || keys.iter().all(|key| value.get(key.as_str().unwrap()).is_some())
        }
        "minimum" => value.as_f64().is_none_or(|number| number >= limit),
        "maximum" => value.as_f64().is_none_or(|number| number <= limit),
        other if other.starts_with("min") => length.is_none_or(|length| length as f64 >= limit),
        other if other.starts_with("max") => length.is_none_or(|length| length as f64 <= limit),
        _ => true,
    }
}

fn is_a(kind: &Json, value: &Json) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

#[test]
fn the_judge_refuses() {
    let judge = |schema: Json, value: Json| {
        let mut judge = Judge { schemas: BTreeMap::new(), patterns: BTreeMap::new() };
        judge.learn("t", &schema, &schema);
        judge.schemas.insert("t", schema);
        judge.check("t", &value).is_ok()
    };
    let json = |text: &str| -> Json { serde_json::from_str(text).unwrap() };
    for (schema, good, bad) in [
        (r#"{"type": ["string", "null"]}"#, "null", "5"),
        (r#"{"type": "integer", "minimum": 1, "maximum": 3}"#, "3.0", "4"),
        (r#"{"type": "integer"}"#, "1", "1.5"),
        (r#"{"enum": ["a", 1]}"#, "1", "2"),
        (r#"{"const": true}"#, "true", "false"),
        (r#"{"pattern": "^a$"}"#, "5", r#""b""#),
        (r#"{"minLength": 2, "maxLength": 3}"#, r#""äöü""#, r#""a""#),
        (r#"{"minItems": 1, "items": {"type": "string"}}"#, r#"["a"]"#, r#"["a", 1]"#),
        (r#"{"maxItems": 1}"#, "[1]", "[1, 2]"),
        (r#"{"minProperties": 1, "maxProperties": 1}"#, r#"{"a": 1}"#, "{}"),
        (r#"{"required": ["a"], "properties": {"a": {"const": 1}}}"#, r#"{"a": 1, "b": 2}"#, r#"{"b": 1}"#),
        (r#"{"properties": {"a": false}}"#, r#"{"b": 1}"#, r#"{"a": 1}"#),
        (r#"{"properties": {"a": {}}, "additionalProperties": false}"#, r#"{"a": 1}"#, r#"{"b": 1}"#),
        (r#"{"propertyNames": {"pattern": "^a"}}"#, r#"{"ab": 1}"#, r#"{"b": 1}"#),
        (r#"{"anyOf": [{"const": 1}, {"const": 2}]}"#, "2", "3"),
        (r#"{"oneOf": [{"type": "number"}, {"minimum": 5}]}"#, "4", "5"),
        (r#"{"allOf": [{"minimum": 1}, {"maximum": 2}]}"#, "2", "3"),
        (r#"{"not": {"enum": ["done"]}}"#, r#""a""#, r#""done""#),
        (r#"{"if": {"const": 1}, "then": false}"#, "2", "1"),
        (r#"{"if": {"const": 1}, "else": false}"#, "1", "2"),
        (r#"{"dependentSchemas": {"a": {"required": ["b"]}}}"#, r#"{"c": 1}"#, r#"{"a": 1}"#),
        (r##"{"$defs": {"a": {"const": 1}}, "$ref": "#/$defs/a"}"##, "1", "2"),
    ] {
        assert!(judge(json(schema), json(good)), "{schema} refuses {good}");
        assert!(!judge(json(schema), json(bad)), "{schema} takes {bad}");
    }
}
