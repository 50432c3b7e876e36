//! HTTP/1.1 as far as this server needs it: requests without a body, one per connection.

mod request;
mod response;

pub use request::{Method, Request, RequestError, read};
pub use response::{Response, Status, write_stream_head};
