//! Documents for programs: whatever goes wrong stands in them, and there is always one.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{WHOLE, convene, copy, scenario};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text:?}"))
}

/// A copy of the deployment with one of its files replaced.
fn broken(name: &str, file: &str, text: &str) -> std::path::PathBuf {
    let dir = copy(name);
    fs::write(dir.join(file), text).unwrap();
    dir
}

/// Runs a command in both formats; gives the JSON and the JUnit document of a run that ends with findings.
fn both(dir: &Path, arguments: &[&str]) -> (Value, String) {
    let run = |format| {
        let (code, out, err) = convene(dir, &[arguments, &["--format", format]].concat());
        assert_eq!(code, 1, "{arguments:?}: {out}{err}");
        out
    };
    (json(&run("json")), run("junit"))
}

#[test]
fn tests_that_cannot_be_compiled_are_errors_in_every_format() {
    let dir = broken("formats-tests", "rules/queues_test.rhai", "fn test_it( {\n");
    let (json, junit) = both(&dir, &["test"]);
    let finding = &json["findings"][0];
    assert_eq!((&finding["code"], &finding["line"]), (&"rule::syntax".into(), &1.into()), "{json}");
    assert_eq!(finding["file"], "rules/queues_test.rhai");
    assert!(!json["tests"].as_array().unwrap().is_empty(), "the others are run");
    assert!(junit.contains("errors=\"1\"") && junit.contains("<error>error[rule::syntax]"), "{junit}");
}

#[test]
fn a_broken_deployment_is_no_empty_green_suite() {
    let dir = broken("formats-deployment", "flows/inbound.yaml", "flow: inbound\nnodes: [");
    let name = scenario(&dir, WHOLE).file_name().unwrap().to_str().unwrap().to_owned();
    for arguments in [&["test"][..], &["test", "--coverage"], &["simulate", &name]] {
        let (json, junit) = both(&dir, arguments);
        assert!(json["findings"][0]["code"].as_str().unwrap().starts_with("yaml::"), "{json}");
        assert_eq!(json["findings"][0]["file"], "flows/inbound.yaml");
        assert!(
            junit.contains("classname=\"flows/inbound.yaml\"") && !junit.contains("errors=\"0\""),
            "{junit}"
        );
    }
    let (code, out, _) = convene(&dir, &["test", "--mutate", "--format", "json"]);
    assert_eq!((code, json(&out)["findings"][0]["file"].as_str()), (1, Some("flows/inbound.yaml")));
}

#[test]
fn a_broken_scenario_is_a_finding_of_the_coverage() {
    let dir = copy("formats-scenario");
    fs::create_dir_all(dir.join("tests/scenarios")).unwrap();
    fs::write(dir.join("tests/scenarios/a.yaml"), "scenario: Not one\nwhen: 5\n").unwrap();
    let (json, junit) = both(&dir, &["test", "--coverage"]);
    assert!(json["findings"][0]["message"].as_str().unwrap().contains("tests/scenarios/a.yaml"), "{json}");
    assert!(!json["tests"].as_array().unwrap().is_empty() && junit.contains("errors=\"1\""), "{junit}");
}

#[test]
fn what_would_be_ignored_is_refused() {
    let dir = copy("formats-ignored");
    for ignored in [
        &["--watch", "--format", "junit"][..],
        &["--watch", "--min", "100"],
        &["--watch", "--coverage"],
        &["--watch", "--scenarios", "flows"],
        &["--watch", "--mutate"],
        &["--mutate", "--filter", "a"],
        &["--mutate", "--format", "junit"],
        &["--mutate", "--format", "lcov"],
    ] {
        let (code, _, err) = convene(&dir, &[&["test"], ignored].concat());
        assert!(code == 2 && err.contains(ignored[0]), "{ignored:?}: {code} {err}");
    }
    let (code, _, err) = convene(&dir, &["test", "--filter", "zzz"]);
    assert!(code == 2 && err.contains("--filter zzz finds nothing in the name of any test"), "{code} {err}");
}

#[test]
fn a_scenario_without_its_transcript_does_not_pass_and_an_unmet_one_shows_what_happens() {
    let dir = copy("formats-new");
    let path = scenario(&dir, WHOLE);
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(&path).unwrap();
    let expects = "  - { at: 90s, of: guest, expect: conversation.primaries == 7 }\nuntil: ";
    let unmet = text.replace("until: ", expects);
    fs::remove_file(path.with_extension("txt")).unwrap();
    let (code, out, _) = convene(&dir, &["simulate", &name]);
    assert!(code == 1 && out.starts_with("NEW     "), "{code} {out}");
    let (code, out, _) = convene(&dir, &["simulate", &name, "--format", "junit"]);
    assert!(code == 1 && out.contains("failures=\"1\""), "{code} {out}");
    fs::write(&path, unmet).unwrap();
    let (code, out, err) = convene(&dir, &["simulate", &name]);
    assert!(code == 1 && out.starts_with("UNMET   ") && out.contains("guest reads"), "{code} {out}{err}");
}
