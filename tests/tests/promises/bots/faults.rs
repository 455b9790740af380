//! Every kind of bot with every fault, all at the same time in front of one engine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use convene_tests::faulty::{Fault, Faulty, Kind};
use futures_util::future::join_all;
use tokio::time::{sleep, sleep_until};

use super::scene::{DEADLINE, Part, Scene, conversation_of};

const WELCOME: &str = "Welcome to Harbour Bank. How can we help?";
const APOLOGY: &str = "We are sorry, I cannot answer right now. Please try again later.";
/// A customer knows within the deadline and a second; the rest is for a loaded machine, on which many tests share two
/// cores with an unoptimised engine.
const OUTCOME_BY: Duration = DEADLINE.saturating_add(Duration::from_millis(1_000 + 1_500));
/// After that long nothing that was begun in a round can still come.
const ROUND: Duration = Duration::from_secs(5);

/// What a fault comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// The bot's silence or absence is noticed, and an agent is looked for.
    Silent,
    Absent,
}

/// A customer with a bot of their own.
struct Case {
    name: String,
    kind: Kind,
    fault: Option<Fault>,
    end: End,
    /// Requests the bot gets of one question.
    requests: usize,
    bot: Faulty,
}

/// Every fault, what it comes to, and how many requests it costs. Only what was certainly not taken is asked again.
fn faults(elsewhere: &str) -> Vec<(&'static str, Fault, End, usize)> {
    let slow = Fault::Slow(DEADLINE - Duration::from_millis(800));
    vec![
        ("well", Fault::None, End::Answered, 1),
        ("slow", slow, End::Answered, 1),
        ("hung-before-head", Fault::HungBeforeHead, End::Silent, 1),
        ("hung-after-head", Fault::HungAfterHead, End::Silent, 1),
        ("drips", Fault::Drips, End::Silent, 1),
        ("busy-once", Fault::Once("429 Too Many Requests\r\nretry-after: 1"), End::Answered, 2),
        // It asks for a second each time: the third request would come after the deadline.
        ("busy", Fault::Status("429 Too Many Requests\r\nretry-after: 1"), End::Absent, 2),
        (
            "busy-for-ages",
            Fault::Status("429 Too Many Requests\r\nretry-after: 18446744073709551"),
            End::Absent,
            1,
        ),
        ("broken", Fault::Status("500 Internal Server Error"), End::Absent, 1),
        ("unavailable-once", Fault::Once("503 Service Unavailable"), End::Answered, 2),
        ("html", Fault::Html, End::Absent, 1),
        ("no-json", Fault::NoJson, End::Absent, 1),
        ("endless", Fault::Endless, End::Absent, 1),
        ("deep", Fault::Deep, End::Absent, 1),
        ("redirect", Fault::Redirect(elsewhere.to_owned()), End::Absent, 1),
        ("twice", Fault::Twice, End::Answered, 1),
        // Either the question was on its way, and is not repeated; or the connection broke before it stood, and it is.
        ("reset-unread", Fault::ResetUnread, End::Absent, 0),
        ("reset-read", Fault::ResetRead, End::Absent, 1),
    ]
}

async fn cases(elsewhere: &Faulty) -> Vec<Case> {
    let mut all = Vec::new();
    let kinds = [("webhook", Kind::Webhook), ("rasa", Kind::Rasa), ("llm", Kind::Llm), ("lex", Kind::Lex)];
    for (prefix, kind) in kinds {
        for (fault_name, fault, end, requests) in faults(&elsewhere.url()) {
            // Amazon says of its 5xx that asking again is safe.
            let requests = if kind == Kind::Lex && fault_name == "broken" { 3 } else { requests };
            let bot = Faulty::start(kind, fault.clone());
            let name = format!("{prefix}-{fault_name}");
            all.push(Case { name, kind, fault: Some(fault), end, requests, bot });
        }
        let bot = Faulty::absent(kind);
        let name = format!("{prefix}-nobody");
        all.push(Case { name, kind, fault: None, end: End::Absent, requests: 0, bot });
    }
    all
}

/// Everybody writes at once. Returns how long each waited until they were answered or queued.
async fn round(scene: &Scene, cases: &[Case], n: usize) -> BTreeMap<String, Duration> {
    let lines: Vec<usize> = cases.iter().map(|c| scene.words(&c.name).len()).collect();
    let asked = join_all(cases.iter().map(async |c| {
        let begun = Instant::now();
        scene.writes(&c.name, &c.name, n, &format!("Hello {n}")).await;
        begun
    }))
    .await;
    let over = tokio::time::Instant::now() + ROUND;
    let mut waited = BTreeMap::new();
    while waited.len() < cases.len() && tokio::time::Instant::now() < over {
        let tasks = if n == 1 { scene.tasks().await } else { BTreeMap::new() };
        for ((case, lines), asked) in cases.iter().zip(&lines).zip(&asked) {
            // The welcome of the first round is no answer.
            let line = scene.read(&case.name).into_iter().nth((*lines).max(1)).map(|l| l.at);
            let queued = tasks.contains_key(&conversation_of(&case.name)).then(Instant::now);
            if let Some(at) = line.or(queued) {
                waited.entry(case.name.clone()).or_insert(at - *asked);
            }
        }
        sleep(Duration::from_millis(25)).await;
    }
    // Whatever still comes now would be a second answer.
    sleep_until(over).await;
    waited
}

/// What a customer has read, and how often an agent was looked for.
async fn check(scene: &Scene, case: &Case, words: &[&str], problems: &mut Vec<String>) {
    let read = scene.words(&case.name);
    if read != words {
        problems.push(format!("{}: read {read:?} and not {words:?}", case.name));
    }
    let wanted = usize::from(case.end != End::Answered);
    let events = scene.events(&conversation_of(&case.name)).await;
    let queued = events.get("TASK_ENQUEUED").copied().unwrap_or_default();
    if queued != wanted {
        problems.push(format!("{}: queued {queued} times and not {wanted}: {events:?}", case.name));
    }
}

/// The requests of the first round, and what was noticed of the fault.
async fn check_requests(scene: &Scene, case: &Case, problems: &mut Vec<String>) {
    let asked = case.bot.asked();
    if asked.len() != case.requests {
        problems.push(format!("{}: {} requests and not {}", case.name, asked.len(), case.requests));
    }
    if asked.iter().any(|a| a.key().is_empty() || a.key() != asked[0].key() || a.json() != asked[0].json()) {
        problems.push(format!("{}: the question was repeated as another one", case.name));
    }
    let events = scene.events(&conversation_of(&case.name)).await;
    let noticed = ["BOT_TIMEOUT", "BOT_NOT_AVAILABLE"].map(|e| events.get(e).copied().unwrap_or_default());
    let expected = [usize::from(case.end == End::Silent), usize::from(case.end == End::Absent)];
    if noticed != expected {
        problems.push(format!("{}: noticed {noticed:?} and not {expected:?}", case.name));
    }
    if case.fault == Some(Fault::ResetUnread) && !(1..=3).contains(&case.bot.connections()) {
        problems.push(format!("{}: {} connections", case.name, case.bot.connections()));
    }
}

fn check_times(waited: &BTreeMap<String, Duration>, cases: &[Case], problems: &mut Vec<String>) {
    for case in cases {
        match waited.get(&case.name) {
            Some(time) if *time <= OUTCOME_BY => {}
            Some(time) => problems.push(format!("{}: knew after {time:?}", case.name)),
            None => problems.push(format!("{}: neither answered nor queued", case.name)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_bot_does_its_customer_is_answered_or_queued_in_time_and_once() {
    let elsewhere = Faulty::start(Kind::Webhook, Fault::None);
    let mut cases = cases(&elsewhere).await;
    let parts: Vec<Part> = cases.iter().map(|c| Part::of(&c.name, c.kind, &c.bot)).collect();
    let scene = Scene::open("faults", &parts).await;
    let mut problems = Vec::new();

    let waited = round(&scene, &cases, 1).await;
    check_times(&waited, &cases, &mut problems);
    for case in &cases {
        let answered = [WELCOME, "You said: Hello 1"];
        let words = if case.end == End::Answered { &answered[..] } else { &answered[..1] };
        check(&scene, case, words, &mut problems).await;
        check_requests(&scene, case, &mut problems).await;
    }
    let longest = waited.values().max();
    println!("{} bots; the longest wait was {longest:?}", cases.len());

    // The same fault again: no second agent, and the customer is told.
    let waited = round(&scene, &cases, 2).await;
    check_times(&waited, &cases, &mut problems);
    let second = |case: &Case| match case.end {
        End::Answered => vec![WELCOME, "You said: Hello 1", "You said: Hello 2"],
        End::Silent | End::Absent => vec![WELCOME, APOLOGY],
    };
    for case in &cases {
        check(&scene, case, &second(case), &mut problems).await;
    }

    // The bots are well again: what is written now is answered, whatever went wrong before.
    for case in &mut cases {
        case.bot.fails(Fault::None);
        if case.fault.is_none() {
            case.bot.comes();
        }
    }
    let waited = round(&scene, &cases, 3).await;
    check_times(&waited, &cases, &mut problems);
    for case in &cases {
        let mut words = second(case);
        words.push("You said: Hello 3");
        check(&scene, case, &words, &mut problems).await;
    }

    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(elsewhere.connections(), 0, "a redirect was followed");
    for case in cases.iter().filter(|c| c.fault == Some(Fault::Endless)) {
        let taken = case.bot.taken();
        assert!(taken < 32 << 20, "{}: {taken} bytes of an endless answer were taken", case.name);
    }
    assert_eq!(scene.truth.count("bot_call", "").await, 0);
    scene.close().await;
}
