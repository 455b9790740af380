//! Paths and names as people give them: without folder, from within the folder, from the environment.

use std::fs;
use std::path::Path;

use super::{convene, convene_with, copy, root, scenario};

#[test]
fn a_file_named_from_within_its_folder_is_what_it_is_from_outside() {
    let dir = copy("within");
    let (flows, rules) = (dir.join("flows"), dir.join("rules"));
    for (within, name) in [
        (&flows, "inbound.yaml"),
        (&flows, "./inbound.yaml"),
        (&flows, "../flows/centre.yaml"),
        (&rules, "queues.rhai"),
    ] {
        let (code, out, err) = convene(within, &["validate", name]);
        assert_eq!((code, out.as_str()), (0, "1 files: 0 errors, 0 warnings\n"), "{name}: {err}");
    }
    let (code, out, err) = convene(&rules, &["test", "leaving.cases.yaml"]);
    assert!(code == 0 && out.contains(" tests: ") && !out.starts_with("0 "), "{out}{err}");
    fs::write(flows.join("inbound.yaml"), "flow: inbound\nnodes: [").unwrap();
    let (code, _, err) = convene(&flows, &["validate", "inbound.yaml"]);
    assert!(code == 1 && err.contains("--> flows/inbound.yaml:"), "{err}");
}

#[test]
fn scenarios_are_checked_with_their_deployment_and_in_folders_inside_theirs() {
    let dir = copy("scenario-folders");
    let folder = dir.join("tests/scenarios/sub");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.yaml"), "scenario: A\nwhen: [{ at: 1s, agent: nobody, does: login }]\n")
        .unwrap();
    for path in [&[][..], &["tests/scenarios"], &["tests/scenarios/sub"]] {
        let (code, out, err) = convene(&dir, &[&["validate"], path].concat());
        assert!(code == 1 && err.contains("sub/a.yaml:2:"), "{path:?}: {code} {out}{err}");
    }
    let (_, out, err) = convene(&dir, &["simulate", "tests/scenarios"]);
    assert!(format!("{out}{err}").contains("sub/a.yaml"), "{out}{err}");
    fs::write(dir.join("rules/queues.cases.yml"), "cases: []\n").unwrap();
    let (_, _, err) = convene(&dir, &["validate"]);
    assert!(err.contains("--> rules/queues.cases.yml:1:1") && err.contains("`.cases.yaml`"), "{err}");
}

#[test]
fn a_file_outside_a_deployment_is_checked_as_what_its_first_key_says() {
    let dir = copy("outside");
    fs::rename(dir.join("flows/inbound.yaml"), dir.join("inbound.yaml")).unwrap();
    fs::rename(dir.join("flows/centre.yaml"), dir.join("centre.yaml")).unwrap();
    let name = scenario(&dir, super::WHOLE);
    assert_eq!(convene(&dir, &["validate", name.to_str().unwrap()]).0, 0);
    for (file, said) in [
        (
            "inbound.yaml",
            "inbound.yaml: this is a flow; it is checked with its deployment, in a folder `flows`",
        ),
        (
            "centre.yaml",
            "centre.yaml: this is a centre; it is checked with its deployment, in a folder `flows`",
        ),
    ] {
        let (code, _, err) = convene(&dir, &["validate", file]);
        assert!(code == 2 && err.contains(said), "{code} {err}");
    }
    fs::write(dir.join("note.yaml"), "# what is this?\nwords: 1\n").unwrap();
    let (code, _, err) = convene(&dir, &["validate", "note.yaml"]);
    assert!(code == 2 && err.contains("begins with `flow:`, `centre:` or `scenario:`"), "{code} {err}");
    fs::write(dir.join("queues.rhai"), "fn a(facts) { 1 }").unwrap();
    let (code, _, err) = convene(&dir, &["validate", "queues.rhai"]);
    assert!(code == 2 && err.contains("in a folder `rules`"), "{code} {err}");
}

#[test]
fn validate_and_test_look_where_convene_dir_says() {
    let elsewhere = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let dir = root();
    let there = [("CONVENE_DIR", dir.to_str().unwrap())];
    for command in ["validate", "test"] {
        let (code, out, err) = convene_with(elsewhere, &there, &[command]);
        assert_eq!(code, 0, "{command}: {out}{err}");
        let (code, _, err) = convene_with(elsewhere, &[("CONVENE_DIR", "nowhere")], &[command]);
        assert!(code == 2 && err.contains("nowhere: there is no such file or folder"), "{command}: {err}");
        let named = [command, dir.to_str().unwrap()];
        assert_eq!(convene_with(elsewhere, &[("CONVENE_DIR", "nowhere")], &named).0, 0, "what is named wins");
    }
}
