//! Both connections encrypted, and what is said when a server cannot prove who it is.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use convene_tests::amqp::Mailbox;
use convene_tests::control::{Control, Encryption};
use convene_tests::engine::{binary, root};
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{connector_message, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_runs_over_encrypted_connections() {
    let (Some(control), Some(encryption)) = (Control::from_env(), Encryption::from_env()) else { return };
    let _servers = control.alone().await;
    let mut site = Site::on(&control, "encrypted", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    // For the engine alone: who looks on need not hide.
    let database = site.options.database_url.clone().unwrap();
    site.options.env = vec![
        ("AMQP_URL".into(), encryption.amqps(site.amqp(), "ca")),
        ("DATABASE_URL".into(), encryption.postgres(&database, "ca")),
    ];

    let mut stage = Stage::open(&site).await;
    stage.order("nobody", "AGENT_LOGIN", serde_json::json!({ "agentId": "amal" })).await;
    stage.play(&[message("hello", "nina", None, Some("Hello"))]).await;
    mailbox.greeted("nina").await;
    control.run("rabbit-kill", &[]).await;
    control.run("rabbit-start", &[]).await;
    stage.play(&[message("hello again", "otto", None, Some("Hello"))]).await;
    mailbox.greeted("otto").await;
    let vhost = site.amqp().rsplit('/').next().unwrap();
    let links =
        control.run("rabbitmqctl", &["-q", "list_connections", "vhost", "ssl", "client_properties"]).await;
    let ours: Vec<_> = links
        .lines()
        .filter(|l| l.starts_with(vhost) && l.contains(r#""connection_name","convene""#))
        .collect();
    assert!(!ours.is_empty() && ours.iter().all(|l| l.contains("\ttrue\t")), "{links}");
    let rest = "join pg_stat_activity using (pid) where datname = current_database() and \
                application_name = 'convene' group by ssl";
    let encrypted = stage.truth.rows("pg_stat_ssl", &["cast(ssl as text)"], rest).await;
    assert_eq!(encrypted, [vec![serde_json::json!("true")]]);
    stage.close().await;
    site.clean().await;
}

/// Runs a command that needs one server; a message waits at its input.
fn convene(command: &[&str], url: (&str, &str)) -> Output {
    let mut convene = Command::new(binary());
    convene.env_remove("AMQP_URL").env_remove("DATABASE_URL").current_dir(root());
    convene
        .args(command)
        .env(url.0, url.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = convene.spawn().unwrap();
    let message = connector_message("hello", "nina", None, Some("Hello")).to_string();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(message.as_bytes());
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_refused_in_words() {
    let (Some(control), Some(encryption)) = (Control::from_env(), Encryption::from_env()) else { return };
    let _servers = control.shared().await;
    let broker = encryption.amqps(&control.amqp_url, "other");
    let refused = convene(&["send", "-"], ("AMQP_URL", &broker));
    said(&refused, "guest:guest", &["127.0.0.1", "certificate", "cacertfile"]);
    let elsewhere =
        format!("{}&server_name_indication=elsewhere.example", encryption.amqps(&control.amqp_url, "ca"));
    let refused = convene(&["send", "-"], ("AMQP_URL", &elsewhere));
    said(&refused, "guest:guest", &["certificate", "elsewhere.example"]);
    let database = encryption.postgres(&control.database_url, "other");
    let refused = convene(&["migrate"], ("DATABASE_URL", &database));
    let password = database.split(['@', ':']).nth(2).unwrap();
    said(&refused, password, &["certificate", "sslrootcert"]);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_at_once() {
    let missing = "amqps://guest:guest@127.0.0.1:1/?cacertfile=/nowhere/ca.pem";
    said(&convene(&["send", "-"], ("AMQP_URL", missing)), "guest:guest", &["/nowhere/ca.pem"]);
    let none =
        concat!("amqps://guest:guest@127.0.0.1:1/?cacertfile=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    said(&convene(&["send", "-"], ("AMQP_URL", none)), "guest:guest", &["Cargo.toml", "BEGIN CERTIFICATE"]);
    let half = "amqps://guest:guest@127.0.0.1:1/?certfile=/a.pem";
    said(&convene(&["send", "-"], ("AMQP_URL", half)), "guest:guest", &["keyfile"]);
    let unchecked = "amqps://guest:guest@127.0.0.1:1/?verify=verify_none";
    said(&convene(&["send", "-"], ("AMQP_URL", unchecked)), "guest:guest", &["always checked"]);
    let open = "amqp://guest:guest@127.0.0.1:1/?cacertfile=/a.pem";
    said(&convene(&["send", "-"], ("AMQP_URL", open)), "guest:guest", &["amqps:"]);
}

/// The environment is at fault (2), and the words say what, without the secret.
fn said(output: &Output, secret: &str, words: &[&str]) {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(!text.contains(secret), "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}
