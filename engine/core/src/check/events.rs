//! Events and the flows that answer them: what can occur here should be handled, what is handled should be able to occur.

use super::Parts;
use crate::centre::{BotKind, Centre, Routing};
use crate::deployment::CENTRE_FILE;
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::flow::{Flow, FlowKind, Verb};
use crate::model::EventName;

/// When an event occurs in a deployment, and what is lost when nobody answers it.
struct Occurs {
    event: EventName,
    when: fn(&Parts<'_>) -> bool,
    /// What makes it occur, in words that follow "because".
    cause: &'static str,
    /// Whether it occurs in no other way.
    only: bool,
    /// What is lost when no flow handles it; none for an event that may well be left alone.
    lost: Option<&'static str>,
}

/// Events that occur only in some deployments (`domain.md` sections 2.1 and 5). All others always can.
const OCCURS: &[Occurs] = &[
    Occurs {
        event: EventName::FindAgent,
        when: wants_agents,
        cause: "bots ask for agents",
        only: false,
        lost: Some("no agent is ever looked for"),
    },
    Occurs {
        event: EventName::NoAgentAvailable,
        when: looks_for_agents,
        cause: "flows look for agents (`find_agent`)",
        only: false,
        lost: Some("the customer is not told that nobody was found"),
    },
    Occurs {
        event: EventName::CustomerSlaExpired,
        when: inactivity,
        cause: "a channel has `inactivity`",
        only: true,
        lost: Some("a silent customer's session never ends"),
    },
    Occurs {
        event: EventName::CustomerSla,
        when: |parts| inactivity(parts) && !parts.centre.customer_sla.is_empty(),
        cause: "a channel has `inactivity` and the centre has `customer_sla`",
        only: true,
        lost: Some("a silent customer is not reminded"),
    },
    Occurs {
        event: EventName::AgentSlaExpired,
        when: agent_sla,
        cause: "a queue or list has `agent_sla`",
        only: true,
        lost: Some("a customer whose agent is silent waits on"),
    },
    Occurs {
        event: EventName::AgentSla,
        when: agent_sla,
        cause: "a queue or list has `agent_sla`",
        only: true,
        lost: None,
    },
    Occurs {
        event: EventName::BotTimeout,
        when: |parts| has_bots(parts.centre),
        cause: "the centre has bots",
        only: true,
        lost: None,
    },
    Occurs {
        event: EventName::BotNotAvailable,
        when: |parts| has_bots(parts.centre),
        cause: "the centre has bots",
        only: true,
        lost: None,
    },
    Occurs {
        event: EventName::CallLegStarted,
        when: |p| voice(p.centre),
        cause: "a channel type is voice",
        only: true,
        lost: None,
    },
    Occurs {
        event: EventName::CallLegEnded,
        when: |p| voice(p.centre),
        cause: "a channel type is voice",
        only: true,
        lost: None,
    },
    Occurs {
        event: EventName::AgentMrdInterrupted,
        when: |parts| parts.centre.media.values().any(|media| media.interruptible),
        cause: "a medium is `interruptible`",
        only: true,
        lost: None,
    },
];

/// Finds entries for events that cannot occur, and events without an entry.
pub(super) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    // A deployment without any entry keeps records only; with a broken flow the entries are not all known.
    if parts.entries.is_empty() || !parts.complete || !parts.sure {
        return;
    }
    for row in OCCURS {
        let entry = parts.entries.iter().find(|entry| *entry.event == row.event);
        let occurs = (row.when)(parts);
        let name = row.event.as_str();
        match (entry, occurs, row.lost) {
            (Some(entry), false, _) if row.only => {
                let message = format!("{name} cannot occur in this deployment");
                let finding = Finding::warning(codes::IDLE_ENTRY, entry.place, message)
                    .because(format!("it occurs only when {}", row.cause));
                findings.push(finding.cure("delete the entry, or complete the centre"));
            }
            (None, true, Some(lost)) => {
                let message = format!("no flow handles {name}");
                let finding =
                    Finding::warning(codes::UNHANDLED_EVENT, &Place::start_of(CENTRE_FILE), message)
                        .because(format!("it occurs because {}, and {lost}", row.cause));
                findings.push(finding.cure(format!("add `{name}: node` to the `on:` of a controller flow")));
            }
            _ => {}
        }
    }
}

fn wants_agents(parts: &Parts<'_>) -> bool {
    let played = |name: &str| parts.flows.get(name).is_some_and(looks);
    parts.centre.bots.values().any(|bot| match bot.kind {
        BotKind::Script => bot.flow.as_deref().is_some_and(played),
        _ => true,
    })
}

fn looks_for_agents(parts: &Parts<'_>) -> bool {
    let mut controller = parts.flows.values().filter(|flow| flow.kind == FlowKind::Controller);
    parts.centre.channels.values().any(|channel| channel.routing == Routing::Push) && controller.any(looks)
}

fn looks(flow: &Flow) -> bool {
    flow.graph.node_weights().any(|node| matches!(&node.verb, Verb::Act { action: "FIND_AGENT", .. }))
}

fn inactivity(parts: &Parts<'_>) -> bool {
    parts.centre.channels.values().any(|channel| channel.inactivity_ms.is_some())
}

fn agent_sla(parts: &Parts<'_>) -> bool {
    let (queues, lists) = (parts.centre.queues.values(), parts.centre.lists.values());
    queues.map(|queue| queue.agent_sla_ms).chain(lists.map(|list| list.agent_sla_ms)).any(|sla| sla.is_some())
}

fn has_bots(centre: &Centre) -> bool {
    !centre.bots.is_empty()
}

fn voice(centre: &Centre) -> bool {
    centre.channel_types.values().any(|kind| kind.voice)
}
