//! Rooms: the lasting container of everything that happened with one customer or in one team (`domain.md`
//! 1.4).

use super::wire::choice::closed_enum;
use super::wire::object::wire;
use super::{Json, Timestamp};

wire! {
    /// A room.
    pub struct Room {
        /// Id of the room.
        "id" => id: Option<String>,
        /// Name of the room.
        "name" => name: Option<String>,
        /// What it is for.
        "description" => description: Option<String>,
        /// Who belongs to it; never empty.
        "members" => members: Vec<RoomMember>,
        /// For a customer or for a team.
        "type" => kind: Option<RoomType>,
        /// Open to the whole contact centre, or restricted.
        "mode" => mode: Option<RoomMode>,
        /// Name to show.
        "label" => label: Option<String>,
        /// The newest message.
        "lastMessage" => last_message: Option<Json>,
        /// Deleted, but kept for its history.
        "isDeleted" => is_deleted: Option<bool>,
        /// Who made it.
        "createdBy" => created_by: Option<Json>,
        /// When it was made.
        "createdOn" => created_on: Option<Timestamp>,
        /// Who changed it last.
        "updatedBy" => updated_by: Option<Json>,
        /// When it was changed last.
        "updatedOn" => updated_on: Option<Timestamp>,
    }
}

wire! {
    /// A member of a room.
    pub struct RoomMember {
        /// Id of the member.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
        /// What the member is in the room.
        "type" => kind: Option<RoomMemberType>,
        /// The member's state as an agent.
        "status" => status: Option<Json>,
        /// Id of the room.
        "roomId" => room_id: Option<String>,
        /// When the member joined.
        "joinTime" => join_time: Option<Timestamp>,
        /// Messages the member has not seen.
        "unreadCount" => unread_count: Option<i64>,
    }
}

wire! {
    /// The room as every other object names it.
    pub struct RoomInfo {
        /// Id of the room.
        "id" => id: Option<String>,
        /// Open to the whole contact centre, or restricted.
        "mode" => mode: Option<RoomMode>,
    }
}

impl RoomInfo {
    /// A room that is open to the whole contact centre, the usual kind.
    #[must_use]
    pub fn contact_centre(id: impl Into<String>) -> Self {
        RoomInfo { id: Some(id.into()), mode: Some(RoomMode::ContactCenter), ..RoomInfo::default() }
    }
}

closed_enum! {
    /// What a room is for.
    pub enum RoomType {
        /// Everything with one customer.
        Customer = "CUSTOMER",
        /// Agents among themselves.
        Team = "TEAM",
    }
}

closed_enum! {
    /// Who may see a room.
    pub enum RoomMode {
        /// Its members only.
        Private = "PRIVATE",
        /// The whole contact centre.
        ContactCenter = "CONTACT_CENTER",
    }
}

closed_enum! {
    /// What a member is in a room.
    pub enum RoomMemberType {
        /// The customer of the room.
        Customer = "CUSTOMER",
        /// Talks to the customer.
        Advisor = "ADVISOR",
        /// Reads along.
        Analyst = "ANALYST",
        /// Manages members.
        RoomManager = "ROOM_MANAGER",
        /// Was let in for a while.
        Guest = "GUEST",
        /// Belongs to the team of the room.
        TeamMember = "TEAM_MEMBER",
    }
}
