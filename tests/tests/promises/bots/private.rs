//! Addresses that nobody allowed: the bot there is not called, however its address is written.

use std::time::Duration;

use convene_tests::faulty::{Fault, Faulty, Kind};
use tokio::time::sleep;

use super::scene::{Part, Scene, conversation_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_address_that_is_not_allowed_is_never_called() {
    let inside = Faulty::start(Kind::Webhook, Fault::None);
    let port = inside.address.port();
    let allowed = Faulty::start(Kind::Webhook, Fault::Redirect(inside.url()));
    let hosts = [
        ("by-number", format!("127.0.0.1:{port}")),
        ("by-name", format!("localhost:{port}")),
        ("by-name-with-a-dot", format!("localhost.:{port}")),
        ("in-short", format!("127.1:{port}")),
        ("as-one-number", format!("2130706433:{port}")),
        ("in-hex", format!("0x7f000001:{port}")),
        ("as-ipv6", format!("[::ffff:127.0.0.1]:{port}")),
        ("anywhere", format!("0.0.0.0:{port}")),
    ];
    let mut parts: Vec<Part> = hosts
        .iter()
        .map(|(name, host)| {
            let part = Part::of(name, Kind::Webhook, &inside);
            Part { url: format!("http://{host}/bot"), allowed: false, ..part }
        })
        .collect();
    parts.push(Part::of("redirected", Kind::Webhook, &allowed));
    let scene = Scene::open("private", &parts).await;
    for part in &parts {
        scene.writes(&part.name, &part.name, 1, "Hello").await;
    }
    sleep(Duration::from_secs(4)).await;
    for part in &parts {
        let events = scene.events(&conversation_of(&part.name)).await;
        assert_eq!(events.get("BOT_NOT_AVAILABLE"), Some(&1), "{}: {events:?}", part.name);
        assert_eq!(events.get("TASK_ENQUEUED"), Some(&1), "{}: {events:?}", part.name);
        assert_eq!(scene.words(&part.name).len(), 1, "{}", part.name);
    }
    assert_eq!(inside.connections(), 0, "somebody called a private address");
    assert_eq!(allowed.asked().len(), 1);
    scene.close().await;
}
