//! The table of routes, and the router made of it.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use axum::{Extension, Router};
use futures_util::FutureExt;

use crate::answers;
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Field, Route, may, need};
use crate::{
    act, agents, bots, channels, conversations, customers, guard, lists, messages, openapi, queues, service,
    stream, tasks, why,
};

const AGENT: Field = need("agentId", "string", "The agent who does it.");
/// What a bot that answers later says.
pub(crate) const BOT_ANSWER: &[Field] = &[
    need("conversationId", "string", "The conversation."),
    may("botId", "string", "Name of the bot, as in the path."),
    may("callId", "string", "The question it answers: the id that came with it as `Idempotency-Key`."),
    need("BotMessage", "array|object", "Responses: messages, suggestions, actions."),
];
const MAY_AGENT: Field =
    may("agentId", "string", "The agent who answers; refused when it is another's task.");

/// Whom an agent asks for.
const WHOM: &[Field] = &[
    AGENT,
    may("queue", "string", "The queue; or `toAgent`."),
    may("toAgent", "string", "The agent; or `queue`."),
    may("note", "string", "Words for the one who is asked, at most 350 characters."),
    SESSION,
];

/// On which of the customer's sessions.
const SESSION: Field = may(
    "channelSessionId",
    "string",
    "The customer's session it is about; the one used last when not given.",
);

/// Every route, in the order of the document.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = &[
    // Channels.
    Route::post("/cim-messages", "receiveMessage",
        "A CimMessage of a channel connector. 202 once it is durably accepted; one with an id seen before changes nothing.",
        |m| on(m, messages::receive)).cim_message().status(202).one(&answers::ACCEPTED),
    Route::post("/message", "receiveMessageAlias", "The same as /cim-messages, under its older name.",
        |m| on(m, messages::receive)).cim_message().status(202).one(&answers::ACCEPTED),
    Route::get("/channels", "listChannels", "The channels of the deployment.",
        |m| on(m, channels::list)).many(&answers::CHANNEL),
    Route::get("/channels/{name}", "getChannel", "A channel.",
        |m| on(m, channels::one)).one(&answers::CHANNEL),
    Route::get("/channels/{name}/stream", "streamChannel",
        "Server-sent events: what is sent to customers on this channel.",
        |m| on(m, stream::channel)).media("text/event-stream").query(&[
            may("customer", "string", "Only what is for this channelCustomerIdentifier.")]),

    // Conversations.
    Route::get("/conversations", "listConversations", "Live and closed conversations, newest first.",
        |m| on(m, conversations::list)).query(&[
            may("state", "string", "Names of states, joined by commas, such as ACTIVE,ON_HOLD."),
            may("customer", "string", "Customer id."),
            may("channelCustomerIdentifier", "string", "Identifier of the customer on any channel of it."),
            may("limit", "integer", "At most this many, 1 to 500; 50 when not given.")]).many(&answers::SUMMARY),
    Route::get("/conversations/{id}", "getConversation", "A conversation as it is now.",
        |m| on(m, conversations::one)).one(&answers::CONVERSATION),
    Route::get("/conversations/{id}/events", "getHistory",
        "The history in order: each input, what was decided and why, and the events that followed. More follow when the \
         header Link names the next page.",
        |m| on(m, conversations::history)).query(&[
            may("after", "integer", "Only what came after this version."),
            may("limit", "integer", "At most this many, 1 to 500; 500 when not given.")]).many(&answers::HISTORY),
    Route::post("/conversations/{id}/messages", "sendMessage",
        "An agent writes: to the customer when PRIMARY, otherwise to the other agents.",
        |m| on(m, act::gives("AGENT_MESSAGE"))).fields(&[
            AGENT,
            need("body", "object", "The message body, such as {type: PLAIN, markdownText: …}."),
            may("id", "string", "Id of the message."),
            may("intent", "string", "UPDATE replaces the agent's own text that originalMessageId names."),
            may("originalMessageId", "string", "The message this one answers or replaces."),
            SESSION,
            may("whisper", "boolean", "To the other agents only.")]),
    Route::post("/conversations/{id}/leave", "leaveConversation", "An agent leaves, or begins to wrap up.",
        |m| on(m, act::gives("AGENT_LEAVE"))).fields(&[
            AGENT, may("reason", "string", "Why; AGENT_LEFT when not given.")]),
    Route::post("/conversations/{id}/wrap-up", "wrapUp",
        "An agent sums up, in the middle or after leaving; the latter ends the wrap-up.",
        |m| on(m, act::gives("WRAP_UP"))).fields(&[
            AGENT,
            may("wrapups", "array", "At most five of {categoryName, value}."),
            may("note", "string", "A note, of which reports keep 350 characters.")]),
    Route::post("/conversations/{id}/pause", "pauseConversation", "A PRIMARY agent puts it on hold.",
        |m| on(m, act::gives("PAUSE"))).fields(&[
            AGENT, may("duration", "integer|string", "Seconds, 1 to 86400; 300 when not given.")]),
    Route::post("/conversations/{id}/resume", "resumeConversation", "An agent ends the hold.",
        |m| on(m, act::gives("RESUME"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/activities", "addActivity",
        "An app takes part with an activity; its header.intent, when it has one, becomes the event's name.",
        |m| on(m, act::gives("ACTIVITY"))).fields(&[
            need("body", "object", "The activity, with a `type`."),
            may("header", "object", "With a `sender` {id, senderName} and an `intent`."),
            may("id", "string", "Id of the message.")]),
    Route::post("/conversations/{id}/data", "setData",
        "Sets conversation data: a map of pairs, or a list of {key, value}. Ten pairs at most.",
        |m| on(m, act::data)).fields(&[]),
    Route::post("/conversations/{id}/link", "linkCustomer", "Links the conversation to a known customer.",
        |m| on(m, act::link)).fields(&[
            need("customerId", "string", "The customer."),
            may("addIdentifier", "boolean", "The profile also gets the channel's identifier."),
            may("force", "boolean", "Another live conversation of the customer is closed first.")]),
    Route::post("/conversations/{id}/end", "endConversation", "Ends it, whoever is in it.",
        |m| on(m, act::gives("END_CONVERSATION"))).fields(&[
            may("reasonCode", "string", "Why its sessions end.")]),
    Route::get("/conversations/{id}/why", "explainConversation",
        "Every assignment, refusal and wait, with the agents who were looked at and what spoke against each; and how its \
         open tasks stand now.",
        |m| on(m, why::conversation)).one(&answers::WHY),
    Route::post("/conversations/{id}/transfer", "transfer",
        "A PRIMARY agent hands it to another agent or a queue, and leaves at once.",
        |m| on(m, act::gives("TRANSFER"))).fields(WHOM),
    Route::post("/conversations/{id}/consult", "consult",
        "A PRIMARY agent asks another one for help, unseen by the customer.",
        |m| on(m, act::gives("CONSULT"))).fields(WHOM),
    Route::post("/conversations/{id}/conference", "conference",
        "A PRIMARY agent brings another one in, who talks to the customer too.",
        |m| on(m, act::gives("CONFERENCE"))).fields(WHOM),
    Route::post("/conversations/{id}/consult-transfer", "consultTransfer",
        "The consulted agent takes over; the agent who asked leaves.",
        |m| on(m, act::gives("CONSULT_TRANSFER"))).fields(&[
            AGENT, may("toAgent", "string", "The consulted agent; the only one when not given.")]),
    Route::post("/conversations/{id}/consult-conference", "consultConference",
        "The consulted agent talks to the customer too.",
        |m| on(m, act::gives("CONSULT_CONFERENCE"))).fields(&[
            AGENT, may("toAgent", "string", "The consulted agent; the only one when not given.")]),
    Route::post("/conversations/{id}/monitor", "monitor",
        "A supervisor listens: agents of the own team, one supervisor at a time.",
        |m| on(m, act::gives("MONITOR"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/barge-in", "bargeIn", "The supervisor who listens talks from now on.",
        |m| on(m, act::gives("BARGE_IN"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/raise-hand", "raiseHand", "An agent calls the supervisors of the own team.",
        |m| on(m, act::gives("HAND_RAISE"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/lower-hand", "lowerHand", "An agent needs no supervisor any more.",
        |m| on(m, act::gives("HAND_DOWN"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/whisper", "whisper",
        "A supervisor comes to an agent whose hand is raised, and talks to agents only.",
        |m| on(m, act::gives("WHISPER_JOIN"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/stay", "stay", "An agent who was warned stays: the agent timer starts again.",
        |m| on(m, act::gives("RESET_AGENT_SLA"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/join", "joinFromList", "An agent picks the conversation's request from its list.",
        |m| on(m, act::gives("LIST_JOIN"))).fields(&[AGENT]),
    Route::post("/conversations/{id}/end-request", "endRequest",
        "An agent ends the conversation's request on its list; the customer's session ends.",
        |m| on(m, act::gives("LIST_END"))).fields(&[AGENT]),

    // Customers.
    Route::get("/customers/{id}", "getCustomer", "A customer's profile, and their room.",
        |m| on(m, customers::customer)).one(&answers::CUSTOMER),
    Route::get("/rooms/{id}", "getRoom", "A customer's room: the conversations in it, newest first.",
        |m| on(m, customers::room)).one(&answers::ROOM),

    // Agents.
    Route::get("/agents", "listAgents", "Every agent of the deployment, with their presence.",
        |m| on(m, agents::list)).many(&answers::PRESENCE),
    Route::get("/agents/{id}", "getAgent", "An agent's presence.",
        |m| on(m, agents::one)).one(&answers::PRESENCE),
    Route::post("/agents/{id}/login", "login", "An agent logs in; logging in twice changes nothing.",
        |m| on(m, agents::login)).one(&answers::PRESENCE),
    Route::post("/agents/{id}/logout", "logout", "An agent logs out.",
        |m| on(m, agents::logout)).fields(&[
            may("reason", "string|object", "Why."),
            may("by", "string", "The supervisor who orders it; their work goes to others at once.")]).one(&answers::PRESENCE),
    Route::post("/agents/{id}/connect", "connectDesk",
        "The agent's desk is there again; open offers are shown again.", |m| on(m, agents::connect)).one(&answers::PRESENCE),
    Route::post("/agents/{id}/disconnect", "disconnectDesk",
        "The agent's desk is lost; when it is not back in time, the work goes to others.",
        |m| on(m, agents::disconnect)).one(&answers::PRESENCE),
    Route::put("/agents/{id}/state", "setState", "Sets an agent's state.",
        |m| on(m, agents::set_state)).fields(&[
            need("state", "string|object", "READY, NOT_READY or LOGOUT; or an object with that `name`."),
            may("reason", "string|object", "Why.")]).one(&answers::PRESENCE),
    Route::put("/agents/{id}/mrds/{mrd}", "setMediumState", "Switches a medium of an agent on or off.",
        |m| on(m, agents::set_medium)).fields(&[
            need("state", "string|object", "READY or NOT_READY; or an object with that `name`.")]).one(&answers::PRESENCE),
    Route::get("/agents/{id}/tasks", "listTasks", "An agent's offers, active tasks and wrap-ups, with the time left.",
        |m| on(m, tasks::of_agent)).many(&answers::TASK),
    Route::get("/agents/{id}/stream", "streamAgent",
        "Server-sent events: what an agent's desk must show, from now on.",
        |m| on(m, stream::agent)).media("text/event-stream").query(&[
            may("desk", "boolean", "This stream is the desk: when the last one ends, the desk is lost.")]),
    Route::post("/tasks/{id}/accept", "acceptTask", "An agent takes what is offered.",
        |m| on(m, tasks::accept)).fields(&[MAY_AGENT]),
    Route::post("/tasks/{id}/reject", "rejectTask", "An agent refuses what is offered.",
        |m| on(m, tasks::reject)).fields(&[MAY_AGENT]),
    Route::get("/tasks/{id}/why", "explainTask", "Why a task went where it went, or why it waits.",
        |m| on(m, why::task)).one(&answers::WHY),

    // Queues.
    Route::get("/queues", "listQueues", "Every queue: how many wait and how many agents could take one.",
        |m| on(m, queues::list)).many(&answers::QUEUE),
    Route::get("/queues/{name}", "getQueue", "A queue and the tasks that wait in it, in order.",
        |m| on(m, queues::one)).one(&answers::QUEUE),
    Route::post("/queues/{name}/flush", "flushQueue",
        "Closes every task that waits in it; what rings goes on. The flow tells the customers.",
        |m| on(m, queues::flush)),
    Route::post("/queues/flush", "flushQueues", "Closes every task that waits in any queue.",
        |m| on(m, queues::flush_all)),

    // Lists.
    Route::get("/lists", "listLists", "Every pull list: how many requests stand on it.",
        |m| on(m, lists::list)).many(&answers::LIST),
    Route::get("/lists/{name}", "getList", "A pull list and the requests on it, oldest first.",
        |m| on(m, lists::one)).one(&answers::LIST),
    Route::post("/lists/{name}/subscribe", "subscribeList", "An agent's desk shows the requests of a list.",
        |m| on(m, lists::subscribe)).fields(&[AGENT]),
    Route::post("/lists/{name}/unsubscribe", "unsubscribeList", "It does not any more.",
        |m| on(m, lists::unsubscribe)).fields(&[AGENT]),

    // Bots.
    Route::post("/bots/{name}/messages", "receiveBotMessages",
        "Answers of a bot that was asked and answers later; it proves who it is with its token or signature.",
        |m| on(m, bots::messages)).fields(BOT_ANSWER),

    // The service.
    Route::get("/healthz", "health", "Whether the process lives.", |m| on(m, service::health)).one(&answers::ALIVE),
    Route::get("/readyz", "ready", "Whether commits can succeed now.", |m| on(m, service::ready)).one(&answers::ALIVE),
    Route::get("/metrics", "metrics", "Figures in the Prometheus text format.",
        |m| on(m, service::metrics)).media(service::METRICS_MEDIA),
    Route::get("/openapi.json", "describe", "This document.", |m| on(m, openapi::serve)),
];

/// The router of the table. `local`: it is served to this machine alone.
pub(crate) fn router(app: App, local: bool) -> Router {
    let router = ROUTES.iter().fold(Router::new(), |router, route| {
        // What reads the body looks there for the fields it must have.
        let served = (route.serve)(route.verb.filter()).layer(Extension(&route.payload));
        router.route(route.path, served)
    });
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(answer_panics))
        .layer(middleware::from_fn_with_state(local, guard::guard))
        .layer(middleware::from_fn(log))
        .with_state(app)
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::new("unknown_path", format!("nothing is at {}; GET /openapi.json lists what is", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; the header Allow says what it takes", uri.path());
    Problem::new("wrong_method", detail)
}

/// A call that panics is answered, too: otherwise its connection breaks off, and a proxy blames the network. The panic itself
/// is already on standard error.
async fn answer_panics(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(path, "a call panicked");
        Problem::new("internal", "the call failed; the log of the engine says why").into_response()
    })
}

/// One line a call. Neither bodies nor queries: they hold what people said and who they are.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = Instant::now();
    let response = next.run(request).await;
    let took_ms = began.elapsed().as_millis();
    tracing::debug!(%method, path, status = response.status().as_u16(), took_ms, "http");
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeSet;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_call_that_panics_is_answered_with_a_problem() {
        let fails = axum::routing::get(async || -> String { panic!("a fault of ours") });
        let router = Router::new().route("/", fails).layer(middleware::from_fn(answer_panics));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 500 ") && answer.contains("application/problem+json"),
            "{answer}"
        );
        assert!(answer.contains(r#""code":"internal""#) && !answer.contains("a fault of ours"), "{answer}");
    }

    #[test]
    fn each_route_and_each_name_stands_once() {
        let (mut calls, mut names) = (BTreeSet::new(), BTreeSet::new());
        for route in ROUTES {
            assert!(calls.insert((route.path, route.verb)), "{} {}", route.verb.name(), route.path);
            assert!(names.insert(route.name), "{}", route.name);
            assert!(route.about.ends_with('.'), "{}", route.about);
        }
    }
}
