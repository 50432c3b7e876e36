//! The answers for the scripts of the pages: JSON, and streams of server-sent events.

mod compare;
mod detail;
mod list;
mod live;
mod progress;
mod row;
mod stream;

use std::net::TcpStream;

use serde_json::Value;

use crate::{
    http::{Request, Response, Status},
    state::State,
};

/// Why there is no answer.
pub struct ApiError {
    status: Status,
    message: String,
}

impl ApiError {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: Status::BadRequest,
            message: message.into(),
        }
    }

    fn unknown_run() -> Self {
        Self {
            status: Status::NotFound,
            message: "There is no such run in the workspace.".to_owned(),
        }
    }
}

/// Answers a request below `/api`. `None` if the answer was a stream, which has ended.
pub fn answer(
    state: &State,
    request: &Request,
    path: &[&str],
    may_stream: bool,
    stream: &mut TcpStream,
) -> Option<Response> {
    let answer: Result<Value, ApiError> = match path {
        ["runs"] => list::list(state, request),
        ["compare"] => compare::compare(state, request),
        ["run", id] => detail::detail(state, id),
        ["live"] | ["run", _, "live"] if !may_stream => {
            return Some(Response::message(
                Status::Unavailable,
                "Too many pages are open at this server.",
            ));
        }
        ["live"] => {
            live::workspace(state, request, stream);
            return None;
        }
        ["run", id, "live"] => match live::run(state, id, request, stream) {
            Ok(()) => return None,
            Err(error) => Err(error),
        },
        _ => Err(ApiError {
            status: Status::NotFound,
            message: "There is no such page.".to_owned(),
        }),
    };
    Some(match answer {
        Ok(value) => Response::json(&value),
        Err(error) => Response::message(error.status, &error.message),
    })
}
