//! The fixed script of the crash, replay and store tests: two customers, an agent, everything once, and what is wrong.

use convene_core::conversation;
use convene_tests::amqp::Input;
use convene_tests::stage::Stage;
use convene_tests::words::{command, message};
use serde_json::json;

/// Plays the script to its end. Every input has a fixed id; the task ids are asked for.
pub(crate) async fn play(stage: &mut Stage<'_>) {
    stage.agent_comes("amal", "amal").await;
    the_bot_answers(stage).await;
    let conversation = the_agent_works(stage).await;
    wrong_words(stage, &conversation).await;
    both_leave(stage, &conversation).await;
}

/// Nina asks the bot; several messages come at once.
async fn the_bot_answers(stage: &mut Stage<'_>) {
    stage
        .play(&[
            message("nina-1", "nina", Some("START_CHAT"), None),
            message("nina-2", "nina", None, Some("Hello")),
            message("nina-3", "nina", None, Some("When are you open?")),
        ])
        .await;
    stage.play(&[message("nina-4", "nina", None, Some("My card is gone"))]).await;
}

/// Otto wants a person, and gets one.
async fn the_agent_works(stage: &mut Stage<'_>) -> String {
    let otto = stage.asks_for_a_person("otto", "otto").await;
    let (task, agent) = stage.offer(&otto).await;
    let here = |name: &str, id: &str, mut data: serde_json::Value| -> Input {
        data["agentId"] = json!(agent);
        data["conversationId"] = json!(otto);
        command(id, name, &data)
    };
    let plain = |text: &str| json!({ "body": { "type": "PLAIN", "markdownText": text } });
    stage.play(&[command("accept", "TASK_ACCEPT", &json!({ "agentId": agent, "taskId": task }))]).await;
    stage.play(&[here("AGENT_MESSAGE", "say-1", plain("Good day, how can I help?"))]).await;
    stage
        .play(&[
            message("otto-4", "otto", None, Some("My card was declined")),
            message("otto-5", "otto", None, Some("this morning")),
        ])
        .await;
    stage.play(&[here("PAUSE", "pause", json!({ "duration": 120 }))]).await;
    stage.play(&[here("RESUME", "resume", json!({}))]).await;
    stage
        .play(&[
            here("AGENT_MESSAGE", "say-2", plain("It works again.")),
            here("AGENT_MESSAGE", "say-3", plain("Anything else?")),
        ])
        .await;
    otto
}

/// Between good messages: one that cannot be read, one for no channel, and a command that comes too late.
async fn wrong_words(stage: &mut Stage<'_>, conversation: &str) {
    let late = json!({ "agentId": "bruno", "conversationId": conversation, "body": { "type": "PLAIN" } });
    if !stage.over_amqp() {
        stage.play(&[message("otto-6", "otto", None, Some("No, thank you"))]).await;
        stage.play(&[command("not-there", "AGENT_LEAVE", &late)]).await;
        return;
    }
    let broken =
        Input { body: b"{\"id\": \"broken\", ".to_vec(), ..message("broken", "otto", None, Some("")) };
    let mut nowhere = message("nowhere", "otto", None, Some("Is anybody there?"));
    nowhere.body = String::from_utf8(nowhere.body).unwrap().replace("1218", "9999").into_bytes();
    let good = [
        message("otto-6", "otto", None, Some("No, thank you")),
        message("otto-7", "otto", None, Some("It was very kind")),
    ];
    let [first, second] = good;
    stage.send(&[first, broken, nowhere, second]).await;
    stage.settle(&["m:otto-6".into(), "m:otto-7".into()]).await;
    stage.play(&[command("not-there", "AGENT_LEAVE", &late)]).await;
    let lost = json!({ "agentId": "amal", "conversationId": "no-such-conversation" });
    stage.send(&[command("no-conversation", "AGENT_LEAVE", &lost)]).await;
    stage.settle(&["c:no-conversation".into()]).await;
}

/// Otto goes, the agent wraps up; Nina says goodbye, and comes back.
async fn both_leave(stage: &mut Stage<'_>, conversation: &str) {
    stage.play(&[message("otto-8", "otto", Some("END_CHAT"), None)]).await;
    let codes = json!([{ "categoryName": "Result", "value": "Solved" }]);
    let data =
        json!({ "agentId": "amal", "conversationId": conversation, "wrapups": codes, "note": "unlocked" });
    stage.play(&[command("wrap-up", "WRAP_UP", &data)]).await;
    assert_eq!(stage.truth.state(conversation).await, "CLOSED");
    stage.play(&[message("nina-5", "nina", None, Some("bye"))]).await;
    let first = conversation::new_id("m:nina-1");
    assert_eq!(stage.truth.state(&first).await, "CLOSED");
    stage
        .play(&[
            message("nina-6", "nina", None, Some("One more thing")),
            message("nina-7", "nina", None, Some("about my card")),
        ])
        .await;
    let again = stage.truth.conversations("nina").await;
    assert_eq!(again.len(), 2, "a message after the close begins a new conversation");
    assert_ne!(stage.truth.state(again.last().unwrap()).await, "CLOSED");
}
