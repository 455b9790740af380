//! Who may call. The interface has no login, so a browser on this machine must not lend its hand to strangers: a page of
//! another site gives no orders, and no foreign name leads to an engine that serves this machine alone.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Header by which browsers tell how the page that calls is related to the one that is called.
const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses calls that no program of the deployment makes. `local`: the engine listens on this machine alone.
pub(crate) async fn guard(State(local): State<bool>, request: Request, next: Next) -> Response {
    match allowed(local, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn allowed(local: bool, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if local {
        named_locally(headers, request.uri())?;
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    of_this_site(headers)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    // What is no text is nothing that is known.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// A page whose name was pointed at this machine (DNS rebinding) gives itself away by that name.
fn named_locally(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let local = |name: &str| {
        let host = name.parse::<Authority>().map(|a| a.host().to_ascii_lowercase()).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    let names = text(headers, header::HOST).into_iter().chain(uri.authority().map(Authority::as_str));
    match names.into_iter().find(|name| !local(name)) {
        None => Ok(()),
        Some(name) => Err(Problem::new(
            "wrong_host",
            format!(
                "the engine listens on this machine alone and is not called {name:?}: call it localhost or 127.0.0.1, \
                 or let it listen on another address with --listen"
            ),
        )),
    }
}

/// Browsers say where an order comes from, other programs say nothing. The kind of the body tells nothing: what is no JSON
/// is refused when it is read, and curl and others call every body a form.
fn of_this_site(headers: &HeaderMap) -> Result<(), Problem> {
    let foreign = match (text(headers, FETCH_SITE), text(headers, header::ORIGIN)) {
        (Some(site), _) => site == "cross-site",
        (None, Some(origin)) => {
            let host = |name: &str| name.parse::<Authority>().ok().map(|a| a.host().to_ascii_lowercase());
            let from = origin.split_once("://").and_then(|(_, rest)| host(rest));
            from.is_none() || from != text(headers, header::HOST).and_then(host)
        }
        (None, None) => false,
    };
    match foreign {
        true => Err(Problem::new(
            "cross_site",
            "a page of another site gives no orders: serve your page and the engine under one name, with your gateway",
        )),
        false => Ok(()),
    }
}
