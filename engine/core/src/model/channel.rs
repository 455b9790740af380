//! Channels and their configuration (`domain.md` section 1.6).

use super::Json;
use super::attribute::Attribute;
use super::conversation::SlaTimer;
use super::wire::choice::{closed_enum, open_enum};
use super::wire::object::wire;

wire! {
    /// One configured address, for instance one WhatsApp number.
    pub struct Channel {
        /// Id of the channel.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
        /// The address customers reach: number, page id, widget code. It resolves the channel.
        "serviceIdentifier" required => service_identifier: Option<String>,
        /// The channel for contacts of this type that an agent starts.
        "defaultOutbound" => default_outbound: Option<bool>,
        /// Whose channel it is.
        "tenant" => tenant: Option<Tenant>,
        /// Business calendar shown to customers (5.x).
        "calendarId" => calendar_id: Option<String>,
        /// Bot, timers, routing.
        "channelConfig" => channel_config: Option<ChannelConfig>,
        /// The adapter that serves it.
        "channelConnector" => channel_connector: Option<ChannelConnector>,
        /// The medium.
        "channelType" => channel_type: Option<ChannelType>,
    }
}

wire! {
    /// Owner of channels.
    pub struct Tenant {
        /// Id of the tenant.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
    }
}

wire! {
    /// How conversations on a channel begin, wait and are routed.
    pub struct ChannelConfig {
        /// Id of the configuration.
        "id" => id: Option<String>,
        /// Who answers.
        "channelMode" => channel_mode: Option<ChannelMode>,
        /// Usually empty.
        "conversationBot" => conversation_bot: Option<String>,
        /// The bot that always joins, whatever the mode.
        "botId" => bot_id: Option<String>,
        /// Legacy, 0.
        "responseSla" => response_sla: Option<i64>,
        /// Length of the customer inactivity timer, in seconds.
        "customerActivityTimeout" => customer_activity_timeout: Option<i64>,
        /// The customer inactivity timer.
        "customerSla" => customer_sla: Option<SlaTimer>,
        /// Undefined; passed through.
        "customerIdentificationCriteria" => customer_identification_criteria: Option<Json>,
        /// Where requests for an agent go.
        "routingPolicy" => routing_policy: Option<RoutingPolicy>,
    }
}

wire! {
    /// Where requests for an agent go, and how the agent is chosen.
    pub struct RoutingPolicy {
        /// Who among the ready agents.
        "agentSelectionPolicy" => agent_selection_policy: Option<AgentSelectionPolicy>,
        /// Ask the agent of the last conversation first.
        "routeToLastAgent" => route_to_last_agent: Option<bool>,
        /// Queue, list, or an outside system.
        "routingMode" => routing_mode: Option<RoutingMode>,
        /// Id of the queue (push) or list (pull).
        "routingObjectId" => routing_object_id: Option<String>,
        /// How long a request may look for an agent, in seconds; longer than an agent may let an offer ring.
        "agentRequestTtl" => agent_request_ttl: Option<i64>,
    }
}

wire! {
    /// The medium of a channel.
    pub struct ChannelType {
        /// Id of the type.
        "id" => id: Option<String>,
        /// Name, such as `WEB` or `CX_VOICE`; new ones may appear.
        "name" => name: Option<String>,
        /// File name of its picture.
        "channelLogo" => channel_logo: Option<String>,
        /// True when a session dies with a party's leaving, like a call.
        "isInteractive" => is_interactive: Option<bool>,
        /// Id of the media routing domain.
        "mediaRoutingDomain" => media_routing_domain: Option<String>,
        /// Deleted, but still named by old sessions.
        "deleted" => deleted: Option<bool>,
    }
}

impl ChannelType {
    /// Whether sessions of this type are calls. `WEB_RTC` counts as voice (U04).
    #[must_use]
    pub fn is_voice(&self) -> bool {
        matches!(self.name.as_deref(), Some("CX_VOICE" | "CISCO_CC" | "WEB_RTC"))
    }
}

wire! {
    /// The adapter process that serves a channel.
    pub struct ChannelConnector {
        /// Id of the connector.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
        /// The third party it talks to.
        "channelProviderInterface" => channel_provider_interface: Option<ChannelProviderInterface>,
        /// Settings of the connector.
        "channelProviderConfigs" => channel_provider_configs: Vec<Attribute>,
        /// Whose connector it is.
        "tenant" => tenant: Option<Tenant>,
    }
}

wire! {
    /// The third party behind a connector.
    pub struct ChannelProviderInterface {
        /// Id of the provider.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
        /// The media it serves.
        "supportedChannelTypes" => supported_channel_types: Vec<ChannelType>,
        /// Base URL that outbound messages are posted to.
        "providerWebhook" => provider_webhook: Option<String>,
        /// The settings a connector of this provider has.
        "channelProviderConfigSchema" => channel_provider_config_schema: Vec<Json>,
    }
}

open_enum! {
    /// Who answers on a channel.
    pub enum ChannelMode {
        /// Bots only.
        Bot = "BOT",
        /// Agents only.
        Agent = "AGENT",
        /// Both; the only mode in use.
        Hybrid = "HYBRID",
    }
}

closed_enum! {
    /// How a request for an agent is served.
    pub enum RoutingMode {
        /// Offered to agents from a queue.
        Push = "PUSH",
        /// Posted on a list from which agents pick.
        Pull = "PULL",
        /// Decided by an outside system.
        External = "EXTERNAL",
    }
}

open_enum! {
    /// Who among several ready agents is asked.
    pub enum AgentSelectionPolicy {
        /// Who has been available longest.
        LongestAvailable = "LONGEST_AVAILABLE",
        /// Who has the least skill.
        LeastSkilled = "LEAST_SKILLED",
        /// Who has the most skill.
        MostSkilled = "MOST_SKILLED",
    }
}
