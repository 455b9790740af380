//! Transcripts: what every scenario says, line by line.

use std::fs;

use super::common;

#[test]
fn every_scenario_goes_as_its_transcript_says() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut failures = Vec::new();
    for file in common::scenarios() {
        let played = file.play();
        failures
            .extend(played.unmet.iter().map(|unmet| format!("{}:{}: {}", unmet.file, unmet.line, unmet.why)));
        let transcript = played.transcript;
        let expected = fs::read_to_string(&file.transcript).unwrap_or_default();
        if transcript == expected {
            continue;
        }
        if update {
            fs::write(&file.transcript, transcript).unwrap();
        } else {
            failures.push(format!("{}\n{}", file.name, common::diff(&expected, &transcript)));
        }
    }
    let count = failures.len();
    assert!(failures.is_empty(), "{count} scenarios go otherwise:\n\n{}", failures.join("\n"));
}
