//! A route: how it is called, what it does, and what is told about it.

use axum::routing::{MethodFilter, MethodRouter};

use crate::answers::{Answer, Shape};
use crate::app::App;

/// Method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
}

impl Verb {
    pub(crate) fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
        }
    }

    /// As OpenAPI spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
        }
    }
}

/// A field of a query or a body.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Type in JSON Schema; several are separated by `|`. In an answer also the name of a shape, `[]` behind it for a list
    /// of those.
    pub(crate) kind: &'static str,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

impl Field {
    /// The types it may have.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kind.split('|')
    }
}

/// A field that must be there.
pub(crate) const fn need(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field { name, kind, required: true, about }
}

/// A field that may be there.
pub(crate) const fn may(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field { name, kind, required: false, about }
}

/// What is sent with a call.
#[derive(Debug)]
pub(crate) enum Payload {
    Nothing,
    /// An object with these fields, and possibly more.
    Fields(&'static [Field]),
    /// A CimMessage.
    CimMessage,
}

/// A route. Built once, in [`crate::routes::ROUTES`]; the router and the document come from it.
pub(crate) struct Route {
    pub(crate) verb: Verb,
    /// As axum and OpenAPI write it: `/agents/{id}`.
    pub(crate) path: &'static str,
    /// Its name for generated clients.
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static [Field],
    pub(crate) payload: Payload,
    /// Status of success.
    pub(crate) status: u16,
    /// Media type of the answer.
    pub(crate) media: &'static str,
    /// What is answered when it succeeds.
    pub(crate) answer: Answer,
    /// Whether repeating it with the same `Idempotency-Key` is safe.
    pub(crate) keyed: bool,
    /// Serves it for the verb it is listed with.
    pub(crate) serve: fn(MethodFilter) -> MethodRouter<App>,
}

type Serve = fn(MethodFilter) -> MethodRouter<App>;

impl Route {
    const fn new(
        verb: Verb,
        path: &'static str,
        name: &'static str,
        about: &'static str,
        serve: Serve,
    ) -> Self {
        Self {
            verb,
            path,
            name,
            about,
            query: &[],
            payload: Payload::Nothing,
            status: 200,
            media: "application/json",
            answer: Answer::Told,
            keyed: false,
            serve,
        }
    }

    /// Asks.
    pub(crate) const fn get(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        serve: Serve,
    ) -> Self {
        Self::new(Verb::Get, path, name, about, serve)
    }

    /// Does something.
    pub(crate) const fn post(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        serve: Serve,
    ) -> Self {
        Self { keyed: true, ..Self::new(Verb::Post, path, name, about, serve) }
    }

    /// Sets something.
    pub(crate) const fn put(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        serve: Serve,
    ) -> Self {
        Self { keyed: true, ..Self::new(Verb::Put, path, name, about, serve) }
    }

    /// With these fields in the query.
    pub(crate) const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    /// With these fields in the body.
    pub(crate) const fn fields(self, fields: &'static [Field]) -> Self {
        Self { payload: Payload::Fields(fields), ..self }
    }

    /// With a CimMessage as the body.
    pub(crate) const fn cim_message(self) -> Self {
        Self { payload: Payload::CimMessage, ..self }
    }

    /// Answered with this status.
    pub(crate) const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Answered in this media type.
    pub(crate) const fn media(self, media: &'static str) -> Self {
        Self { media, answer: Answer::Other, ..self }
    }

    /// Answered with one of these.
    pub(crate) const fn one(self, shape: &'static Shape) -> Self {
        Self { answer: Answer::One(shape), ..self }
    }

    /// Answered with a list of these.
    pub(crate) const fn many(self, shape: &'static Shape) -> Self {
        Self { answer: Answer::Many(shape), ..self }
    }

    /// Names in the path, in order.
    pub(crate) fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}
