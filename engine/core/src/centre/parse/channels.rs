//! Channels: the addresses customers reach (`domain.md` section 1.6).

use std::collections::BTreeMap;

use super::{open, reference, required_reference};
use crate::centre::{Centre, ChannelEntry, Routing};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::yaml::{self, Fields};

/// How long a request may look for an agent unless said: 2 minutes.
const REQUEST_TTL_MS: i64 = 120_000;

/// What must not be twice among channels.
#[derive(Default)]
struct Taken<'a> {
    addresses: BTreeMap<String, &'a Place>,
    outbound: BTreeMap<String, &'a Place>,
}

pub(super) fn channels<'a>(fields: &mut Fields<'a>, centre: &mut Centre, findings: &mut Findings) {
    let mut taken = Taken::default();
    for entry in fields.names("channels", findings) {
        let name = entry.key.text.clone();
        let mut channel =
            ChannelEntry { name: name.clone(), request_ttl_ms: REQUEST_TTL_MS, ..ChannelEntry::default() };
        if let Some(mut fields) = open(entry, "channel", 1..=110, findings) {
            one(&mut fields, &mut channel, centre, &mut taken, findings);
            fields.finish(findings);
        }
        centre.channels.insert(name, channel);
    }
}

fn one<'a>(
    fields: &mut Fields<'a>,
    channel: &mut ChannelEntry,
    centre: &Centre,
    taken: &mut Taken<'a>,
    findings: &mut Findings,
) {
    let kinds = ("channel type", codes::UNKNOWN_CHANNEL_TYPE);
    let kind = required_reference(fields, "type", &centre.channel_types, kinds, findings);
    channel.kind = kind.map(|(name, _)| name).unwrap_or_default();
    address(fields, channel, taken, findings);
    let bot = required_reference(fields, "bot", &centre.bots, ("bot", codes::UNKNOWN_BOT), findings);
    channel.bot = bot.map(|(name, _)| name).unwrap_or_default();
    routing(fields, channel, centre, findings);
    if let Some(node) = fields.get("request_ttl") {
        channel.request_ttl_ms = yaml::clock_time(node, "request_ttl", findings).unwrap_or(REQUEST_TTL_MS);
    }
    if channel.request_ttl_ms <= centre.ring_time_ms {
        let place = fields.get("request_ttl").map_or(fields.place(), |node| &node.place);
        let ring = centre.ring_time_ms;
        let finding = Finding::error(codes::SHORT_REQUEST, place, "the request ends before its first offer")
            .because(format!("an offer rings for {ring} ms (`ring_time`)"))
            .cure("make `request_ttl` longer than `ring_time`");
        findings.push(finding);
    }
    channel.inactivity_ms = fields.clock_time("inactivity", findings);
    channel.route_to_last_agent = fields.boolean_or("route_to_last_agent", false, findings);
    let calendars = ("calendar", codes::UNKNOWN_CALENDAR);
    channel.calendar =
        reference(fields, "calendar", &centre.calendars, calendars, findings).map(|(name, _)| name);
    outbound(fields, channel, taken, findings);
}

fn address<'a>(
    fields: &mut Fields<'a>,
    channel: &mut ChannelEntry,
    taken: &mut Taken<'a>,
    findings: &mut Findings,
) {
    let Some(node) = fields.required("service_identifier", findings) else { return };
    let Some(address) = yaml::text(node, "service_identifier", findings) else { return };
    if let Some(first) = taken.addresses.insert(address.clone(), &node.place) {
        let message = format!("two channels have the address `{}`", yaml::shortened(&address));
        let finding = Finding::error(codes::DUPLICATE_ADDRESS, &node.place, message);
        findings.push(finding.also(first, "first here").cure("give each channel an address of its own"));
    }
    channel.service_identifier = address;
}

fn outbound<'a>(
    fields: &mut Fields<'a>,
    channel: &mut ChannelEntry,
    taken: &mut Taken<'a>,
    findings: &mut Findings,
) {
    channel.default_outbound = fields.boolean_or("default_outbound", false, findings);
    let Some(node) = fields.get("default_outbound").filter(|_| channel.default_outbound) else { return };
    if let Some(first) = taken.outbound.insert(channel.kind.clone(), &node.place) {
        let message = format!("two channels of type {} are the default for outbound contact", channel.kind);
        let finding = Finding::error(codes::DUPLICATE_OUTBOUND, &node.place, message);
        findings.push(finding.also(first, "first here").cure("keep one of the two"));
    }
}

/// A PUSH channel has a queue of its own medium, a PULL channel a list, an EXTERNAL one neither.
fn routing(fields: &mut Fields<'_>, channel: &mut ChannelEntry, centre: &Centre, findings: &mut Findings) {
    let words = ["PUSH", "PULL", "EXTERNAL"];
    let mode = fields.get("routing").and_then(|node| yaml::one_of(node, "routing", &words, findings));
    channel.routing = match mode {
        Some("PULL") => Routing::Pull,
        Some("EXTERNAL") => Routing::External,
        _ => Routing::Push,
    };
    let queue = reference(fields, "queue", &centre.queues, ("queue", codes::UNKNOWN_QUEUE), findings);
    let list = reference(fields, "list", &centre.lists, ("list", codes::UNKNOWN_LIST), findings);
    let (wants_queue, wants_list) = (channel.routing == Routing::Push, channel.routing == Routing::Pull);
    // With a word that is no way of routing it is not known what the channel needs.
    let unread = mode.is_none() && fields.get("routing").is_some();
    let wants = [(&queue, wants_queue, "queue"), (&list, wants_list, "list")];
    for (there, wanted, key) in wants.into_iter().filter(|_| !unread) {
        let (place, message, cure) = match (there, wanted) {
            (Some((_, place)), false) => (*place, "has no use for a", "leave it out, or change `routing`"),
            (None, true) => (fields.place(), "needs a", "name it, or change `routing` (PUSH unless said)"),
            _ => continue,
        };
        let message = format!("channel `{}` {message} `{key}`", channel.name);
        findings.push(Finding::error(codes::ROUTING_OBJECT, place, message).cure(cure));
    }
    if let Some((name, place)) = &queue {
        media_match(channel, centre, name, place, findings);
    }
    channel.queue = queue.map(|(name, _)| name);
    channel.list = list.map(|(name, _)| name);
}

/// A queue serves one medium (`domain.md` section 1.2), which must be that of the channel's type.
fn media_match(channel: &ChannelEntry, centre: &Centre, queue: &str, place: &Place, findings: &mut Findings) {
    let kind = centre.channel_types.get(&channel.kind);
    let (Some(queue), Some(kind)) = (centre.queues.get(queue), kind) else { return };
    if queue.media != kind.media && !queue.media.is_empty() && !kind.media.is_empty() {
        let message = format!("queue `{}` cannot serve channel `{}`", queue.name, channel.name);
        let cause =
            format!("the queue serves {}, the channel type {} is {}", queue.media, kind.name, kind.media);
        let finding = Finding::error(codes::MEDIA_MISMATCH, place, message).because(cause);
        findings.push(finding.cure("name a queue of the same medium"));
    }
}
