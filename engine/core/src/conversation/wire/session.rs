//! A session, and the channel it came by (`domain.md` sections 1.6 and 1.7).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::super::state::Session;
use super::super::work::Work;
use super::{RoomInfo, room_info};
use crate::centre::{ChannelEntry, Routing};
use crate::model::{Customer, Json};

/// A session (1.7); `full` carries the channel's configuration and the customer too.
pub(in crate::conversation) fn session_by_id(work: &Work<'_>, id: &str, full: bool) -> Json {
    work.c.session(id).map_or(Json::Null, |s| json!(session(work, s, full)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionDto<'w> {
    participant_type: &'static str,
    id: &'w str,
    channel: Option<ChannelDto<'w>>,
    channel_data: ChannelData<'w>,
    latest_intent: Option<&'w str>,
    is_active: bool,
    active: bool,
    conversation_id: &'w str,
    room_info: RoomInfo<'w>,
    state: Json,
    channel_session_direction: &'static str,
    #[serde(flatten)]
    owner: Option<SessionOwner<'w>>,
}

/// Whose session it is: only where the whole session is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionOwner<'w> {
    customer: &'w Customer,
    customer_suggestions: &'w [Customer],
    customer_presence: Json,
}

pub(super) fn session<'w>(work: &'w Work<'_>, s: &'w Session, full: bool) -> SessionDto<'w> {
    let channel = work.d.centre.channels.get(&s.channel);
    let owner = full.then(|| SessionOwner {
        customer: &work.c.customer,
        customer_suggestions: &work.c.suggestions,
        customer_presence: json!({ "value": null }),
    });
    SessionDto {
        participant_type: "ChannelSession",
        id: &s.id,
        channel: channel.map(|c| channel_dto(work, c, full)),
        channel_data: ChannelData {
            session: s,
            service_identifier: channel.map(|c| &*c.service_identifier),
            full,
        },
        latest_intent: s.latest_intent.as_deref(),
        is_active: s.open(),
        active: s.open(),
        conversation_id: &work.c.id,
        room_info: room_info(&work.c),
        state: session_state(s),
        channel_session_direction: if s.outbound { "OUTBOUND" } else { "INBOUND" },
        owner,
    }
}

/// What the connector said of a session, with the two names that say whose it is; the attributes only where the whole
/// session is shown.
struct ChannelData<'w> {
    session: &'w Session,
    service_identifier: Option<&'w str>,
    full: bool,
}

impl Serialize for ChannelData<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const OURS: [&str; 2] = ["channelCustomerIdentifier", "serviceIdentifier"];
        let mut map = to.serialize_map(None)?;
        map.serialize_entry(OURS[0], &self.session.identifier)?;
        map.serialize_entry(OURS[1], &self.service_identifier)?;
        let hidden = |key: &str| OURS.contains(&key) || (key == "additionalAttributes" && !self.full);
        for (key, value) in self.session.channel_data.iter().filter(|(key, _)| !hidden(key)) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// `{name, reasonCode}` of a session.
pub(in crate::conversation) fn session_state(s: &Session) -> Json {
    json!({ "name": if s.open() { "STARTED" } else { "ENDED" }, "reasonCode": s.reason })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelDto<'w> {
    id: &'w str,
    name: &'w str,
    service_identifier: &'w str,
    channel_type: ChannelTypeDto<'w>,
    #[serde(flatten)]
    configuration: Option<Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelTypeDto<'w> {
    id: &'w str,
    name: &'w str,
    is_interactive: bool,
    media_routing_domain: Option<&'w str>,
}

fn channel_dto<'w>(work: &'w Work<'_>, c: &'w ChannelEntry, full: bool) -> ChannelDto<'w> {
    let kind = work.d.centre.channel_types.get(&c.kind);
    ChannelDto {
        id: &c.name,
        name: &c.name,
        service_identifier: &c.service_identifier,
        channel_type: ChannelTypeDto {
            id: &c.kind,
            name: &c.kind,
            is_interactive: kind.is_some_and(|k| k.interactive),
            media_routing_domain: kind.map(|k| k.media.as_str()),
        },
        configuration: full.then(|| channel_configuration(c)),
    }
}

/// What the whole channel (1.6) says beyond its names.
fn channel_configuration(c: &ChannelEntry) -> Json {
    json!({
        "defaultOutbound": c.default_outbound,
        "tenant": { "id": "default", "name": null },
        "channelConfig": {
            "id": c.name,
            "channelMode": "HYBRID",
            "conversationBot": "",
            "botId": c.bot,
            "responseSla": 0,
            "customerActivityTimeout": c.inactivity_ms.unwrap_or(0) / 1000,
            "routingPolicy": {
                "agentSelectionPolicy": "LONGEST_AVAILABLE",
                "routeToLastAgent": c.route_to_last_agent,
                "routingMode": match c.routing { Routing::Push => "PUSH", Routing::Pull => "PULL", Routing::External => "EXTERNAL" },
                "routingObjectId": c.queue.as_deref().or(c.list.as_deref()),
                "agentRequestTtl": c.request_ttl_ms / 1000,
            },
        },
    })
}
