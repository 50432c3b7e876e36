//! Plans in an object store: machines that share no file system share a bucket.
//!
//! Every command works on a *mirror*, an ordinary plan directory in the cache of its machine. This module
//! fills the mirror from the store and sends what a task left in it.
//!
//! ```text
//! s3://bucket/prefix/
//!   plan.json                     which documents are the plan; created last, once        (PlanRecord)
//!   documents/<token>/            plan.json, tasks.jsonl, the files of the runners; published with a manifest
//!   datasets/<sha256>/            datasets that only the planning machine had; by their identity
//!   results/<task_id>.json        how a task ended; created once                          (ResultRecord)
//!   files/<task_id>/<token>/      what one attempt at a task wrote; published with a manifest
//!   attempts/<task_id>/<n>.json   attempts that ended without a result                    (Attempt)
//!   claims/<task_id>/<token>.<beat>.json   processes that execute a task                  (Claim)
//! ```
//!
//! | guarantee | how it is ensured |
//! |---|---|
//! | a task has one complete result or none | the record is created on the condition that it does not exist, after all files; it names the files of one attempt by the SHA-256 of their manifest |
//! | two attempts never mix | each has its own prefix, whose name is random |
//! | nothing damaged is used | every file is compared with the SHA-256 in its manifest, the manifest with that in the record |
//! | two processes rarely compute the same task | claims, which other processes watch with their own clock |
//!
//! A store that ignores the condition keeps the last record instead of the first one. It still names the
//! files of one attempt, so a result is complete there too.
//!
//! The module must not know runners, nor how a task is executed.

mod claims;
mod documents;
mod pull;
mod results;

use std::fmt;

use protea_contracts::Sha256;
use protea_store::{Prefix, Store, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

pub use claims::StoredClaim;
pub use pull::Pull;
pub use results::Sent;

use super::{
    documents::{TaskOutcome, TaskResult},
    error::EngineError,
    json_files::pretty,
    task::TaskId,
};

/// The version of the layout.
const FORMAT: u32 = 1;
/// The record of the plan.
const PLAN: &str = "plan.json";
const DOCUMENTS: &str = "documents";
const DATASETS: &str = "datasets";
const RESULTS: &str = "results";
const FILES: &str = "files";
const ATTEMPTS: &str = "attempts";
const CLAIMS: &str = "claims";
/// The ending of the names of JSON objects.
const JSON: &str = ".json";
/// The largest record in bytes.
const LARGEST_RECORD: u64 = protea_files::LARGEST_DOCUMENT;
/// Number of random bytes in a token.
const TOKEN: usize = 16;

/// A plan in an object store.
pub struct StoredPlan {
    uri: Url,
    store: Store,
    prefix: Prefix,
}

impl fmt::Debug for StoredPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("StoredPlan")
            .field(&self.uri())
            .finish()
    }
}

/// What a mirror is for. Each purpose has its own directory, because they hold different parts of the
/// results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorUse {
    /// To execute tasks: their results are in it until they have been sent.
    Task,
    /// To show states: results without their files.
    Status,
    /// To gather: whole results.
    Gather,
}

impl MirrorUse {
    const fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Status => "status",
            Self::Gather => "gather",
        }
    }
}

/// `plan.json`: which documents are the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PlanRecord {
    format: u32,
    /// The id of the plan.
    id: Sha256,
    /// The name of the prefix below `documents/`.
    documents: String,
    /// SHA-256 of its manifest.
    manifest: Sha256,
}

/// `results/<task_id>.json`: how a task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ResultRecord {
    format: u32,
    task: TaskId,
    outcome: TaskOutcome,
    /// The name of the prefix below `files/<task_id>/`.
    files: String,
    /// SHA-256 of its manifest.
    manifest: Sha256,
    /// The same as `result.json` of the files, so that states can be shown without them.
    result: TaskResult,
}

impl StoredPlan {
    /// The plan at a URI, which may not exist. Makes no request yet.
    ///
    /// # Errors
    ///
    /// [`EngineError::Location`] if plans cannot be kept there; [`EngineError::Store`] about the
    /// credentials or the build.
    pub fn new(uri: &Url, store: &Store) -> Result<Self, EngineError> {
        if !matches!(uri.scheme(), "s3" | "gs" | "az") {
            return Err(EngineError::Location {
                uri: protea_store::redacted(uri),
            });
        }
        Ok(Self {
            uri: uri.clone(),
            store: store.clone(),
            prefix: store.prefix(uri)?,
        })
    }

    /// The URI, without secrets.
    #[must_use]
    pub fn uri(&self) -> String {
        protea_store::redacted(&self.uri)
    }

    /// How a task ended, if it has.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`], [`EngineError::Record`].
    pub fn outcome(&self, id: &TaskId) -> Result<Option<TaskOutcome>, EngineError> {
        Ok(self.result(id)?.map(|record| record.outcome))
    }

    fn result(&self, id: &TaskId) -> Result<Option<ResultRecord>, EngineError> {
        let name = result_name(id);
        let Some(record) = self.record::<ResultRecord>(&name)? else {
            return Ok(None);
        };
        if record.task != *id
            || record.result.task != *id
            || record.result.outcome != record.outcome
        {
            return Err(self.invalid(&name, format!("it is not about the task {id}")));
        }
        self.check(&name, record.format, &record.files)?;
        Ok(Some(record))
    }

    fn plan_record(&self) -> Result<Option<PlanRecord>, EngineError> {
        let Some(record) = self.record::<PlanRecord>(PLAN)? else {
            return Ok(None);
        };
        self.check(PLAN, record.format, &record.documents)?;
        Ok(Some(record))
    }

    fn record<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, EngineError> {
        let Some(bytes) = self.prefix.read(name, LARGEST_RECORD)? else {
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Some)
            .map_err(|error| self.invalid(name, error.to_string()))
    }

    fn check(&self, name: &str, format: u32, token: &str) -> Result<(), EngineError> {
        if format != FORMAT {
            let reason = format!("its format is {format}, this version reads {FORMAT}");
            return Err(self.invalid(name, reason));
        }
        if !is_token(token) {
            return Err(self.invalid(name, format!("{token:?} is not the name of a prefix")));
        }
        Ok(())
    }

    fn invalid(&self, name: &str, reason: String) -> EngineError {
        EngineError::Record {
            uri: self.prefix.uri(name),
            reason,
        }
    }

    fn encoded(&self, name: &str, value: &impl Serialize) -> Result<Vec<u8>, EngineError> {
        pretty(value).map_err(|error| self.invalid(name, error.to_string()))
    }

    /// A new random name.
    fn token(&self) -> Result<String, EngineError> {
        let mut bytes = [0_u8; TOKEN];
        getrandom::fill(&mut bytes).map_err(|error| {
            let reason = format!("the system gives no random bytes: {error}");
            EngineError::Store(StoreError::Failed {
                uri: self.uri(),
                reason,
            })
        })?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn result_name(id: &TaskId) -> String {
    format!("{RESULTS}/{id}{JSON}")
}

fn is_token(text: &str) -> bool {
    text.len() == 2 * TOKEN && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
