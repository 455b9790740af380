//! The journal stepped again with the pure machines: whatever the engine lived through, the same states must come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use convene_core::conversation::{self, Conversation, Stamped};
use convene_core::deployment::{self, Deployment};
use convene_core::effect::{Publication, TraceLine};
use convene_core::model::Json;
use convene_core::report::ReportRow;
use convene_core::routing::{self, OWNER, Routing};
use serde_json::json;

use crate::truth::Truth;

/// Keys read at once.
const CHUNK: usize = 100;

/// A journaled step.
struct Journaled {
    version: i64,
    deployment: String,
    trace: String,
    input: String,
    output: String,
}

type Deployments = BTreeMap<String, Arc<Deployment>>;

/// Replays every conversation and the routing machine; returns how many conversations.
///
/// # Panics
/// A step is missing, or a state, trace or publication differs from what was stored.
pub async fn replay(truth: &Truth) -> usize {
    let deployments = deployments(truth).await;
    let keys = truth.texts("conversation_state", "key", "order by key").await;
    for chunk in keys.chunks(CHUNK) {
        let list: Vec<String> = chunk.iter().map(|key| format!("'{key}'")).collect();
        let list = list.join(", ");
        let states = truth
            .rows(
                "conversation_state",
                &["key", "version", "partition", "body"],
                &format!("where key in ({list})"),
            )
            .await;
        let mut journals = journals(truth, &format!("j.key in ({list})")).await;
        for state in states {
            let key = text(&state[0]);
            let journal = journals.remove(&key).unwrap_or_default();
            conversation(&deployments, &key, &state, &journal);
        }
    }
    let journal = journals(truth, &format!("j.key = '{OWNER}'")).await.remove(OWNER).unwrap_or_default();
    routing_machine(&deployments, truth, &journal).await;
    keys.len()
}

/// The rows of `agent_task` that follow from the journal of routing, by task: id, disposition, agent, queue.
///
/// # Panics
/// The journal cannot be read.
pub async fn task_rows(truth: &Truth) -> BTreeMap<String, Vec<Json>> {
    let deployments = deployments(truth).await;
    let journal = journals(truth, &format!("j.key = '{OWNER}'")).await.remove(OWNER).unwrap_or_default();
    let mut state = Routing::default();
    let mut rows = BTreeMap::new();
    for row in &journal {
        let input: Stamped<routing::Input> = serde_json::from_str(&row.input).unwrap();
        for report in routing::step(&deployments[&row.deployment], &mut state, &input).reports {
            if let ReportRow::AgentTask(r) = report {
                let id = r.agent_task_id;
                rows.insert(
                    id.clone(),
                    vec![json!(id), json!(r.task_disposition), json!(r.agent_id), json!(r.queue_id)],
                );
            }
        }
    }
    rows
}

async fn deployments(truth: &Truth) -> Deployments {
    let rows = truth.rows("deployment", &["id", "files"], "").await;
    let files: BTreeMap<String, String> = rows.iter().map(|row| (text(&row[0]), text(&row[1]))).collect();
    let load = |id: &str| {
        let files = serde_json::from_str(&files[id]).unwrap();
        Deployment::load(files).deployment.expect("a kept deployment loads")
    };
    let mut deployments: Deployments = files.keys().map(|id| (id.clone(), Arc::new(load(id)))).collect();
    for id in truth.texts("journal", "deployment", "group by deployment").await {
        let mut ids = deployment::parts(&id);
        let mut learned = load(ids.next().unwrap());
        ids.for_each(|newer| learned.learn(&deployments[newer]));
        deployments.entry(id).or_insert_with(|| Arc::new(learned));
    }
    deployments
}

/// Journal rows by key, in order.
async fn journals(truth: &Truth, condition: &str) -> BTreeMap<String, Vec<Journaled>> {
    let table =
        "journal j join journal_content c on c.tenant = j.tenant and c.key = j.key and c.version = j.version";
    let columns = ["j.key", "j.version", "j.deployment", "j.trace", "c.input", "c.output"];
    let rows = truth.rows(table, &columns, &format!("where {condition} order by j.key, j.version")).await;
    let mut journals: BTreeMap<String, Vec<Journaled>> = BTreeMap::new();
    for row in rows {
        journals.entry(text(&row[0])).or_default().push(Journaled {
            version: row[1].as_i64().unwrap(),
            deployment: text(&row[2]),
            trace: text(&row[3]),
            input: text(&row[4]),
            output: text(&row[5]),
        });
    }
    journals
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

fn conversation(deployments: &Deployments, key: &str, stored: &[Json], journal: &[Journaled]) {
    let home = u32::try_from(stored[2].as_u64().unwrap()).unwrap();
    let mut state: Option<Conversation> = None;
    for (row, version) in journal.iter().zip(1..) {
        assert_eq!(row.version, version, "{key}: a step is missing");
        let input: Stamped<conversation::Input> = serde_json::from_str(&row.input).unwrap();
        let d = &deployments[&row.deployment];
        let step = conversation::step(d, state.as_ref(), home, &input);
        same_words(key, row, &step.trace, &step.publications);
        state = step.state;
    }
    assert_eq!(journal.len() as u64, stored[1].as_u64().unwrap(), "{key}: the journal ends early");
    let replayed = serde_json::to_string(&state.expect("a state")).unwrap();
    assert_eq!(replayed, text(&stored[3]), "{key}: another state");
}

async fn routing_machine(deployments: &Deployments, truth: &Truth, journal: &[Journaled]) {
    let mut state = Routing::default();
    for (row, version) in journal.iter().zip(1..) {
        assert_eq!(row.version, version, "routing: a step is missing");
        let input: Stamped<routing::Input> = serde_json::from_str(&row.input).unwrap();
        let step = routing::step(&deployments[&row.deployment], &mut state, &input);
        same_words(OWNER, row, &step.trace, &step.publications);
    }
    let stored = truth.rows("routing_record", &["key", "body"], "").await;
    let stored: BTreeMap<String, String> = stored.iter().map(|r| (text(&r[0]), text(&r[1]))).collect();
    assert_eq!(state.records(), stored, "another state of the routing machine");
}

/// The step decided and published what was journaled. A refusal is published by the runtime, not by the step.
fn same_words(key: &str, row: &Journaled, trace: &[TraceLine], publications: &[Publication]) {
    assert_eq!(serde_json::to_string(trace).unwrap(), row.trace, "{key} {}: another decision", row.version);
    let mut stored: Vec<Publication> = serde_json::from_str(&row.output).unwrap();
    stored.retain(|p| !p.key.starts_with("dead."));
    let (made, stored) =
        (serde_json::to_string(publications).unwrap(), serde_json::to_string(&stored).unwrap());
    assert_eq!(made, stored, "{key} {}: another publication", row.version);
}
