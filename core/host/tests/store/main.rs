//! The store against real servers on loopback: S3, and web servers of all manners.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod cached;
mod corrupt;
mod outage;
mod place;
mod proxy;
mod redirects;
mod refused;
mod round_trip;
mod s3;
mod web;
mod web_servers;
