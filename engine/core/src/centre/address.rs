//! Which addresses are private: this machine, private networks, link-local ones (where a cloud keeps its metadata), and
//! everything else that is not a public place. A bot is called there only when the deployment allows host and port.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is not a public one.
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => private_v4(ip),
        IpAddr::V6(ip) => private_v6(ip),
    }
}

fn private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
        || ip.is_documentation()
        // "This network", shared by carriers (RFC 6598), protocol assignments, benchmarks (RFC 2544), reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
}

fn private_v6(ip: Ipv6Addr) -> bool {
    // An IPv4 address in another coat: mapped, translated (RFC 6052), or tunnelled (6to4).
    let s = ip.segments();
    let coated = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => {
            ip.is_loopback() || ip.is_unspecified() || coated(high, low)
        }
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => coated(high, low),
        [first, ..] => {
            ip.is_multicast()
                // Unique local, link-local and site-local, documentation, and whatever is no global unicast.
                || (first & 0xe000) != 0x2000
                || (first == 0x2001 && s[1] == 0xdb8)
        }
    }
}

/// Host and port of an http(s) address, in lower case, without the brackets of an IPv6 address: `("example.org", 443)`.
#[must_use]
pub fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (rest, default) = match url.split_once("://")? {
        ("https", rest) => (rest, 443),
        ("http", rest) => (rest, 80),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let authority = authority.rsplit('@').next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Some(default), |p| p.parse().ok())?;
    (!host.is_empty()).then(|| (host.trim_end_matches('.').to_owned(), port))
}

/// Whether a host as it is written is a private one: an address, or a name that always means this machine.
#[must_use]
pub fn is_private_host(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(is_private)
        // Addresses in forms that some programs read: `127.1`, `0x7f.1`, `2130706433`.
        || (!host.is_empty() && host.split('.').all(is_number))
            && host.parse::<Ipv4Addr>().is_err()
}

fn is_number(part: &str) -> bool {
    let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()),
    }
}

/// Whether a deployment's list names this host and port.
#[must_use]
pub fn allowed(list: &[String], host: &str, port: u16) -> bool {
    list.iter().any(|entry| split(entry).is_some_and(|(h, p)| p == port && h.eq_ignore_ascii_case(host)))
}

/// `host:port` of the list, an IPv6 address in brackets.
#[must_use]
pub fn split(entry: &str) -> Option<(&str, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_coat() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "198.18.0.1",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::10.0.0.1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_host_is_read_as_the_client_reads_it() {
        let host = |url| host_and_port(url).map(|(h, p)| format!("{h} {p}"));
        assert_eq!(host("https://Bots.Example.org/x").unwrap(), "bots.example.org 443");
        assert_eq!(host("http://[::1]:5005/x").unwrap(), "::1 5005");
        assert_eq!(host("http://localhost.").unwrap(), "localhost 80");
        assert_eq!(host("ftp://x"), None);
        for name in ["localhost", "a.localhost", "127.1", "0x7f.1", "2130706433", "10.0.0.1", "::1"] {
            assert!(is_private_host(name), "{name}");
        }
        for name in ["example.org", "8.8.8.8", "7.example"] {
            assert!(!is_private_host(name), "{name}");
        }
        assert!(allowed(&["[::1]:5005".into()], "::1", 5005));
        assert!(!allowed(&["localhost:5005".into()], "localhost", 5006));
    }
}
