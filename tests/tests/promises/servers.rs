//! A conversation over RabbitMQ and Postgres: messages as connectors send them, the agent by commands.

use convene_tests::amqp::Mailbox;
use convene_tests::control::Control;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{command, message};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_runs_over_rabbitmq_and_postgres_from_start_chat_to_wrap_up() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "servers", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#", "agent.#", "event.#"]).await;
    let mut stage = Stage::open(&site).await;

    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let (task, agent) = stage.offer(&id).await;
    assert_eq!(agent, "amal");
    let offer = mailbox.wait("the offer at the desk", |h| h.kind == "taskRequest").await;
    assert_eq!(offer.key, "agent.amal");
    assert_eq!(offer.body["conversationId"], id.as_str());

    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;
    let say = json!({ "type": "PLAIN", "markdownText": "Good day, how can I help?" });
    let data = json!({ "agentId": agent, "conversationId": id, "body": say });
    stage.order("say", "AGENT_MESSAGE", data).await;
    stage.play(&[message("nina-4", "nina", None, Some("My card was declined"))]).await;
    let here = json!({ "agentId": agent, "conversationId": id });
    stage.order("leave", "AGENT_LEAVE", here.clone()).await;
    let mut codes = here;
    codes["wrapups"] = json!([{ "categoryName": "Result", "value": "Solved" }]);
    stage.order("wrap-up", "WRAP_UP", codes).await;
    stage.play(&[message("nina-5", "nina", Some("END_CHAT"), None)]).await;

    said_on_the_channel(&mailbox).await;
    in_the_tables(&stage, &id, &task).await;
    stage.close().await;
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}

/// What the customer's connector received: the bot's words and the agent's, each once, on the channel's own key.
async fn said_on_the_channel(mailbox: &Mailbox) {
    mailbox
        .wait("the end of the session", |h| h.body["body"]["notificationType"] == "CHANNEL_SESSION_ENDED")
        .await;
    let heard = mailbox.heard();
    let to_customer: Vec<_> = heard.iter().filter(|h| h.key.starts_with("channel.")).collect();
    assert!(to_customer.iter().all(|h| h.key == "channel.WEB.1218"), "{to_customer:?}");
    let texts: Vec<&str> = to_customer
        .iter()
        .filter_map(|h| h.body["body"]["markdownText"].as_str())
        .filter(|t| !t.is_empty())
        .collect();
    for expected in ["What can I do for you?", "Good day, how can I help?"] {
        assert_eq!(texts.iter().filter(|t| **t == expected).count(), 1, "{expected}: {texts:?}");
    }
    for message in &to_customer {
        let data = &message.body["header"]["channelData"];
        assert_eq!(data["channelCustomerIdentifier"], "nina");
        assert_eq!(data["serviceIdentifier"], "1218");
    }
    for event in [
        "CHANNEL_SESSION_STARTED",
        "CUSTOMER_MESSAGE",
        "BOT_MESSAGE",
        "AGENT_SUBSCRIBED",
        "AGENT_UNSUBSCRIBED",
    ] {
        assert!(heard.iter().any(|h| h.key == format!("event.{event}")), "no {event} on convene.out");
    }
}

async fn in_the_tables(stage: &Stage<'_>, id: &str, task: &str) {
    let rest = format!("where conversation_id = '{id}'");
    let truth = &stage.truth;
    let conversation =
        truth.rows("conversation", &["disposition", "bot_id", "direction", "task_state"], &rest).await;
    assert_eq!(
        conversation,
        [vec![json!("AGENT-HANDLED"), json!("concierge"), json!("INBOUND"), json!("CLOSED")]]
    );
    let columns = ["channel_customer_identifier", "channel_id", "disposition"];
    let session = truth.rows("channel_session", &columns, &rest).await;
    assert_eq!(session.len(), 1);
    assert_eq!(session[0][..2], [json!("nina"), json!("web")]);
    let columns =
        ["agent_task_id", "agent_id", "queue_id", "task_disposition", "mrd_id", "task_mode", "routing_mode"];
    let tasks = truth.rows("agent_task", &columns, &rest).await;
    let expected: Vec<Value> =
        [task, "amal", "general", "DONE", "CHAT", "QUEUE", "PUSH"].into_iter().map(Value::from).collect();
    assert_eq!(tasks, [expected]);
    let codes = truth.rows("wrapup_detail", &["category_name", "wrapup_label", "agent_id"], &rest).await;
    assert_eq!(codes, [vec![json!("Result"), json!("Solved"), json!("amal")]]);
    let late = command("late", "AGENT_LEAVE", &json!({ "agentId": "amal", "conversationId": id }));
    assert!(!late.body.is_empty());
}
