//! A contact centre at work: five hundred agents, twenty queues, thousands of customers, two engines, and somebody who
//! kills them. Afterwards the books balance.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use convene_core::model::Json;
use convene_tests::amqp::{Heard, Input, Mailbox, Publisher};
use convene_tests::control::Control;
use convene_tests::eventually;
use convene_tests::replay;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::truth::Truth;
use convene_tests::words::{QUIET, command, message};
use serde_json::json;
use tokio::time::sleep;

const AGENTS: usize = 500;
const QUEUES: usize = 20;
/// Customers, unless `CONVENE_CUSTOMERS` says otherwise.
const CUSTOMERS: usize = 1_500;
/// How long everything may take, kills included.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// A word of the customer names the queue; who leaves ends it.
const FLOW: &str = "
flow: centre
title: The customer names the queue
on:
  CUSTOMER_MESSAGE: look
  AGENT_UNSUBSCRIBED: close
  NO_AGENT_AVAILABLE: close
  CHANNEL_SESSION_ENDED: stop_looking
on_error: trouble
nodes:
  look:
    find_agent: { queue: \"=event.text\" }
  stop_looking:
    cancel_request: { reason: CANCELLED }
    then: close
  close:
    end_conversation: {}
  trouble:
    note: \"{{error.at}} failed: {{error.message}}\"
";

fn centre() -> String {
    let mut text = String::from(
        "centre: Many
ring_time: 6s
media: { CHAT: { max_tasks: 2 } }
attributes: { skill: { kind: PROFICIENCY_LEVEL } }
customers: { default_name: Guest, attributes: { web: { kind: String } } }
channel_types: { WEB: { media: CHAT, identifier: web } }
wrap_up: { enabled: false }
bots: { quiet: { kind: SCRIPT, flow: quiet } }
channels: { web: { type: WEB, service_identifier: \"1218\", bot: quiet, queue: queue0, request_ttl: 30m } }
queues:
",
    );
    for n in 0..QUEUES {
        let (best, level) = (1 + n % 9, 1 + n % 5);
        writeln!(
            text,
            "  queue{n}: {{ media: CHAT, priority: {}, service_level: {{ within: 5s }}, steps: [{{ agents: skill >= {best}, \
             timeout: 3s }}, {{ agents: skill >= {level} }}] }}",
            1 + n % 10
        )
        .unwrap();
    }
    text += "agents:\n";
    for n in 0..AGENTS {
        writeln!(text, "  a{n}: {{ attributes: {{ skill: {} }} }}", 1 + n % 10).unwrap();
    }
    text
}

fn customers() -> usize {
    std::env::var("CONVENE_CUSTOMERS").ok().and_then(|n| n.parse().ok()).unwrap_or(CUSTOMERS)
}

/// Agents and some customers, as they answer what their desks show.
struct Crowd {
    answered: HashSet<String>,
}

impl Crowd {
    /// What is done about something that was published; nothing when it was heard before.
    fn answer(&mut self, heard: &Heard) -> Vec<Input> {
        let agent = heard.key.strip_prefix("agent.").unwrap_or_default();
        let conversation = heard.body["conversationId"].as_str().unwrap_or_default();
        match heard.kind.as_str() {
            "taskRequest" => self.offered(agent, &heard.body),
            "onTopicData" if self.answered.insert(format!("leave {conversation} {agent}")) => {
                let data = json!({ "agentId": agent, "conversationId": conversation });
                vec![command(&format!("leave-{conversation}-{agent}"), "AGENT_LEAVE", &data)]
            }
            _ => Vec::new(),
        }
    }

    /// Most accept; some refuse, some let it ring, and some customers hang up.
    fn offered(&mut self, agent: &str, offer: &Json) -> Vec<Input> {
        let task = offer["taskId"].as_str().unwrap_or_default().split(':').next().unwrap_or_default();
        if !self.answered.insert(task.to_owned()) {
            return Vec::new();
        }
        let data = json!({ "taskId": task, "agentId": agent });
        let customer = offer["channelSession"]["channelData"]["channelCustomerIdentifier"].as_str();
        let customer = customer.unwrap_or_default();
        match task.bytes().map(usize::from).sum::<usize>() % 20 {
            0 => Vec::new(),
            1 | 2 => vec![command(&format!("reject-{task}"), "TASK_REJECT", &data)],
            3 => vec![message(&format!("end-{customer}"), customer, Some("END_CHAT"), None)],
            _ => vec![command(&format!("accept-{task}"), "TASK_ACCEPT", &data)],
        }
    }
}

fn logins() -> Vec<Input> {
    let login = |n: usize| {
        let agent = format!("a{n}");
        [
            command(&format!("login-{n}"), "AGENT_LOGIN", &json!({ "agentId": agent })),
            command(&format!("ready-{n}"), "AGENT_STATE", &json!({ "agentId": agent, "state": "READY" })),
            command(
                &format!("chat-{n}"),
                "AGENT_MRD_STATE",
                &json!({ "agentId": agent, "mrd": "CHAT", "state": "READY" }),
            ),
        ]
    };
    (0..AGENTS).flat_map(login).collect()
}

async fn closed(truth: &Truth) -> usize {
    usize::try_from(truth.count("conversation", "").await).unwrap()
}

/// The crowd works until everybody is served; returns when nothing is open any more.
async fn serve(mailbox: &Mailbox, url: &str, truth: &Truth, wanted: usize) {
    let mut publisher = Publisher::new(url);
    let mut crowd = Crowd { answered: HashSet::new() };
    let mut taken = 0;
    let began = Instant::now();
    loop {
        let heard = mailbox.since(taken);
        taken += heard.len();
        let inputs: Vec<Input> = heard.iter().flat_map(|h| crowd.answer(h)).collect();
        publisher.publish(&inputs).await;
        if heard.is_empty() {
            if closed(truth).await >= wanted {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{} of {wanted} are closed", closed(truth).await);
            sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_balance_after_two_engines_were_killed_at_work() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.alone().await;
    let customers = customers();
    let mut site = Site::on(&control, "centre", Store::Postgres, Bus::Rabbit).await;
    let dir = site.options.home.join("deployment");
    std::fs::create_dir_all(dir.join("flows")).unwrap();
    for (file, text) in [("centre", centre()), ("flow", FLOW.into()), ("quiet", QUIET.into())] {
        std::fs::write(dir.join(format!("flows/{file}.yaml")), text.trim_start()).unwrap();
    }
    site.options.dir = dir;
    let mailbox = Mailbox::open(site.amqp(), &["agent.#"]).await;
    let first = site.engine().await;
    let second = site.second_engine().await;
    let truth = site.truth().await;
    let url = site.amqp().to_owned();
    let mut publisher = Publisher::new(&url);
    publisher.publish(&logins()).await;
    let coming = tokio::spawn(async move {
        let ask = |i: usize| {
            message(&format!("ask-{i}"), &format!("c{i}"), None, Some(&format!("queue{}", i * 7 % QUEUES)))
        };
        let all: Vec<Input> = (0..customers).map(ask).collect();
        for some in all.chunks(250) {
            publisher.publish(some).await;
        }
    });
    let killer = async {
        eventually("a third is served", PATIENCE, async || {
            (closed(&truth).await > customers / 3).then_some(())
        })
        .await;
        first.kill();
        let third = site.engine().await;
        let half = 2 * customers / 3;
        eventually("two thirds are served", PATIENCE, async || (closed(&truth).await > half).then_some(()))
            .await;
        second.kill();
        third
    };
    let (third, ()) = tokio::join!(killer, serve(&mailbox, &url, &truth, customers));
    coming.await.unwrap();
    eventually("everything is published", PATIENCE, async || truth.published().await.then_some(())).await;
    third.stop().await;

    balance(&truth, customers).await;
    let replayed = replay::replay(&truth).await;
    assert_eq!(replayed, customers, "conversations replayed");
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}

/// offered = answered + abandoned + RONA + no agent + waiting, for every queue; and the rows are those of the journal.
async fn balance(truth: &Truth, customers: usize) {
    let columns = [
        "queue_id",
        "count(*)",
        "count(*) filter (where answered)",
        "count(*) filter (where abandoned)",
        "count(*) filter (where rona)",
        "count(*) filter (where no_agent)",
    ];
    let rows = truth.rows("task_service_level", &columns, "group by queue_id order by queue_id").await;
    assert_eq!(rows.len(), QUEUES, "queues with tasks");
    let mut sums = [0; 5];
    for row in &rows {
        let counts: Vec<i64> = row[1..].iter().map(|n| n.as_i64().unwrap()).collect();
        assert_eq!(counts[0], counts[1..].iter().sum::<i64>(), "queue {} does not balance: {row:?}", row[0]);
        for (sum, count) in sums.iter_mut().zip(&counts) {
            *sum += count;
        }
    }
    let [offered, answered, abandoned, rona, no_agent] = sums;
    println!(
        "{customers} customers: {offered} offered = {answered} answered + {abandoned} abandoned + {rona} not taken + {no_agent} without an agent"
    );
    let waiting = truth.count("routing_record", "where key like 'task:%'").await;
    assert_eq!(waiting, 0, "tasks that are still open");
    assert!(answered > 0 && rona > 0 && abandoned > 0, "the crowd did all it can do");
    assert_eq!(truth.count("conversation_state", "where open").await, 0, "conversations that are still open");
    same_as_the_journal(truth).await;
}

/// Every row of agent_task follows from the journal of routing, and no other.
async fn same_as_the_journal(truth: &Truth) {
    let stored =
        truth.rows("agent_task", &["agent_task_id", "task_disposition", "agent_id", "queue_id"], "").await;
    let stored: BTreeSet<String> = stored.iter().map(|row| json!(row).to_string()).collect();
    let made = replay::task_rows(truth).await;
    let made: BTreeMap<String, Vec<Json>> = made;
    let made: BTreeSet<String> = made.into_values().map(|row| json!(row).to_string()).collect();
    assert_eq!(made.len(), stored.len(), "rows of the journal, and of the table");
    assert_eq!(made, stored);
}
