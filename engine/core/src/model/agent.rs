//! Agents, their media and their states (`domain.md` sections 1.13 to 1.15).

use super::wire::choice::{closed_enum, open_enum};
use super::wire::object::wire;
use super::{Json, JsonMap, Timestamp};

wire! {
    /// An agent or supervisor.
    pub struct CcUser {
        /// Always `CCUser`.
        "participantType" => participant_type: Option<String> = Some("CCUser".to_owned()),
        /// Id of the agent.
        "id" => id: Option<String>,
        /// The agent's account.
        "keycloakUser" => keycloak_user: Option<KeycloakUser>,
        /// Skills.
        "associatedRoutingAttributes" => associated_routing_attributes: Vec<AssociatedRoutingAttribute>,
        /// Capacity per medium.
        "associatedMrds" => associated_mrds: Vec<AssociatedMrd>,
    }
}

impl CcUser {
    /// The agent's name for others: the whole name, else the user name, else the id.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let user = self.keycloak_user.as_ref();
        let parts =
            user.map(|user| [user.first_name.as_deref(), user.last_name.as_deref()]).unwrap_or_default();
        let whole: Vec<&str> =
            parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
        if whole.is_empty() {
            user.and_then(|user| user.username.clone()).or_else(|| self.id.clone())
        } else {
            Some(whole.join(" "))
        }
    }
}

wire! {
    /// An account of the identity provider.
    pub struct KeycloakUser {
        /// Id of the account.
        "id" => id: Option<String>,
        /// First name.
        "firstName" => first_name: Option<String>,
        /// Last name.
        "lastName" => last_name: Option<String>,
        /// Roles, such as `agent` or `supervisor`.
        "roles" => roles: Vec<String>,
        /// Name to log in with.
        "username" => username: Option<String>,
        /// What the account may do; passed through.
        "permittedResources" => permitted_resources: Option<Json>,
        /// Realm of the identity provider.
        "realm" => realm: Option<String>,
        /// Free attributes, such as `agentExtension`.
        "attributes" => attributes: Option<JsonMap>,
        /// The agent's team.
        "userTeam" => user_team: Option<TeamRef>,
        /// The teams this supervisor looks after.
        "supervisedTeams" => supervised_teams: Vec<TeamRef>,
    }
}

wire! {
    /// A team as accounts name it.
    pub struct TeamRef {
        /// Id of the team.
        "teamId" => team_id: Option<String>,
        /// Name of the team.
        "teamName" => team_name: Option<String>,
    }
}

wire! {
    /// A skill that agents have to some degree.
    pub struct RoutingAttribute {
        /// Id of the skill.
        "id" => id: Option<String>,
        /// Name of the skill.
        "name" => name: Option<String>,
        /// What it means.
        "description" => description: Option<String>,
        /// Yes or no, or a level.
        "type" => kind: Option<RoutingAttributeType>,
        /// Value of agents who have just been given it.
        "defaultValue" => default_value: Option<i64>,
    }
}

open_enum! {
    /// Kinds of skills.
    pub enum RoutingAttributeType {
        /// 0 or 1.
        Boolean = "BOOLEAN",
        /// 1 to 10.
        ProficiencyLevel = "PROFICIENCY_LEVEL",
    }
}

wire! {
    /// A skill of one agent.
    pub struct AssociatedRoutingAttribute {
        /// The skill.
        "routingAttribute" => routing_attribute: Option<RoutingAttribute>,
        /// How much of it.
        "value" => value: Option<i64>,
    }
}

wire! {
    /// An agent's capacity in one medium.
    pub struct AssociatedMrd {
        /// Id of the media routing domain.
        "mrdId" => mrd_id: Option<String>,
        /// Most tasks at once; 0 keeps the agent out.
        "maxAgentTasks" => max_agent_tasks: Option<i64>,
    }
}

wire! {
    /// A media routing domain: a class of media for capacity and availability.
    pub struct MediaRoutingDomain {
        /// Id of the domain.
        "id" => id: Option<String>,
        /// Id of its type.
        "type" => kind: Option<String>,
        /// Name, case-sensitive.
        "name" => name: Option<String>,
        /// What it is for.
        "description" => description: Option<String>,
        /// Most tasks an agent may have.
        "maxRequests" => max_requests: Option<i64>,
        /// Whether other media may interrupt it.
        "interruptible" => interruptible: Option<bool>,
    }
}

wire! {
    /// Whether an agent works, as a whole and per medium.
    pub struct AgentPresence {
        /// The agent.
        "agent" => agent: Option<CcUser>,
        /// State as a whole.
        "state" => state: Option<AgentState>,
        /// When `state` changed last.
        "stateChangeTime" => state_change_time: Option<Timestamp>,
        /// State per medium.
        "agentMrdStates" => agent_mrd_states: Vec<AgentMrdState>,
        /// When the agent logged in.
        "agentLoginTime" => agent_login_time: Option<Timestamp>,
    }
}

wire! {
    /// State of an agent as a whole.
    pub struct AgentState {
        /// The state.
        "name" => name: Option<AgentStateName>,
        /// Why the agent is not ready or logged out.
        "reasonCode" => reason_code: Option<ReasonCode>,
    }
}

wire! {
    /// A reason an agent gives.
    pub struct ReasonCode {
        /// Id of the reason.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
        /// `NOT_READY` or `LOGOUT`.
        "type" => kind: Option<String>,
    }
}

wire! {
    /// State of an agent in one medium.
    pub struct AgentMrdState {
        /// The medium.
        "mrd" => mrd: Option<MediaRoutingDomain>,
        /// The state.
        "state" => state: Option<MrdStateName>,
        /// The state before, kept while interrupted.
        "previousState" => previous_state: Option<MrdStateName>,
        /// When `state` changed last.
        "stateChangeTime" => state_change_time: Option<Timestamp>,
        /// When the agent last became ready; the longest wait is served first.
        "lastReadyStateChangeTime" => last_ready_state_change_time: Option<Timestamp>,
        /// Most tasks at once.
        "maxAgentTasks" => max_agent_tasks: Option<i64>,
    }
}

closed_enum! {
    /// States of an agent as a whole.
    pub enum AgentStateName {
        /// Just came; becomes not ready at once.
        Login = "LOGIN",
        /// Logged in, takes no work.
        NotReady = "NOT_READY",
        /// Takes work where the media allow.
        Ready = "READY",
        /// Gone.
        Logout = "LOGOUT",
    }
}

closed_enum! {
    /// States of an agent in one medium.
    pub enum MrdStateName {
        /// Just came.
        Login = "LOGIN",
        /// Takes no work here.
        NotReady = "NOT_READY",
        /// Takes work, has none.
        Ready = "READY",
        /// Has work and room for more.
        Active = "ACTIVE",
        /// Has as much work as allowed.
        Busy = "BUSY",
        /// Finishes its work, takes no more.
        PendingNotReady = "PENDING_NOT_READY",
        /// Stopped by work in another medium.
        Interrupted = "INTERRUPTED",
        /// Gone.
        Logout = "LOGOUT",
        /// Lost in a failure.
        Unknown = "UNKNOWN",
    }
}
