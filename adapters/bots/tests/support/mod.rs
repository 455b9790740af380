//! A small server that speaks as much Lex as the tests need and checks every signature itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const REGION: &str = "eu-west-1";

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    Send { status: u16, headers: Vec<(&'static str, String)>, body: String },
    Hang,
}

impl Reply {
    pub(crate) fn ok(body: &Value) -> Self {
        Reply::Send { status: 200, headers: Vec::new(), body: body.to_string() }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"message": message}).to_string();
        Reply::Send { status, headers: vec![("x-amzn-errortype", code.to_owned())], body }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Reply::Send { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The server. It stops with the runtime of the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    hung_up: Arc<Mutex<usize>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let hung_up = Arc::new(Mutex::new(0));
        let script: Arc<Script> = Arc::new(script);
        let (all, gone) = (seen.clone(), hung_up.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), all.clone(), gone.clone()));
            }
        });
        Server { address, seen, hung_up }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this many clients left a request that was not answered.
    pub(crate) async fn wait_hung_up(&self, count: usize) -> bool {
        for _ in 0..200 {
            if *self.hung_up.lock().unwrap_or_else(PoisonError::into_inner) == count {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Asked>>>,
    hung_up: Arc<Mutex<usize>>,
) {
    while let Some(asked) = read_request(&mut stream).await {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let reply = match check_signature(&asked) {
            Ok(()) => script(&asked),
            Err(why) => Reply::error(403, "InvalidSignatureException", why),
        };
        let Reply::Send { status, headers, body } = reply else {
            // Reads until the client closes.
            let closed = matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_));
            *hung_up.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(closed);
            return;
        };
        let mut head = format!("HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(Ok(0), |text| text.parse()).ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { method, path, headers, body })
}

/// Signature Version 4, computed again from the request and the secret.
fn check_signature(asked: &Asked) -> Result<(), &'static str> {
    let header = asked.headers.get("authorization").ok_or("not signed")?;
    let fields = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| {
        fields
            .split(',')
            .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or("a field lacks")
    };
    let (credential, signed, signature) =
        (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let (key, scope) = credential.split_once('/').ok_or("no scope")?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [day, REGION, "lex", "aws4_request"] = parts[..] else { return Err("another scope") };
    let names: Vec<&str> = signed.split(';').collect();
    let date = asked.headers.get("x-amz-date").ok_or("no date")?;
    let must = ["host", "x-amz-date"]
        .into_iter()
        .chain(asked.headers.contains_key("x-amz-security-token").then_some("x-amz-security-token"));
    if key != KEY || !date.starts_with(day) || !must.into_iter().all(|name| names.contains(&name)) {
        return Err("another key, day or set of headers");
    }

    let mut canonical = format!("{}\n{}\n\n", asked.method, encoded(&asked.path));
    for name in &names {
        let value = asked.headers.get(*name).ok_or("a signed header lacks")?;
        canonical.push_str(&format!("{name}:{value}\n"));
    }
    canonical.push_str(&format!("\n{signed}\n{}", hex(&Sha256::digest(&asked.body))));
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let start = format!("AWS4{SECRET}").into_bytes();
    let signing = [day, REGION, "lex", "aws4_request"].iter().fold(start, |key, part| hmac(&key, part));
    if hex(&hmac(&signing, &to_sign)) == signature { Ok(()) } else { Err("the signature differs") }
}

/// The path once more percent-encoded, as all services but S3 want it.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
