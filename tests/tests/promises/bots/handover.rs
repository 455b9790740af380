//! An agent joins while the bot is being asked: what the bot says then is for the agent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use convene_tests::eventually;
use convene_tests::faulty::{Fault, Faulty, Kind};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::scene::{PATIENCE, Part, Scene, conversation_of};

/// Time for an agent to accept, and then for the bot to answer within its deadline.
const SLOW: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(7);
const AGENTS: [&str; 3] = ["amal", "bruno", "chen"];

/// What the bot does while the agent joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Answer,
    Order,
    Silence,
}

struct Case {
    name: String,
    kind: Kind,
    late: Late,
    bot: Faulty,
}

async fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (prefix, kind) in [("webhook", Kind::Webhook), ("rasa", Kind::Rasa), ("llm", Kind::Llm)] {
        for (what, late) in [("answer", Late::Answer), ("order", Late::Order), ("silence", Late::Silence)] {
            let bot = Faulty::start(kind, Fault::Orders(Duration::ZERO));
            all.push(Case { name: format!("{prefix}-{what}"), kind, late, bot });
        }
    }
    all
}

/// Keeps what a desk is shown, as text.
async fn desk(mut stream: reqwest::Response, shown: Arc<Mutex<String>>) {
    while let Ok(Some(piece)) = stream.chunk().await {
        shown.lock().unwrap().push_str(&String::from_utf8_lossy(&piece));
    }
}

/// All agents come to work; returns what their desks show from now on.
async fn agents_come(scene: &Scene) -> Arc<Mutex<String>> {
    let shown: Arc<Mutex<String>> = Arc::default();
    for agent in AGENTS {
        tokio::spawn(desk(scene.http.open(&format!("/agents/{agent}/stream")).await, shown.clone()));
        scene.gives(&format!("/agents/{agent}/login"), json!({})).await;
        scene.puts(&format!("/agents/{agent}/state"), json!({ "state": "READY" })).await;
        scene.puts(&format!("/agents/{agent}/mrds/CHAT"), json!({ "state": "READY" })).await;
    }
    shown
}

/// The customer wants a person, writes once more, and an agent accepts while the bot thinks about it.
async fn an_agent_joins(scene: &Scene, case: &Case) {
    scene.writes(&case.name, &case.name, 1, "A person, please").await;
    let id = conversation_of(&case.name);
    let what = format!("{} is offered", case.name);
    let (task, agent) = eventually(&what, PATIENCE, async || scene.truth.offer(&id).await).await;
    case.bot.fails(match case.late {
        Late::Answer => Fault::Slow(SLOW),
        Late::Order => Fault::Orders(SLOW),
        Late::Silence => Fault::HungBeforeHead,
    });
    scene.writes(&case.name, &case.name, 2, "One more word").await;
    let asked = async || (case.bot.asked().len() == 2).then_some(());
    eventually("the bot is asked again", PATIENCE, asked).await;
    scene.gives(&format!("/tasks/{task}/accept"), json!({ "agentId": agent })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bot_says_after_an_agent_joined_reaches_the_agent_and_nobody_else() {
    let cases = cases().await;
    let timeout = format!("timeout: {}s", DEADLINE.as_secs());
    let parts: Vec<Part> = cases.iter().map(|c| Part::of(&c.name, c.kind, &c.bot).with(&timeout)).collect();
    let scene = Scene::open("handover", &parts).await;
    let shown = agents_come(&scene).await;
    join_all(cases.iter().map(|case| an_agent_joins(&scene, case))).await;
    sleep(DEADLINE + Duration::from_millis(1_500)).await;

    let mut problems = Vec::new();
    for case in &cases {
        check(&scene, case, &mut problems).await;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let desks = shown.lock().unwrap().clone();
    let suggested = desks.matches("You said: One more word").count();
    assert!(suggested >= 3, "the desks were shown {suggested} late answers:\n{desks}");
    scene.close().await;
}

async fn check(scene: &Scene, case: &Case, problems: &mut Vec<String>) {
    let id = conversation_of(&case.name);
    let events = scene.events(&id).await;
    let count = |name: &str| events.get(name).copied().unwrap_or_default();
    let words = scene.words(&case.name);
    if words.len() != 1 {
        problems.push(format!("{}: the customer read {words:?}", case.name));
    }
    let seen =
        ["AGENT_SUBSCRIBED", "BOT_SUGGESTION", "FIND_AGENT", "TASK_ENQUEUED", "BOT_TIMEOUT"].map(count);
    let expected = [1, usize::from(case.late == Late::Answer), 1, 1, usize::from(case.late == Late::Silence)];
    if seen != expected {
        problems.push(format!("{}: {seen:?} and not {expected:?}: {events:?}", case.name));
    }
    let history = serde_json::to_string(&scene.history(&id).await).unwrap();
    if case.late == Late::Order && !history.contains("orders FIND_AGENT too late") {
        problems.push(format!("{}: the late order is not recorded", case.name));
    }
}
