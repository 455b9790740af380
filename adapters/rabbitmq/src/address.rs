//! Reading the URL of a broker without ever showing its password.

use convene_runtime::ports::bus::BusError;
use lapin::uri::{AMQPScheme, AMQPUri};
use url::Url;

use crate::limits::HEARTBEAT_S;
use crate::tls::Tls;

/// Where the broker is, and how to log in.
pub(crate) struct Address {
    /// For the client; holds the credentials, so it is never printed.
    pub(crate) uri: AMQPUri,
    /// `host:port/vhost`, for people.
    pub(crate) shown: String,
    /// For `amqps:`.
    pub(crate) tls: Option<Tls>,
}

impl Address {
    /// # Errors
    /// When the text is no `amqp://` or `amqps://` URL, or names files that cannot be used. The message never repeats
    /// the text: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, BusError> {
        let mut uri: AMQPUri = url.parse().map_err(|_| {
            BusError("the AMQP URL cannot be read: write it as amqp://user:password@host:5672/%2f".into())
        })?;
        if uri.authority.host.is_empty() {
            return Err(BusError(
                "the AMQP URL names no host: write it as amqp://user:password@host:5672/%2f".into(),
            ));
        }
        // The client reads names and IPv4 addresses; of anything else it would make this machine, and log in there.
        if let Some(host) = Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)) {
            uri.authority.host = host.trim_matches(['[', ']']).to_owned();
        }
        let tls = match uri.scheme {
            AMQPScheme::AMQPS => {
                let tls = Tls::of(url, &uri.authority.host);
                Some(tls.map_err(|why| BusError(format!("the AMQP URL: {why}")))?)
            }
            AMQPScheme::AMQP if Tls::meant_by(url) => {
                return Err(BusError(
                    "the AMQP URL names certificates and begins with amqp:, which does not encrypt: write amqps:"
                        .into(),
                ));
            }
            AMQPScheme::AMQP => None,
        };
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        let shown = format!("{}:{}/{}", uri.authority.host, uri.authority.port, uri.vhost);
        Ok(Self { uri, shown, tls })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_url_is_shown_without_credentials() {
        let address = Address::parse("amqp://amal:s3cret@broker.example:5673/%2f").unwrap();
        assert_eq!(address.shown, "broker.example:5673//");
        assert_eq!(address.uri.authority.userinfo.password, "s3cret");
    }

    #[test]
    fn the_host_is_the_one_that_was_written() {
        for (url, host) in [
            ("amqp://a@[2001:db8::5]:5673/%2f", "2001:db8::5"),
            ("amqp://a@10.0.0.7", "10.0.0.7"),
            ("amqp://a@broker", "broker"),
        ] {
            assert_eq!(Address::parse(url).unwrap().uri.authority.host, host);
        }
    }

    #[test]
    fn files_of_an_encrypted_address_are_read_at_once() {
        let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tls.rs");
        let refused = Address::parse(&format!("amqps://a:s3cret@host?cacertfile={pem}")).err().unwrap();
        assert!(refused.0.contains("tls.rs") && refused.0.contains("BEGIN CERTIFICATE"), "{refused}");
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for url in [
            "mailto:s3cret",
            "http://s3cret@host",
            "s3cret",
            "",
            "amqps://amal:s3cret@host/?cacertfile=/nowhere",
            "amqps://amal:s3cret@host/?verify=verify_none",
            "amqps://amal:s3cret@host/?keyfile=/nowhere",
            "amqp://amal:s3cret@host/?certfile=/nowhere",
            "amqp://amal:s3cret@host/?verify=verify_none",
            "amqp://a:s3cret@:x",
        ] {
            let error = Address::parse(url).err().unwrap_or_else(|| BusError(format!("accepted: {url}")));
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
