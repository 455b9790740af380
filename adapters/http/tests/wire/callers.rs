//! Who may call: programs, and pages of the engine's own site; no page of another one.

use super::{call, serve};

#[tokio::test]
async fn a_page_of_another_site_gives_no_orders() {
    let (engine, address) = serve("callers-pages").await;
    let host = format!("host: {address}");
    let own = format!("origin: http://{address}");
    let json = "content-type: application/json";
    for (headers, status, code) in [
        (vec![json], 200, None),
        (vec![], 200, None),
        (vec!["content-type: application/problem+json; charset=utf-8"], 200, None),
        (vec![own.as_str(), json], 200, None),
        (vec!["sec-fetch-site: same-origin", "origin: https://desk.example", json], 200, None),
        (vec!["sec-fetch-site: none", json], 200, None),
        (vec!["origin: https://evil.example", json], 403, Some("cross_site")),
        (vec!["origin: null", json], 403, Some("cross_site")),
        (vec!["sec-fetch-site: cross-site", json], 403, Some("cross_site")),
        (vec!["content-type: text/plain"], 200, None),
        (vec!["content-type: application/x-www-form-urlencoded"], 200, None),
        (vec!["content-type: text/plain", "origin: https://evil.example"], 403, Some("cross_site")),
    ] {
        let headers = [&[host.as_str()], &headers[..]].concat();
        let (answered, body) = call(&address, "POST /agents/amal/login", &headers, "{}").await;
        assert_eq!((answered, body["code"].as_str()), (status, code), "{headers:?}: {body}");
    }
    let from_elsewhere = [host.as_str(), "origin: https://evil.example"];
    assert_eq!(
        call(&address, "GET /healthz", &from_elsewhere, "").await.0,
        200,
        "reading tells the page nothing"
    );
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_serves_this_machine_alone_has_only_names_of_this_machine() {
    let (engine, address) = serve("callers-names").await;
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1", 200),
        ("127.0.0.2:1", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("192.168.0.1", 421),
        ("", 421),
    ] {
        let (answered, body) = call(&address, "GET /conversations", &[&format!("host: {host}")], "").await;
        assert_eq!(answered, status, "{host}: {body}");
        assert_eq!(body["code"].as_str(), (status == 421).then_some("wrong_host"), "{host}");
    }
    engine.stop().await;
}
