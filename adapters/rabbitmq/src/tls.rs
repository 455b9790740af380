//! TLS to the broker: `amqps://…`, with the parameters that RabbitMQ's own clients know.
//!
//! The client could do it by itself, with 38 crates more, most of them for PKCS#12 and the ciphers of that time. What is
//! needed, `rustls`, is in the command anyway.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_compat::CompatExt;
use async_rs::{Runtime, Tokio};
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::kit::Kit;

/// How the broker proves who it is, and how we do.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// The name its certificate must bear.
    name: ServerName<'static>,
    /// Whose certificates are trusted; `None` trusts those whom this machine trusts.
    trusted: Option<PathBuf>,
    /// Our own certificate and its key, for a broker that asks for one.
    own: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Reads the parameters of the URL, and the files they name, so that a mistake shows at once.
    ///
    /// # Errors
    /// In words, without the URL: it may hold a password.
    pub(crate) fn of(url: &str, host: &str) -> Result<Self, String> {
        let mut given = Parameters::of(url)?;
        let name = given.name.take().unwrap_or_else(|| host.to_owned());
        let name = ServerName::try_from(name.clone())
            .map_err(|_| format!("{name:?} is no name that a certificate can bear"))?;
        let own = match (given.certificate, given.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("certfile and keyfile belong together: give both, or none".into()),
        };
        let tls = Self { name, trusted: given.trusted, own };
        tls.settings()?;
        Ok(tls)
    }

    /// What helps most often when a certificate is not accepted.
    pub(crate) fn hint(&self) -> &'static str {
        match self.trusted {
            None => {
                " (if an authority of your own signed it, name its file in the URL: ?cacertfile=/path/to/ca.pem)"
            }
            Some(_) => " (was it signed by the authority in cacertfile, for the name in the URL?)",
        }
    }

    /// Whether a URL without encryption has parameters that only make sense with it.
    pub(crate) fn meant_by(url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        url.query_pairs().any(|(key, _)| PARAMETERS.contains(&&*key))
    }

    /// Connects. The files are read each time: certificates are renewed while the engine runs.
    pub(crate) async fn connect(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        let settings = self.settings().map_err(std::io::Error::other)?;
        let (connector, name) = (TlsConnector::from(settings), self.name.clone());
        let connect = async move |uri: AMQPUri, _: Runtime<Kit>| {
            let stream = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await?;
            stream.set_nodelay(true)?;
            Ok(AsyncTcpStream::Plain(connector.connect(name.clone(), stream).await?.compat()))
        };
        Connection::connector(uri, Runtime::new(Kit(Tokio::current())), connect, properties).await
    }

    fn settings(&self) -> Result<Arc<ClientConfig>, String> {
        let settings = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(self.roots()?);
        let settings = match &self.own {
            None => settings.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let private = PrivateKeyDer::from_pem_file(key).map_err(|why| unreadable(key, why))?;
                settings
                    .with_client_auth_cert(chain, private)
                    .map_err(|why| format!("{} and {}: {why}", certificate.display(), key.display()))?
            }
        };
        Ok(Arc::new(settings))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let Some(file) = &self.trusted else {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err("this machine trusts nobody (no certificates of authorities are installed); \
                     name the broker's authority with ?cacertfile=/path/to/ca.pem"
                    .into());
            }
            return Ok(roots);
        };
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|why| unreadable(file, why))?;
        }
        Ok(roots)
    }
}

/// Parameters of an `amqps:` URL, named as RabbitMQ's clients name them.
#[derive(Default)]
struct Parameters {
    trusted: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    name: Option<String>,
}

const PARAMETERS: [&str; 5] = ["cacertfile", "certfile", "keyfile", "server_name_indication", "verify"];

impl Parameters {
    fn of(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|why| why.to_string())?;
        let mut given = Self::default();
        for (key, value) in url.query_pairs() {
            match &*key {
                "cacertfile" => given.trusted = Some(PathBuf::from(&*value)),
                "certfile" => given.certificate = Some(PathBuf::from(&*value)),
                "keyfile" => given.key = Some(PathBuf::from(&*value)),
                "server_name_indication" => given.name = Some(value.into_owned()),
                "verify" if value == "verify_peer" => {}
                "verify" => {
                    return Err(
                        "the certificate of the broker is always checked; leave verify out, and name \
                         its authority with cacertfile=/path/to/ca.pem"
                            .into(),
                    );
                }
                _ => {}
            }
        }
        Ok(given)
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).map_err(|why| unreadable(file, why))?;
    let all: Vec<_> = read.collect::<Result<_, _>>().map_err(|why| unreadable(file, why))?;
    if all.is_empty() {
        return Err(format!(
            "{} holds no certificate: PEM with BEGIN CERTIFICATE is expected",
            file.display()
        ));
    }
    Ok(all)
}

fn unreadable(file: &Path, why: impl std::fmt::Display) -> String {
    format!("{}: {why}", file.display())
}
