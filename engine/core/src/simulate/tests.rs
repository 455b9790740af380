#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::deployment::Deployment;
use crate::diagnostic::Findings;

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
bots: { helper: { kind: WEBHOOK, url: 'https://bot.example' } }
channels: { web: { type: WEB, service_identifier: '1218', bot: helper, queue: general } }
agents: { amal: {}, bruno: {} }
";

fn deployment(flow: &str) -> Arc<Deployment> {
    let files: BTreeMap<String, String> =
        [("flows/centre.yaml", CENTRE), ("flows/t.yaml", flow)].map(|(p, t)| (p.into(), t.into())).into();
    let loaded = Deployment::load(files.clone());
    Arc::new(loaded.deployment.unwrap_or_else(|| panic!("{}", loaded.findings.render(&files))))
}

fn read(text: &str) -> (Option<Scenario>, Findings) {
    let mut findings = Findings::new();
    (Scenario::read("s.yaml", text, &mut findings), findings)
}

#[test]
fn a_circle_of_waits_is_stopped_and_named() {
    let deployment = deployment(
        "flow: t\non: { CONVERSATION_STARTED: round }\non_error: done\nnodes: { round: { wait: 1s, then: round } }\n",
    );
    let text = "scenario: Round\nwhen: [{ at: 0s, customer: g, does: start_chat }]\nuntil: 2d\n";
    let (scenario, findings) = read(text);
    assert!(findings.is_empty(), "{findings:?}");
    let unmet = play(&deployment, &scenario.unwrap()).unmet;
    let [stopped] = unmet.as_slice() else { panic!("{unmet:?}") };
    assert_eq!((stopped.file.as_str(), stopped.line), ("s.yaml", 1));
    assert!(stopped.why.contains("after 10000 steps, most of them in `t.round`"), "{}", stopped.why);
}
