//! The files of the repository: the schemas themselves, and everything that keeps them.

use std::collections::BTreeSet;
use std::fs;

use convene_core::model::Json;
use convene_core::schema;

use super::common::{as_json, files, root};
use super::judge::Judge;

#[test]
fn the_files_of_the_repository_are_up_to_date() {
    let folder = root().join("schemas");
    let rewrite = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut known = BTreeSet::new();
    for (name, schema) in schema::all() {
        let path = folder.join(format!("{name}.schema.json"));
        let text = format!("{schema:#}\n");
        if rewrite {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{} is stale: run `convene schema --out schemas`", path.display());
        known.insert(format!("schemas/{name}.schema.json"));
    }
    let there: BTreeSet<String> = files("schemas", ".json").into_iter().map(|(name, _)| name).collect();
    assert_eq!(there, known, "a file without a schema, or the reverse");
}

#[test]
fn every_schema_names_itself_and_explains_every_key() {
    for (name, schema) in schema::all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("{name}.schema.json"));
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
        unexplained(&schema, name);
        for source in ["domain.md", "section ", "::"] {
            assert!(
                !schema.to_string().contains(source),
                "{name} speaks of {source}, which its readers have not"
            );
        }
    }
}

/// Every key that a schema introduces has a sentence.
fn unexplained(part: &Json, at: &str) {
    match part {
        Json::Object(map) => {
            // Conditions repeat keys that are explained where they are introduced.
            for (word, value) in
                map.iter().filter(|(word, _)| !matches!(word.as_str(), "if" | "then" | "else"))
            {
                let introduces = word == "properties" && part["type"] != Json::Null && !at.ends_with("/Body");
                for (key, property) in value.as_object().into_iter().flatten().filter(|_| introduces) {
                    let text = property["description"].as_str().unwrap_or_default();
                    let trivial = matches!(key.as_str(), "name" | "key" | "value") && !at.contains("/$defs/");
                    assert!(trivial || text.ends_with(['.', '`']), "{at}.{key} says {text:?}");
                }
                unexplained(value, &format!("{at}/{word}"));
            }
        }
        Json::Array(list) => list.iter().for_each(|item| unexplained(item, at)),
        _ => {}
    }
}

#[test]
fn every_shipped_file_is_valid() {
    let judge = Judge::new();
    let mut problems = Vec::new();
    for (folder, ending, default) in [
        ("flows", ".yaml", "flow"),
        ("tests/bench.d/flows", ".yaml", "flow"),
        ("tests/scenarios", ".yaml", "scenario"),
        ("rules", ".table.yaml", "table"),
        ("rules", ".cases.yaml", "cases"),
    ] {
        for (file, text) in files(folder, ending) {
            let name = if file.ends_with("/centre.yaml") { "centre" } else { default };
            problems.extend(judge.check(name, &as_json(&file, &text)).err().map(|e| format!("{file}: {e}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_examples_of_the_schemas_are_valid() {
    let judge = Judge::new();
    for (name, schema) in schema::all() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            judge.check(name, example).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
