//! `convene validate --kind …`: messages in files, all their faults at once, as findings like any other.

use std::fs;

use serde_json::Value;

use super::{convene, copy, fresh};

const GOOD: &str = r#"{"header":{"channelData":{"channelCustomerIdentifier":"nina","serviceIdentifier":"1218"}},
    "body":{"type":"PLAIN","markdownText":"Hello"}}"#;

#[test]
fn every_fault_of_every_message_is_a_finding() {
    let dir = fresh("messages");
    fs::write(dir.join("good.json"), GOOD).unwrap();
    fs::write(dir.join("list.json"), format!("[{GOOD},\n{GOOD}]")).unwrap();
    fs::write(
        dir.join("bad.json"),
        "{\n  \"id\": 5,\n  \"header\": {},\n  \"body\": {\"type\": \"URL\"}\n}\n",
    )
    .unwrap();
    let check = |more: &[&str]| convene(&dir, &[&["validate", "--kind", "cim-message"], more].concat());

    let (code, out, err) = check(&["good.json", "list.json"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "3 messages: 0 errors, 0 warnings\n", ""));
    let (code, out, err) = check(&["bad.json", "good.json"]);
    assert_eq!((code, out.as_str()), (1, "2 messages: 3 errors, 0 warnings\n"), "{err}");
    for said in [
        "--> bad.json:2:9",
        "`id`: expected",
        "`header.channelData` is missing",
        "`body.mediaUrl` is required",
    ] {
        assert!(err.contains(said), "{said}: {err}");
    }
    let (code, json, _) = check(&["bad.json", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &json["errors"], &json["findings"][0]["code"]),
        (1, &3.into(), &"message::wrong_field".into())
    );
    let (code, sarif, _) = check(&["bad.json", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!((code, run["results"].as_array().unwrap().len()), (1, 3));
    assert!(
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().any(|r| r["id"] == "message::wrong_field")
    );
}

#[test]
fn what_the_engine_refuses_whatever_its_deployment_is_refused_here() {
    let dir = fresh("messages-refused");
    for (number, text) in [
        "{}",
        r#"{"header":{"channelData":{"channelCustomerIdentifier":"","serviceIdentifier":"1218"},"intent":"X"}}"#,
        r#"{"header":{"channelData":{"channelCustomerIdentifier":"nina"},"intent":"X"}}"#,
        r#"{"header":{"channelData":{"channelCustomerIdentifier":"nina","serviceIdentifier":"1218"}}}"#,
        "[]",
        "5",
        "{",
    ]
    .iter()
    .enumerate()
    {
        let file = format!("{number}.json");
        fs::write(dir.join(&file), text).unwrap();
        let (code, _, err) = convene(&dir, &["validate", "--kind", "cim-message", &file]);
        assert!(code == 1 && err.contains("error[message::"), "{text}: {code} {err}");
    }
    fs::write(dir.join("event.json"), r#"[{"name":"A"},{"id":"e2"}]"#).unwrap();
    let (code, _, err) = convene(&dir, &["validate", "--kind", "cim-event", "event.json"]);
    assert!(code == 1 && err.contains("event.json:1:15") && err.contains("`name` is missing"), "{err}");
}

#[test]
fn a_missing_file_hides_nothing_that_was_found_in_the_others() {
    let dir = copy("messages-missing");
    fs::write(dir.join("flows/inbound.yaml"), "flow: inbound\nnodes: [").unwrap();
    for arguments in [["flows/inbound.yaml", "missing.yaml"], ["missing.yaml", "flows/inbound.yaml"]] {
        let (code, out, err) = convene(&dir, &[&["validate"], &arguments[..]].concat());
        assert!(code == 2 && err.contains("convene: missing.yaml: there is no such file"), "{err}");
        assert!(err.contains("--> flows/inbound.yaml:") && out.contains("1 files: "), "{out}{err}");
    }
    let (code, json, _) = convene(&dir, &["validate", "missing.yaml", "--format", "json"]);
    assert_eq!((code, json.as_str()), (2, "{\"errors\":0,\"findings\":[]}\n"));
    let (code, _, err) = convene(&dir, &["validate", "--kind", "cim-message", "missing.json"]);
    assert!(code == 2 && err.contains("missing.json"), "{err}");
    let (code, _, err) = convene(&dir, &["validate", "rules"]);
    assert!(code == 2 && err.contains("did you mean the deployment, rules/..?"), "{err}");
}

#[test]
fn the_hint_explains_an_error_before_a_warning() {
    let dir = copy("messages-hint");
    fs::write(dir.join("flows/a_first.yml"), "flow: a\n").unwrap();
    let text = fs::read_to_string(dir.join("flows/inbound.yaml")).unwrap();
    fs::write(
        dir.join("flows/inbound.yaml"),
        text.replace("then: bring_the_bot\n", "then: bring_the_bott\n"),
    )
    .unwrap();
    let (_, _, err) = convene(&dir, &["validate"]);
    let (warning, error) = (err.find("warning[").unwrap(), err.find("error[flow::unknown_node]").unwrap());
    assert!(error < warning && err.contains("`convene validate --explain flow::unknown_node` says"), "{err}");
}
