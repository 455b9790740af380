//! Queues with their steps, and lists (`domain.md` sections 1.13, 1.16, 4.1).

use super::{open, required_reference, step};
use crate::centre::{AgentEntry, Centre, List, Queue, Step};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::routing::expression;
use crate::yaml::{self, Fields, Node};

/// Most steps of a queue (`domain.md` section 8.4).
const STEPS_MAX: usize = 10;

/// Service level threshold unless said: 30 s.
const SERVICE_LEVEL_MS: i64 = 30_000;

/// Reads the queues; gives the place of every step, which the agents are held against once they are read.
pub(super) fn queues(
    fields: &mut Fields<'_>,
    centre: &mut Centre,
    findings: &mut Findings,
) -> Vec<StepPlace> {
    let mut places = Vec::new();
    for entry in fields.names("queues", findings) {
        let mut queue = Queue {
            name: entry.key.text.clone(),
            service_level_type: 1,
            service_level_ms: SERVICE_LEVEL_MS,
            priority: 1,
            ..Queue::default()
        };
        if let Some(mut fields) = open(entry, "queue", 3..=50, findings) {
            let medium = ("medium", codes::UNKNOWN_MEDIA);
            let media = required_reference(&mut fields, "media", &centre.media, medium, findings);
            queue.media = media.map(|(name, _)| name).unwrap_or_default();
            service_level(&mut fields, &mut queue, findings);
            queue.agent_sla_ms = fields.clock_time("agent_sla", findings);
            queue.priority = u8::try_from(fields.integer_or("priority", 1..=10, 1, findings)).unwrap_or(1);
            estimate(&mut fields, &mut queue, findings);
            queue.steps = steps(&mut fields, centre, &queue.name, &mut places, findings);
            fields.finish(findings);
        }
        centre.queues.insert(queue.name.clone(), queue);
    }
    places
}

/// Where the agents of a step are written.
pub(super) struct StepPlace {
    queue: String,
    agents: String,
    place: Place,
}

/// Finds steps that no agent of the centre satisfies. A centre without agents has them elsewhere.
pub(super) fn staffed(places: &[StepPlace], centre: &Centre, findings: &mut Findings) {
    if centre.agents.is_empty() || findings.errors() > 0 {
        return;
    }
    for StepPlace { queue, agents, place } in places {
        let media = centre.queues.get(queue).map_or("", |queue| queue.media.as_str());
        let serves = |agent: &AgentEntry| agent.media.get(media) != Some(&0);
        let mut able = centre.agents.values().filter(|agent| serves(agent));
        if able.any(|agent| expression::satisfied(agents, Some(agent))) {
            continue;
        }
        let message = format!("no agent satisfies this step of queue `{queue}`");
        let finding = Finding::warning(codes::NOBODY_QUALIFIES, place, message)
            .because(format!("none of the agents who serve {media} has these attributes"));
        findings.push(finding.cure("ask for less, or give an agent the attributes"));
    }
}

fn service_level(fields: &mut Fields<'_>, queue: &mut Queue, findings: &mut Findings) {
    let place = fields.place().clone();
    let Some(node) = fields.get("service_level") else { return };
    let Some(mut level) = Fields::of(node, &place, "`service_level`", findings) else { return };
    queue.service_level_type = u8::try_from(level.integer_or("type", 1..=3, 1, findings)).unwrap_or(1);
    queue.service_level_ms = level.duration("within", findings).unwrap_or(SERVICE_LEVEL_MS);
    level.finish(findings);
}

/// Shortest time between two estimates that are told, ms.
const EWT_EVERY_MIN_MS: i64 = 5_000;

/// `ewt: { min, max, every }`: the bounds of an estimated wait (1.13), and how often it is told (4.6).
fn estimate(fields: &mut Fields<'_>, queue: &mut Queue, findings: &mut Findings) {
    let place = fields.place().clone();
    let Some(node) = fields.get("ewt") else { return };
    let Some(mut bounds) = Fields::of(node, &place, "`ewt`", findings) else { return };
    queue.ewt_min_ms = bounds.duration("min", findings);
    queue.ewt_max_ms = bounds.duration("max", findings);
    queue.ewt_every_ms = bounds.duration("every", findings);
    if queue.ewt_every_ms.is_some_and(|every| every < EWT_EVERY_MIN_MS) {
        let message = "telling the wait more often than every 5 s costs more than it tells";
        findings.push(Finding::error(codes::OUT_OF_RANGE, &node.place, message).cure("write 5s or more"));
    }
    bounds.finish(findings);
    if let (Some(min), Some(max)) = (queue.ewt_min_ms, queue.ewt_max_ms)
        && min >= max
    {
        let message = format!("the estimated wait of queue `{}` has a least above its longest", queue.name);
        findings
            .push(Finding::error(codes::OUT_OF_RANGE, &node.place, message).cure("let min be less than max"));
    }
}

fn steps(
    fields: &mut Fields<'_>,
    centre: &Centre,
    queue: &str,
    places: &mut Vec<StepPlace>,
    findings: &mut Findings,
) -> Vec<Step> {
    let items = fields.items("steps", findings);
    if let Some(extra) = items.get(STEPS_MAX) {
        let message = format!("a queue has at most {STEPS_MAX} steps");
        findings.push(Finding::error(codes::OUT_OF_RANGE, &extra.place, message).cure("join some of them"));
    }
    let mut steps = Vec::new();
    for item in items {
        let Some(step) = one_step(item, centre, findings) else { continue };
        if let Some(node) = item.entry("agents") {
            let (queue, agents) = (queue.to_owned(), step.agents.clone());
            places.push(StepPlace { queue, agents, place: node.value.place.clone() });
        }
        steps.push(step);
    }
    steps
}

fn one_step(item: &Node, centre: &Centre, findings: &mut Findings) -> Option<Step> {
    let place: &Place = item.entries().first().map_or(&item.place, |entry| &entry.key.place);
    let mut fields = Fields::of(item, place, "a step", findings)?;
    let mut step = Step::default();
    if let Some(node) = fields.get("agents") {
        step.agents = yaml::text(node, "agents", findings).unwrap_or_default();
        step::check(node, &step.agents, centre, findings);
    }
    step.timeout_ms = fields.duration("timeout", findings).unwrap_or(0);
    fields.finish(findings);
    Some(step)
}

pub(super) fn lists(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("lists", findings) {
        let mut list = List { name: entry.key.text.clone(), ..List::default() };
        if let Some(mut fields) = open(entry, "list", 1..=110, findings) {
            list.description = fields.text("description", findings);
            list.agent_sla_ms = fields.clock_time("agent_sla", findings);
            fields.finish(findings);
        }
        centre.lists.insert(list.name.clone(), list);
    }
}
