//! A request comes in (`domain.md` sections 4.1.1, 4.1.2).

use super::state::{Task, TaskPhase};
use super::work::{Work, view};
use super::{AssignRequest, Tell, matching, offers, tasks};

/// Takes a request for an agent.
pub(super) fn assign(work: &mut Work<'_>, request: &AssignRequest) {
    if let Some(open) =
        work.r.tasks.values().find(|t| t.conversation == request.conversation && t.in_process())
    {
        let detail = format!("task {} of this conversation is in process", open.id);
        work.note("routing", "request refused", detail.clone());
        let request_id = request.request.clone();
        let tell = Tell::Refused { request: request_id, code: "request_in_process".into(), detail };
        work.out.tells.push((request.conversation.clone(), request.home, tell));
        return;
    }
    let id = work.ids.fresh();
    let named = request.agent.is_some();
    let mut task = Task {
        request: request.request.clone(),
        media: work.ids.fresh(),
        id,
        phase: TaskPhase::Queued,
        conversation: request.conversation.clone(),
        home: request.home,
        session: request.session.clone(),
        mrd: request.media.clone(),
        queue: request.queue.clone(),
        direction: request.direction.clone(),
        mode: if named { "AGENT" } else { "QUEUE" }.into(),
        priority: request.priority,
        offer: request.offer,
        created_at: work.at,
        enqueued_at: work.at,
        reserved_at: None,
        answered_at: None,
        ttl: None,
        ttl_over: false,
        steps_open: 1,
        step: None,
        refused: request.avoid.clone(),
        last_agent: request.last_agent.clone(),
        requested_by: request.requested_by.clone(),
        transferred: false,
        offer_view: request.offer_view.clone(),
    };
    if let Some(agent) = &request.agent {
        assign_named(work, task, agent);
        return;
    }
    let ttl_name = tasks::ttl_name(&task.id);
    task.ttl = Some(work.set_timer(ttl_name, request.ttl_ms));
    let queue = task.queue.clone().unwrap_or_default();
    work.note("routing", format!("queued in {queue}, priority {}", task.priority), "");
    work.tell_changed(&task, true, true);
    let waiting = Box::new(view(&task, None, false));
    work.tell(&task, Tell::Enqueued { task: waiting });
    matching::arm_step(work, &mut task);
    work.put(task);
    work.look_again = true;
}

/// A named agent: reserved at once, or in at once when no offer is wanted. Needs a free slot (U22).
fn assign_named(work: &mut Work<'_>, mut task: Task, agent: &str) {
    let inside = matching::in_conversation(work, agent, &task);
    let inside = inside.then(|| format!("{agent} has a task in this conversation"));
    if let Some(why_not) = inside.or_else(|| matching::not_routable(work, agent, &task.mrd)) {
        work.note("routing", format!("{agent} cannot take it"), why_not);
        let requested_by = task.requested_by.clone();
        tasks::close(work, task.clone(), "NO_AGENT_AVAILABLE", false);
        let gone = Box::new(view(&task, Some("NO_AGENT_AVAILABLE"), false));
        work.tell(&task, Tell::NoAgent { task: gone, requested_by });
        return;
    }
    if task.offer {
        offers::reserve(work, task, agent, "asked for by name");
        return;
    }
    task.reserved_at = Some(work.at);
    offers::activate(work, task, agent);
}
