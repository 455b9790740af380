//! `convene chat` and `convene agent` against a running engine: names hold whatever people are called.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use super::{command, convene, copy};

/// A running engine; dropped, it is killed.
struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(dir: &Path) -> Running {
    let mut command = command(dir, &["run", "--listen", "127.0.0.1:0"]);
    let mut child = command.env("CONVENE_LOG", "info").stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let told =
        lines.find_map(|line| Some(line.split_once("\"address\":\"")?.1.split_once('"')?.0.to_owned()));
    std::thread::spawn(move || lines.for_each(drop));
    Running { child, url: format!("http://{}", told.expect("the address")) }
}

/// Reads until a line says this.
fn until(lines: &mut impl Iterator<Item = String>, said: &str) {
    let mut before = String::new();
    for line in lines {
        if line.contains(said) {
            return;
        }
        before = before + &line + "\n";
    }
    panic!("nobody said {said:?}:\n{before}");
}

fn lines(out: ChildStdout) -> impl Iterator<Item = String> {
    BufReader::new(out).lines().map_while(Result::ok)
}

#[test]
fn a_customer_hears_the_answers_whatever_characters_the_identifier_has() {
    let dir = copy("chat");
    let engine = run(&dir);
    for customer in ["+49170888", "a&b", "50%", "nina #1", "ä/ö?x=y"] {
        let arguments = ["chat", "--url", &engine.url, "--customer", customer];
        let mut chat =
            command(&dir, &arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut heard = lines(chat.stdout.take().unwrap());
        until(&mut heard, "Welcome to Harbour Bank");
        let mut says = chat.stdin.take().unwrap();
        says.write_all(b"/quit\n").unwrap();
        assert!(chat.wait().unwrap().success(), "{customer}");
    }
}

#[test]
fn names_of_channels_agents_and_conversations_reach_the_engine_as_they_are() {
    let dir = copy("names");
    let engine = run(&dir);
    let at = ["--url", &engine.url];
    for (arguments, said) in [
        (vec!["chat", "--channel", "no/such?channel"], r#"no channel is called "no/such?channel""#),
        (vec!["agent", "--name", "a/b#c"], "a/b#c"),
        (vec!["why", "x/../y"], r#"has the id "x/../y""#),
    ] {
        let (code, _, err) = convene(&dir, &[&arguments[..], &at].concat());
        assert!(code == 2 && err.contains(said), "{arguments:?}: {code} {err}");
    }
    let (code, _, err) = convene(&dir, &["chat", "--url", "localhost:8080"]);
    assert!(code == 2 && err.contains("write it as http://HOST:PORT"), "{err}");
}
