//! A contact centre in three configurations, with everything that routing can tell apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use convene_core::deployment::Deployment;

/// `max_tasks` of the agents, the limit of chen, the steps of the queue `skilled`, and whether dora is still there.
const VARIANTS: [(&str, &str, &str); 3] = [
    (
        "3",
        "{ agents: 'skill >= 5', timeout: 20s }, { agents: 'skill >= 2', timeout: 0s }, { timeout: 30s }",
        "2",
    ),
    ("1", "{ agents: 'skill >= 8', timeout: 10s }, { timeout: 10s }", "1"),
    ("4", "{ agents: 'skill < 5 AND lang = 1', timeout: 15s }, { agents: 'skill >= 1', timeout: 15s }", "0"),
];

/// The configurations.
pub(super) fn deployments() -> Vec<Arc<Deployment>> {
    VARIANTS.iter().map(|(max, steps, chen)| deployment(max, steps, chen, "false")).collect()
}

/// The first configuration, with READY switching the media on.
pub(super) fn synchronous() -> Arc<Deployment> {
    let (max, steps, chen) = VARIANTS[0];
    deployment(max, steps, chen, "true")
}

fn deployment(max: &str, steps: &str, chen: &str, auto_sync: &str) -> Arc<Deployment> {
    let centre = format!(
        "centre: Test
auto_sync: {auto_sync}
ring_time: 30s
agent_disconnect: 60s
queue_priority: true
media:
  CHAT: {{ max_tasks: {max}, interruptible: true }}
  VOICE: {{ max_tasks: 1 }}
attributes:
  skill: {{ kind: PROFICIENCY_LEVEL }}
  lang: {{ kind: BOOLEAN }}
channel_types:
  WEB: {{ media: CHAT, identifier: web }}
  CX_VOICE: {{ media: VOICE, identifier: web }}
customers: {{ attributes: {{ web: {{ kind: String }} }} }}
queues:
  general: {{ media: CHAT, ewt: {{ every: 20s }} }}
  urgent: {{ media: CHAT, priority: 9 }}
  skilled: {{ media: CHAT, steps: [{steps}] }}
  phone: {{ media: VOICE }}
lists: {{ board: {{}} }}
agents:
  amal: {{ attributes: {{ skill: 9, lang: 1 }} }}
  bruno: {{ attributes: {{ skill: 4 }} }}
  chen: {{ attributes: {{ skill: 2, lang: 1 }}, media: {{ CHAT: {chen} }} }}
  dora: {{ attributes: {{ lang: 1 }}, media: {{ VOICE: 0 }} }}
teams: {{ all: {{ supervisor: amal, agents: [bruno, chen, dora] }} }}
wrap_up: {{ enabled: true, time: 60s }}
"
    );
    let flow = "flow: nothing\ntitle: Nothing\non: { CONVERSATION_STARTED: rest }\nnodes: { rest: { note: nothing } }\n";
    let files: BTreeMap<String, String> =
        [("flows/centre.yaml".into(), centre), ("flows/nothing.yaml".into(), flow.into())].into();
    let loaded = Deployment::load(files.clone());
    let shown = loaded.findings.render(&files);
    Arc::new(loaded.deployment.unwrap_or_else(|| panic!("{shown}")))
}
