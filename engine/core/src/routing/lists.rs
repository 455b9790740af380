//! Pull lists (`domain.md` sections 1.16, 4.9): requests are posted, agents pick.

use serde_json::json;

use super::agents::{field, logged_in};
use super::state::{Post, Task};
use super::work::Work;
use super::{Tell, further, offers, table};
use crate::effect::{Publication, Reply, Wire};
use crate::model::Json;

/// A conversation posts its request, or writes again.
pub(super) fn post(work: &mut Work<'_>, post: Post) {
    let before = work.r.posts.get(&post.conversation).cloned();
    if let Some(other) = before.clone().filter(|before| before.list != post.list) {
        // A conversation has one request: those who watch the list it was on see it go.
        show_status(work, other, "CLOSED", "the customer asks on another list");
    } else if let Some(before) = before {
        work.note("routing", format!("request on list {} is {}", before.list, before.status), "unchanged");
        if before.session != post.session {
            // The customer came back: from now on the request is about the new session.
            work.out.changed.insert(format!("post:{}", post.conversation));
            let (status, time) = (before.status, before.time);
            work.r.posts.insert(post.conversation.clone(), Post { status, time, ..post });
        }
        return;
    }
    // 1.16: ACTIVE is where an agent is present, by whatever way they came.
    let served = work.r.tasks_of_conversation(&post.conversation).any(Task::at_work);
    set_status(work, Post { status: String::new(), ..post }, if served { "ACTIVE" } else { "UNREAD" });
}

/// Writes the status of a request and says so to everybody who watches the list.
fn set_status(work: &mut Work<'_>, post: Post, status: &str) {
    let why = table::reason_of(table::LIST, &post.status, status).unwrap_or_default();
    show_status(work, post, status, why);
}

fn show_status(work: &mut Work<'_>, mut post: Post, status: &str, why: &str) {
    work.note("routing", format!("request on list {} is {status}", post.list), why);
    let fresh = post.status.is_empty();
    status.clone_into(&mut post.status);
    let event = json!({
        "pullModeEvent": request(&post).to_string(),
        "type": if fresh { "PULL_MODE_LIST_REQUEST_RECEIVED" } else { "PULL_MODE_LIST_REQUEST_STATE_CHANGED" },
        "conversationId": post.conversation,
    });
    let (key, kind) = (format!("event.LIST_REQUEST.{}", post.list), "onPullModeSubscribedListRequest");
    let id = work.ids.fresh();
    work.out.publications.push(Publication::new(id, key, kind, Wire::of(&event)));
    for agent in work.r.subscribers(&post.list) {
        work.desk(&agent, kind, &event);
    }
    work.out.changed.insert(format!("post:{}", post.conversation));
    if status == "CLOSED" {
        work.r.posts.remove(&post.conversation);
    } else {
        work.r.posts.insert(post.conversation.clone(), post);
    }
}

/// A request as desks see it (1.16).
#[must_use]
pub fn request(post: &Post) -> Json {
    json!({
        "id": post.conversation,
        "conversationId": post.conversation,
        "channelSession": { "id": post.session },
        "status": post.status,
        "listId": post.list,
        "time": post.time,
    })
}

/// Somebody joined or left a conversation: its request follows.
pub(super) fn follow(work: &mut Work<'_>, conversation: &str) {
    let Some(post) = work.r.posts.get(conversation).cloned() else { return };
    let status = match (work.r.tasks_of_conversation(conversation).any(Task::at_work), post.status.as_str()) {
        (true, _) => "ACTIVE",
        (false, "ACTIVE" | "INACTIVE") => "INACTIVE",
        (false, _) => "UNREAD",
    };
    if status != post.status {
        set_status(work, post, status);
    }
}

/// The conversation is over: the request is removed.
pub(super) fn close(work: &mut Work<'_>, conversation: &str) {
    if let Some(post) = work.r.posts.get(conversation).cloned() {
        set_status(work, post, "CLOSED");
    }
}

fn list_of(work: &Work<'_>, data: &Json) -> Result<String, Reply> {
    let list = field(data, "list").or_else(|_| field(data, "listId"))?;
    if work.d.centre.lists.contains_key(list) {
        return Ok(list.to_owned());
    }
    Err(Reply::refused("unknown_list", work.d.centre.no_list(list), Json::Null))
}

/// LIST_SUBSCRIBE `{agentId, list}`: the desk gets the requests that stand on it, and from now on every change.
pub(super) fn subscribe(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let mut agent = logged_in(work, data)?;
    let list = list_of(work, data)?;
    let description = work.d.centre.lists.get(&list).and_then(|l| l.description.clone());
    if agent.lists.insert(list.clone()) {
        work.note("agent", format!("{} watches list {list}", agent.id), "");
        work.keep(agent.clone());
    }
    let standing: Vec<Json> = work.r.posts.values().filter(|p| p.list == list).map(request).collect();
    let shown = json!({ "id": list, "name": list, "description": description });
    work.desk(&agent.id, "onPullModeSubscribedList", &shown);
    work.desk(&agent.id, "addPullModeSubscribedListRequests", &json!(standing));
    Ok(json!({ "list": shown, "requests": standing }))
}

/// LIST_UNSUBSCRIBE `{agentId, list}`.
pub(super) fn unsubscribe(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let mut agent = logged_in(work, data)?;
    let list = list_of(work, data)?;
    if agent.lists.remove(&list) {
        work.note("agent", format!("{} watches list {list} no more", agent.id), "");
        work.desk(&agent.id, "removePullModeSubscribedListRequests", &json!(list));
        work.keep(agent);
    }
    Ok(json!({ "list": list }))
}

fn find(work: &Work<'_>, data: &Json) -> Result<Post, Reply> {
    let id = field(data, "requestId").or_else(|_| field(data, "conversationId"))?;
    work.r.posts.get(id).cloned().ok_or_else(|| {
        let detail = format!("no request {id:?} stands on a list; its conversation may be over");
        Reply::refused("unknown_request", detail, Json::Null)
    })
}

/// LIST_JOIN `{agentId, requestId}`: any number of agents, in any logged-in state, without a look at their capacity.
pub(super) fn join(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = logged_in(work, data)?;
    let post = find(work, data)?;
    let found = {
        let mut here = work.r.tasks_of_conversation(&post.conversation);
        here.find(|t| t.added_to.is_none() && t.agent() == Some(agent.id.as_str())).cloned()
    };
    let mut added_to = None;
    if let Some(task) = found {
        if !task.at_work() {
            let detail = format!("{} has another task in this conversation, which comes first", agent.id);
            let current = json!({ "status": post.status, "mediaState": task.media_state() });
            return Err(Reply::refused("already_in_conversation", detail, current));
        }
        if !wants_medium(work, &task, &post) {
            work.note("routing", format!("{} is in it already", agent.id), "");
            return Ok(json!({ "taskId": task.id, "conversationId": task.conversation }));
        }
        added_to = Some(task.id);
    }
    let task = picked(work, &post, added_to);
    let answer = json!({ "taskId": task.wire_id(), "conversationId": task.conversation });
    work.note("routing", format!("{} picks it from list {}", agent.id, post.list), "");
    offers::activate(work, task, &agent.id);
    Ok(answer)
}

/// Whether the task of an agent who picks a request gets a medium for it (4.9): not twice, not where it joins by itself, and
/// not for advice, which is about the whole conversation.
fn wants_medium(work: &Work<'_>, task: &Task, post: &Post) -> bool {
    let joins = work.d.centre.media.get(&post.mrd).is_some_and(|m| m.auto_join);
    let has = further::media_of(work, task).iter().chain([task]).any(|t| t.session == post.session);
    !joins && !has && task.direction != "CONSULT"
}

/// A request that is picked, as a task of its own or a further medium of one.
fn picked(work: &mut Work<'_>, post: &Post, added_to: Option<String>) -> Task {
    let mut task = Task::new(work.ids.fresh(), work.ids.fresh(), work.at);
    task.conversation.clone_from(&post.conversation);
    task.home = post.home;
    task.session.clone_from(&post.session);
    task.mrd.clone_from(&post.mrd);
    task.list = Some(post.list.clone());
    task.direction = "INBOUND".into();
    task.added_to = added_to;
    task
}

/// LIST_END `{agentId, requestId}`: from any status, the session ends with reason AGENT.
pub(super) fn end(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = logged_in(work, data)?;
    let post = find(work, data)?;
    work.note("routing", format!("{} ends the request on list {}", agent.id, post.list), "");
    let tell = Tell::EndSession { session: post.session.clone(), agent: agent.id };
    work.out.tells.push((post.conversation.clone(), post.home, tell));
    let answer = json!({ "conversationId": post.conversation });
    set_status(work, post, "CLOSED");
    Ok(answer)
}
