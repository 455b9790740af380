//! Tokens and keys of bots are in no log, no table, no figure and no answer, whatever bots do with them.

use std::time::Duration;

use convene_tests::faulty::{Fault, Faulty, Kind};
use convene_tests::truth::Truth;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Row, SqlitePool};
use tokio::time::sleep;

use super::scene::{AWS_SECRET, Part, Scene, conversation_of};

/// Planted where secrets are kept. Each has a middle that cannot come about by chance.
const TOKEN: &str = "tok-3QwPlantedToken9x";
const BROKEN: &str = "tok-7ZrPlanted\nBroken4k";
const IN_FILE: &str = "tok-5HvPlantedFile2m";
const KEY: &str = "whsec_UGxhbnRlZFNpZ25pbmdLZXk4cQ==";
const WRONG: &str = "tok-6TyPlantedWrong1u";
/// What must be found nowhere: the secrets, the parts of the broken one, and the key behind its base64.
const NOWHERE: [&str; 8] = [
    AWS_SECRET,
    TOKEN,
    "7ZrPlanted",
    "Broken4k",
    IN_FILE,
    "UGxhbnRlZFNpZ25pbmdLZXk4cQ",
    "PlantedSigningKey8q",
    WRONG,
];

/// Bots that spread what they were given, and bots that fail.
fn faults() -> Vec<(&'static str, Fault)> {
    let json = r#"{"error":"no entry for AUTH","token":"TOKEN"}"#;
    vec![
        ("well", Fault::None),
        ("echoes-401", Fault::Echoes("401 Unauthorized", json)),
        ("echoes-in-status", Fault::Echoes("400 Bad AUTH", json)),
        ("echoes-page", Fault::Echoes("500 Oops", "<html>Your header was AUTH</html>")),
        ("echoes-page-well", Fault::Echoes("200 OK", "<html>Your header was AUTH</html>")),
        ("echoes-no-json", Fault::Echoes("200 OK", "[{\"body\": TOKEN}]")),
        ("echoes-bare", Fault::Echoes("200 OK", "TOKEN")),
        ("echoes-cut", Fault::Echoes("200 OK", "[\"TOKEN")),
        ("echoes-twice", Fault::Echoes("200 OK", r#"{"TOKEN": 1, "TOKEN": 2}"#)),
        // Good JSON is journaled and acted upon, so an echo in it counts as no answer at all.
        ("echoes-well", Fault::Echoes("200 OK", json)),
        ("echoes-type", Fault::Echoes("200 OK", r#"[{"body":{"type":"TOKEN"}}]"#)),
        ("echoes-words", Fault::Echoes("200 OK", r#"[{"body":{"type":"PLAIN","markdownText":"AUTH"}}]"#)),
        ("echoes-text", Fault::Echoes("200 OK", r#"[{"recipient_id":"x","text":"AUTH"}]"#)),
        ("echoes-choice", Fault::Echoes("200 OK", r#"{"choices":[{"message":{"content":"AUTH"}}]}"#)),
        ("hung", Fault::HungAfterHead),
        ("redirect", Fault::Redirect("http://127.0.0.1:1/".into())),
        ("busy", Fault::Status("429 Too Many Requests")),
        ("reset", Fault::ResetRead),
    ]
}

/// Every bot with every way to keep a secret, beside those whose secret is broken or missing.
async fn cast(file: &str) -> (Vec<Faulty>, Vec<Part>) {
    let (mut bots, mut parts) = (Vec::new(), Vec::new());
    let kinds = [("webhook", Kind::Webhook), ("rasa", Kind::Rasa), ("llm", Kind::Llm), ("lex", Kind::Lex)];
    for (prefix, kind) in kinds {
        for (name, fault) in faults() {
            let bot = Faulty::start(kind, fault);
            let more = match kind {
                Kind::Webhook => "token_env: BOT_TOKEN, signing_env: BOT_KEY".to_owned(),
                Kind::Rasa => format!("token_file: \"{file}\""),
                Kind::Llm => "token_env: BOT_TOKEN".to_owned(),
                // Its secret is the SDK's, and signs instead of being sent.
                Kind::Lex => "events: true".to_owned(),
            };
            parts.push(Part::of(&format!("{prefix}-{name}"), kind, &bot).with(&more));
            bots.push(bot);
        }
    }
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    for (name, more) in [
        ("broken", "token_env: BOT_BROKEN"),
        ("broken-in-header", "token_env: BOT_BROKEN, token_header: X-Key"),
        ("missing", "token_file: no/such/file"),
        ("later", "token_env: BOT_TOKEN, answers: LATER"),
        ("later-signed", "signing_env: BOT_KEY, answers: LATER"),
        ("later-broken", "token_env: BOT_BROKEN, answers: LATER"),
    ] {
        parts.push(Part::of(name, Kind::Webhook, &bot).with(more));
    }
    let nobody = Faulty::absent(Kind::Webhook);
    parts.push(Part::of("nobody", Kind::Webhook, &nobody).with("token_env: BOT_TOKEN, signing_env: BOT_KEY"));
    bots.extend([bot, nobody]);
    (bots, parts)
}

/// Calls that are refused or go wrong; everything they are answered.
async fn wrong_calls(scene: &Scene) -> String {
    let mut heard = String::new();
    for bot in ["later", "later-signed", "later-broken", "missing", "nobody", "concierge", "no-such-bot"] {
        for secret in [TOKEN, WRONG, KEY] {
            let bearer = format!("Bearer {secret}");
            let headers = [("authorization", bearer.as_str()), ("webhook-signature", &bearer)];
            let bodies = [json!({}).to_string(), json!({ "botId": "x" }).to_string(), "{".to_owned()];
            for body in bodies {
                let answer = scene.post(&format!("/bots/{bot}/messages"), &headers, body.as_bytes()).await;
                assert!(!answer.ok(), "{bot}: {}", answer.text);
                heard += &answer.text;
            }
        }
    }
    heard
}

/// Every column of every table, as text.
async fn tables(truth: &Truth) -> Vec<(String, String)> {
    let Truth::Sqlite(pool) = truth else { panic!("the embedded store is meant") };
    let mut found = Vec::new();
    for table in column(pool, "select name from sqlite_master where type = 'table'").await {
        let columns = column(pool, &format!("select name from pragma_table_info('{table}')")).await;
        for name in columns {
            let sql = format!("select coalesce(cast(\"{name}\" as text), '') from \"{table}\"");
            found.push((format!("{table}.{name}"), column(pool, &sql).await.join("\n")));
        }
    }
    found
}

async fn column(pool: &SqlitePool, sql: &str) -> Vec<String> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Everything the engine tells about itself and its conversations over HTTP.
async fn told(scene: &Scene, parts: &[Part]) -> Vec<(String, String)> {
    let mut paths = vec!["/metrics".to_owned(), "/openapi.json".to_owned(), "/channels".to_owned()];
    for part in parts {
        let id = conversation_of(&part.name);
        paths.extend(["", "/events", "/why"].map(|what| format!("/conversations/{id}{what}")));
    }
    let mut all = Vec::new();
    for path in paths {
        let text = scene.http.get(&path).await.unwrap().text;
        all.push((path, text));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_of_bots_are_found_nowhere() {
    // Beside the folder of the test, which goes with it.
    let file = std::env::temp_dir().join(format!("convene-token-{}", uuid::Uuid::new_v4().simple()));
    std::fs::write(&file, format!("{IN_FILE}\n")).unwrap();
    let (bots, parts) = cast(file.to_str().unwrap()).await;
    let env = [
        ("BOT_TOKEN", TOKEN),
        ("BOT_BROKEN", BROKEN),
        ("BOT_KEY", KEY),
        ("CONVENE_LOG", "debug,hyper_util=trace"),
    ];
    let scene = Scene::open_with("secrets", &parts, &env).await;
    join_all(parts.iter().map(|p| scene.writes(&p.name, &p.name, 1, "Hello"))).await;
    let refused = wrong_calls(&scene).await;
    sleep(Duration::from_secs(4)).await;

    // The bots did get their secrets, else nothing is proven.
    let sent = |secret: &str| {
        bots.iter().flat_map(Faulty::asked).any(|a| a.header("authorization").contains(secret))
    };
    assert!(sent(TOKEN) && sent(IN_FILE), "no bot was sent its token");
    let mut places = told(&scene, &parts).await;
    places.push(("answers to wrong calls".into(), refused));
    places.extend(tables(&scene.truth).await);
    places.push(("words of the customers".into(), scene.everything()));
    places.push(("the log".into(), scene.site.log()));
    let out = std::fs::read_to_string(scene.site.options.home.join("engine.out")).unwrap();
    places.push(("standard output".into(), out));
    let log = scene.site.log();
    assert!(log.contains("\"DEBUG\""), "the log is not that of a debugger");
    assert!(
        places.iter().any(|(place, text)| place == "journal_content.output" && text.contains("HTTP 401"))
    );

    let mut problems = Vec::new();
    for (place, text) in &places {
        for secret in NOWHERE.iter().filter(|secret| text.contains(*secret)) {
            let at = text.find(secret).unwrap();
            let around: String = text[..at].chars().rev().take(200).collect();
            problems
                .push(format!("{place} holds {secret}, after: {}", around.chars().rev().collect::<String>()));
        }
    }
    std::fs::remove_file(&file).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    scene.close().await;
}
