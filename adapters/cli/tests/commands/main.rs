//! The command as people use it: what it prints, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic)]

mod formats;
mod messages;
mod naming;
mod sending;
mod settings;
mod talking;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository, which is the shipped deployment.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An empty folder of the test's own.
fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A folder of the test's own with a copy of the shipped deployment.
fn copy(name: &str) -> PathBuf {
    let to = fresh(name);
    for folder in ["flows", "rules"] {
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
        }
    }
    to
}

/// One of the shipped scenarios and its transcript, copied beside a deployment.
fn scenario(into: &Path, name: &str) -> PathBuf {
    for ending in ["yaml", "txt"] {
        let file = format!("{name}.{ending}");
        fs::copy(root().join("tests/scenarios").join(&file), into.join(&file)).unwrap();
    }
    into.join(format!("{name}.yaml"))
}

fn convene(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    convene_with(dir, &[], arguments)
}

/// Settings that a machine may have and a test must not see.
const SETTINGS: &[&str] = &["DATABASE_URL", "AMQP_URL", "CONVENE_LISTEN", "CONVENE_DIR", "CONVENE_LOG"];

/// The command, not yet started.
fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convene"));
    for name in SETTINGS {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(dir).env("NO_COLOR", "1");
    command
}

/// The same with these environment variables.
fn convene_with(dir: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let mut command = command(dir, arguments);
    let Output { status, stdout, stderr } = command.envs(settings.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

const WHOLE: &str = "the-whole-way-from-greeting-to-close";

#[test]
fn simulate_plays_every_shipped_scenario_as_its_transcript_says() {
    let count = fs::read_dir(root().join("tests/scenarios")).unwrap();
    let count = count.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "yaml")).count();
    let (code, out, _) = convene(&root(), &["simulate", "tests/scenarios"]);
    assert!(out.starts_with(&format!("{count} scenarios: {count} as they should (")), "{out}");
    assert_eq!(code, 0);
}

#[test]
fn simulate_shows_what_a_change_of_the_flows_changes_and_keeps_it_when_told_to() {
    let dir = copy("simulate");
    let name = scenario(&dir, WHOLE).file_name().unwrap().to_str().unwrap().to_owned();
    let centre = dir.join("flows/centre.yaml");
    let text = fs::read_to_string(&centre).unwrap();
    let line = text.lines().find(|l| l.trim_start().starts_with("welcome:")).unwrap();
    fs::write(&centre, text.replace(line, "  welcome: Good morning!")).unwrap();

    let (code, out, _) = convene(&dir, &["simulate", &name]);
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with(&format!("CHANGED {name}\n--- {WHOLE}.txt\n+++ now\n@@ ")), "{out}");
    assert!(out.contains("Good morning!"), "{out}");
    assert!(out.lines().any(|l| l.starts_with("-  ")) && out.lines().any(|l| l.starts_with("+  ")), "{out}");
    assert!(out.contains("1 scenarios: 0 as they should, 1 changed"), "{out}");

    let (code, out, _) = convene(&dir, &["simulate", &name, "--update"]);
    assert_eq!((code, out.starts_with("KEPT    ")), (0, true), "{out}");
    assert_eq!(convene(&dir, &["simulate", "."]).0, 0);
    let (code, out, _) = convene(&dir, &["simulate", &name, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["scenarios"][0]["outcome"]), (0, &"as_before".into()));
}

#[test]
fn simulate_tells_a_changed_scenario_from_a_broken_one_and_a_missing_one() {
    let dir = copy("broken");
    scenario(&dir, WHOLE);
    fs::write(dir.join("a.yaml"), "scenario: Not one\nwhen:\n  - { at: 0s, custommer: nina, says: Hello }\n")
        .unwrap();
    fs::write(dir.join("b & \"c\".yaml"), fs::read_to_string(dir.join(format!("{WHOLE}.yaml"))).unwrap())
        .unwrap();
    fs::write(dir.join("b & \"c\".txt"), "Something else\n").unwrap();
    let (code, out, _) = convene(&dir, &["simulate", "."]);
    assert_eq!(code, 1);
    assert!(out.contains("BROKEN  ./a.yaml\nerror[") && out.contains("custommer"), "{out}");
    assert!(out.contains("3 scenarios: 1 as they should, 1 changed, 1 broken"), "{out}");
    let (code, out, _) = convene(&dir, &["simulate", ".", "--format", "junit"]);
    assert_eq!(code, 1);
    assert!(out.contains("<testsuite name=\"scenarios\" tests=\"3\" failures=\"1\" errors=\"1\" "), "{out}");
    assert!(out.contains("<testcase name=\"b &amp; &quot;c&quot;\""), "{out}");

    let (code, _, said) = convene(&dir, &["simulate", "nowhere.yaml"]);
    assert_eq!((code, said.as_str()), (2, "convene: nowhere.yaml: there is no such file or folder\n"));
    fs::write(dir.join("flows/inbound.yaml"), "flow: inbound\nnodes: [").unwrap();
    let (code, out, said) = convene(&dir, &["simulate", "."]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(said.contains("error[") && said.contains("nothing was played"), "{said}");
}

#[test]
fn test_runs_the_cases_and_tests_of_the_shipped_rules() {
    let (code, out, said) = convene(&root(), &["test"]);
    assert_eq!((code, said.as_str()), (0, ""), "{out}");
    assert!(out.contains(" tests: ") && out.contains(" 0 failed, 0 errors, 0 skipped"), "{out}");
    let (_, json, _) = convene(&root(), &["test", "--filter", "^goodbye$", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let goodbye = &json["tests"][0];
    assert_eq!(
        (&goodbye["file"], &goodbye["outcome"]),
        (&"rules/concierge.cases.yaml".into(), &"pass".into())
    );
    assert_eq!(json["tests"].as_array().unwrap().len(), 1);
}

#[test]
fn test_tells_failures_from_errors_and_both_from_a_missing_file() {
    let dir = copy("test");
    let cases = "rule: last_agent\ncases:\n  - { name: wrong, expect: { agent: 1 } }\n";
    fs::write(dir.join("rules/queues.cases.yaml"), cases).unwrap();
    let tests = "fn test_broken() { no_such_thing(); }\nfn todo_later() { }\n";
    fs::write(dir.join("rules/queues_test.rhai"), tests).unwrap();
    let (code, out, _) = convene(&dir, &["test", "rules/queues.cases.yaml", "rules/queues_test.rhai"]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("FAIL  rules/queues.cases.yaml:3 wrong\n      `last_agent` decides otherwise\n"),
        "{out}"
    );
    assert!(out.contains("ERROR rules/queues_test.rhai:1 broken\n      rules/queues_test.rhai:1: "), "{out}");
    assert!(
        out.contains(
            "SKIP  rules/queues_test.rhai:2 later\n3 tests: 0 passed, 1 failed, 1 errors, 1 skipped"
        ),
        "{out}"
    );
    let (code, _, said) = convene(&dir, &["test", "rules/queues.rhai"]);
    assert_eq!(
        (code, said.contains("tests are rules/*.cases.yaml and rules/*_test.rhai")),
        (2, true),
        "{said}"
    );
    assert_eq!(convene(&dir, &["test", "nowhere"]).0, 2);
    assert_eq!(convene(&dir, &["test", "--filter", "("]).0, 2);
    fs::write(dir.join("rules/queues.cases.yaml"), "rule: lst_agent\ncases: []\n").unwrap();
    let (code, _, said) = convene(&dir, &["test"]);
    assert_eq!((code, said.contains("did you mean `last_agent`?")), (1, true), "{said}");
}

#[test]
fn graph_draws_a_flow_by_name_or_file_in_three_ways() {
    let (code, by_name, _) = convene(&root(), &["graph", "inbound"]);
    assert_eq!(code, 0);
    assert!(by_name.contains("flowchart TD\n") && by_name.contains("n_greet"), "{by_name}");
    let (_, by_file, _) = convene(&root(), &["graph", "flows/inbound.yaml"]);
    assert_eq!(by_name, by_file);
    let (code, dot, _) = convene(&root(), &["graph", "routing", "--format", "dot"]);
    assert_eq!((code, dot.starts_with("digraph flow {")), (0, true));
    for flow in ["inbound", "routing", "tasks", "bots", "concierge", "timers"] {
        let (code, svg, said) = convene(&root(), &["graph", flow, "--format", "svg"]);
        assert_eq!(code, 0, "{flow}: {said}");
        assert!(svg.contains("<svg") && svg.contains("</svg>"), "{flow}: {svg}");
    }
    let (code, _, said) = convene(&root(), &["graph", "inbuond"]);
    assert_eq!(code, 2);
    assert!(said.contains("no flow is called \"inbuond\"; there are: bots, concierge, "), "{said}");
}

/// Ten ordinary ways to break the shipped deployment: file, what is replaced, by what, and what is said of it.
const BROKEN: &[(&str, &str, &str, &[&str])] = &[
    (
        "flows/inbound.yaml",
        "then: bring_the_bot\n",
        "then: bring_the_bott\n",
        &["flow::unknown_node", "flows/inbound.yaml:27:11", "did you mean `bring_the_bot`?"],
    ),
    (
        "flows/inbound.yaml",
        "AGENT_SUBSCRIBED:",
        "AGENT_SUBSCRIBD:",
        &["flow::unknown_event", "flows/inbound.yaml:10:3", "did you mean `AGENT_SUBSCRIBED`?"],
    ),
    (
        "flows/centre.yaml",
        "queue: general\n    request_ttl: 2m       #",
        "queue: genral\n    request_ttl: 2m       #",
        &["centre::unknown_queue", "flows/centre.yaml:63:12", "did you mean `general`?"],
    ),
    (
        "flows/concierge.yaml",
        "otherwise: listen\n    timeout: 30m\n    on_timeout: done\n\n",
        "otherwise: listen\n\n",
        &["flow::no_deadline", "flows/concierge.yaml:33:3", "add `timeout: 2m`"],
    ),
    (
        "flows/inbound.yaml",
        "  welcome:\n    say:",
        "  welcome:\n  say:",
        &["flow::no_verb", "flows/inbound.yaml:45:3", "Then indent it further"],
    ),
    (
        "flows/inbound.yaml",
        "  too_late:\n    revoke_request: { agent: \"=event.agent\", reason: CANCELLED }\n    then: no_agent_is_wanted\n",
        "",
        &["flow::unknown_node", "flows/inbound.yaml:58:55", "add a node `too_late`"],
    ),
    (
        "rules/queues.rhai",
        "fn priority(",
        "fn priorty(",
        &["flow::unknown_rule", "flows/routing.yaml:40:13", "did you mean `priorty`?"],
    ),
    (
        "flows/inbound.yaml",
        "priority: 11,",
        "priority: high,",
        &["yaml::wrong_type", "flows/inbound.yaml:156:51", "must be a whole number"],
    ),
    (
        "flows/inbound.yaml",
        "conversation.primaries > 0, go",
        "conversation.primaries >, go",
        &["flow::bad_expression", "flows/inbound.yaml:93:40"],
    ),
    (
        "flows/centre.yaml",
        "ring_time: 30s ",
        "ring_time: 20s\nring_time: 30s ",
        &["yaml::duplicate_key", "flows/centre.yaml:7:1", "first here"],
    ),
];

#[test]
fn validate_tells_where_an_ordinary_mistake_is_and_how_to_mend_it() {
    for (number, (file, find, put, said)) in BROKEN.iter().enumerate() {
        let dir = copy(&format!("broken-{number}"));
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert_eq!(text.matches(find).count(), 1, "{find} in {file}");
        fs::write(dir.join(file), text.replace(find, put)).unwrap();
        let (code, _, stderr) = convene(&dir, &["validate"]);
        assert_eq!(code, 1, "{put}: {stderr}");
        for words in *said {
            assert!(stderr.contains(words), "{words:?} is not in\n{stderr}");
        }
    }
}

#[test]
fn validate_explains_codes_and_writes_sarif() {
    let dir = copy("sarif");
    let (code, _, stderr) = convene(&dir, &["validate", "--explain", "flow::unknown_nod"]);
    assert!(code == 2 && stderr.contains("did you mean `flow::unknown_node`?"), "{stderr}");
    let (code, page, _) = convene(&dir, &["validate", "--explain", "flow::unknown_node"]);
    assert!(code == 0 && page.starts_with("# flow::unknown_node"), "{page}");

    fs::write(dir.join("flows/extra.yml"), "flow: extra\n").unwrap();
    fs::write(dir.join("flows/bad.yaml"), b"flow: caf\xe9\n").unwrap();
    let (code, stdout, _) = convene(&dir, &["validate", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &sarif["version"]), (1, &"2.1.0".into()));
    let run = &sarif["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0, "{place}");
    }
    let codes: Vec<&str> =
        run["results"].as_array().unwrap().iter().map(|r| r["ruleId"].as_str().unwrap()).collect();
    assert_eq!(codes, ["yaml::not_utf8", "deployment::ignored_file"]);
}

/// Copies the shipped scenarios beside a deployment, where they count toward its coverage.
fn scenarios(into: &Path) {
    fs::create_dir_all(into.join("tests/scenarios")).unwrap();
    for entry in fs::read_dir(root().join("tests/scenarios")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), into.join("tests/scenarios").join(entry.file_name())).unwrap();
    }
}

#[test]
fn test_covers_the_shipped_deployment_and_names_what_is_not_covered() {
    let (code, out, err) = convene(&root(), &["test", "--min", "95", "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let coverage = &serde_json::from_str::<serde_json::Value>(&out).unwrap()["coverage"][0];
    assert_eq!(coverage["nodesPercent"], 100, "{out}");
    assert!(coverage["waysPercent"].as_u64().unwrap() >= 95);

    let dir = copy("coverage");
    scenarios(&dir);
    let rules = fs::read_to_string(dir.join("rules/queues.rhai")).unwrap();
    let more =
        "    if facts.event.mode == \"NEVER\" {\n        return #{ agent: \"\", why: \"named\" };\n    }\n";
    let head = "fn last_agent(facts) {\n";
    fs::write(dir.join("rules/queues.rhai"), rules.replace(head, &format!("{head}{more}"))).unwrap();
    fs::remove_file(dir.join("tests/scenarios/nobody-is-free-in-time.yaml")).unwrap();
    let line = rules.lines().position(|l| l.starts_with("fn last_agent")).unwrap() + 1;
    let (code, out, err) = convene(&dir, &["test", "--coverage", "--min", "100"]);
    assert_eq!((code, err.contains("less than 100 %")), (3, true), "{err}");
    assert!(out.contains(&format!("  rules/queues.rhai:{} line\n", line + 2)), "{out}");
    assert!(out.contains(&format!("  rules/queues.rhai:{} if it holds\n", line + 1)), "{out}");
    let (code, lcov, _) = convene(&dir, &["test", "--format", "lcov"]);
    assert_eq!(code, 0);
    assert!(lcov.contains("SF:rules/queues.rhai\nDA:5,"), "{lcov}");
    assert!(lcov.contains(&format!("DA:{},0\n", line + 2)), "{lcov}");
}

#[test]
fn test_finds_the_faults_no_test_would_notice() {
    let (code, out, err) = convene(&root(), &["test", "--mutate"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("mutants: ") && out.contains(", 0 survived"), "{out}");

    let dir = copy("mutants");
    fs::remove_file(dir.join("rules/leaving.cases.yaml")).unwrap();
    let (code, out, _) = convene(&dir, &["test", "--mutate"]);
    assert_eq!(code, 1);
    assert!(out.contains("SURVIVED rules/leaving.table.yaml:12 row 1 is dropped\n"), "{out}");
}

#[test]
fn test_watches_and_runs_what_a_change_can_affect() {
    let dir = copy("watch");
    let mut watching = Command::new(env!("CARGO_BIN_EXE_convene"))
        .args(["test", "--watch"])
        .current_dir(&dir)
        .env("NO_COLOR", "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let cases = fs::read_to_string(dir.join("rules/leaving.cases.yaml")).unwrap();
    fs::write(
        dir.join("rules/leaving.cases.yaml"),
        cases.replace("find_another: true }", "find_another: 1 }"),
    )
    .unwrap();
    let next: Vec<String> = lines.by_ref().take(2).map(Result::unwrap).collect();
    let rest: Vec<String> =
        lines.by_ref().take_while(|l| !l.as_ref().unwrap().contains("tests:")).map(Result::unwrap).collect();
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(first.starts_with("33 tests: 33 passed"), "{first}");
    assert_eq!(next[0], "rules/leaving.cases.yaml changed");
    assert!(next[1].starts_with("FAIL  rules/leaving.cases.yaml"), "{next:?}");
    assert!(!rest.is_empty());
}

#[test]
fn validate_answers_hostile_files_at_once() {
    let nodes = |count: usize| {
        (0..count).map(|i| format!("  n{i}: {{ note: x, then: n{} }}\n", i + 1)).collect::<String>()
    };
    let multi = "flow: a\nstart: b\nnodes:\n  b:\n    choose:\n      - when: |\n          conversation.agents > 0 &&\n          \
                 conversation.sessions >\n        go: done\n      - { otherwise: true, go: done }\n";
    let bomb = "flow: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
    let files: [(&str, Vec<u8>, &str); 8] = [
        ("flows/a.yaml", bomb.into(), "yaml::anchor]: "),
        ("flows/a.yaml", vec![b'#'; 10_000_000], "yaml::too_large]: "),
        (
            "flows/a.yaml",
            format!("flow: a\nstart: n0\nnodes:\n{}", nodes(25_000)).into(),
            "yaml::too_many_nodes]: ",
        ),
        ("flows/a.yaml", (0..=255).cycle().take(100_000).collect(), "yaml::not_utf8]: "),
        ("flows/a.yaml", format!("flow: {}", "[".repeat(100_000)).into(), "yaml::too_deep]: "),
        ("flows/a.yaml", "flow: a\nstart: b\nnodes:\n\tb: {}\n".into(), "flows/a.yaml:4:1"),
        ("flows/a.yaml", multi.into(), "flows/a.yaml:8:33"),
        ("rules/x.rhai", vec![0xff; 1000], "yaml::not_utf8]: "),
    ];
    for (number, (file, bytes, said)) in files.into_iter().enumerate() {
        let dir = copy(&format!("hostile-{number}"));
        fs::write(dir.join(file), bytes).unwrap();
        let begun = std::time::Instant::now();
        let (code, _, err) = convene(&dir, &["validate"]);
        let took = begun.elapsed().as_secs_f64();
        assert!(code == 1 && err.contains(said) && !err.contains("panicked"), "{said}: {code} {err}");
        assert!(took < 5.0, "{said} took {took} s");
    }
    let dir = copy("hostile-folder");
    fs::create_dir(dir.join("flows/a.yaml")).unwrap();
    let (code, _, err) = convene(&dir, &["validate"]);
    assert!(code == 2 && err.contains("a file is expected here"), "{code} {err}");
}
