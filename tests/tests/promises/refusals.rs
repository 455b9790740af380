//! A database that answers and refuses: nothing is dropped, and one input it will not have does not stop the others.

use std::time::Duration;

use convene_tests::amqp::{Mailbox, Publisher};
use convene_tests::control::Control;
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{command, message};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

/// How soon everything must have happened.
const SOON: Duration = Duration::from_secs(40);

async fn run(site: &Site, statements: &'static str) {
    let mut connection = PgConnection::connect(site.options.database_url.as_deref().unwrap()).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A letter that cannot be kept yet must not be acknowledged with what came behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_at_which_the_store_fails_is_taken_again() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "refusals", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    run(
        &site,
        "create table refuse (); insert into refuse default values;
        create function refuse() returns trigger language plpgsql as $$ begin
            if exists (select from refuse) then raise exception 'not now'; end if;
            return new;
        end $$;
        create trigger refuse before insert on dead_letter for each row execute function refuse();",
    )
    .await;
    let mut lost = command("lost", "AGENT_LEAVE", &json!({ "agentId": "amal", "conversationId": "nobody" }));
    lost.key = "nina".into();
    let mut publisher = Publisher::new(site.amqp());
    publisher.publish(&[lost]).await;
    sleep(Duration::from_secs(1)).await;
    publisher.publish(&[message("behind", "nina", None, Some("Hello"))]).await;
    sleep(Duration::from_secs(2)).await;
    run(&site, "delete from refuse").await;
    mailbox.greeted("nina").await;
    let letters = stage.truth.texts("dead_letter", "reason", "where id = 'c:lost'").await;
    assert_eq!(letters, ["unknown_conversation"]);
    stage.close().await;
    site.clean().await;
}

/// Its step asks routing for an agent in the same batch, so that two rows of the journal come and go together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_that_the_store_refuses_is_quarantined_with_what_followed_from_it() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "refused", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    stage.play(&[message("hello", "nina", None, Some("Hello"))]).await;
    run(
        &site,
        "create function refuse() returns trigger language plpgsql as $$ begin
            if new.input_id like 'm:bad%' then raise exception 'never'; end if;
            return new;
        end $$;
        create trigger refuse before insert on journal for each row execute function refuse();",
    )
    .await;
    let mut publisher = Publisher::new(site.amqp());
    publisher
        .publish(&[
            message("bad", "nina", None, Some("A person please")),
            message("good", "otto", None, Some("Hello")),
            message("late", "nina", None, Some("A person please")),
        ])
        .await;
    mailbox.greeted("otto").await;
    let nina = stage.truth.conversations("nina").await.remove(0);
    eventually("an agent is looked for", SOON, async || {
        let tasks = stage.truth.texts("routing_record", "body", "where key like 'task:%'").await;
        tasks.iter().any(|task| task.contains(&nina)).then_some(())
    })
    .await;
    let letters = stage.truth.texts("dead_letter", "reason", "where id = 'm:bad'").await;
    assert_eq!(letters, ["engine_fault"]);
    assert_eq!(stage.truth.count("dead_letter", "").await, 1, "and nothing else");
    stage.close().await;
    site.clean().await;
}
