//! The messages of a `.wandb` file that this adapter writes and reads back: the fields of
//! `wandb/proto/wandb_internal.proto` that it needs, by their numbers.

use prost::Message;

/// One record. At most one of the optional messages is set, apart from `control`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    /// Counts up. In files of this adapter, one more than the position of the last event that is
    /// completely in the file with this record.
    #[prost(int64, tag = "1")]
    pub num: i64,
    #[prost(message, optional, tag = "2")]
    pub history: Option<History>,
    #[prost(message, optional, tag = "3")]
    pub summary: Option<Update>,
    #[prost(message, optional, tag = "5")]
    pub config: Option<Update>,
    #[prost(message, optional, tag = "6")]
    pub files: Option<Files>,
    #[prost(message, optional, tag = "7")]
    pub stats: Option<Stats>,
    #[prost(message, optional, tag = "8")]
    pub artifact: Option<Artifact>,
    #[prost(message, optional, tag = "12")]
    pub metric: Option<Metric>,
    #[prost(message, optional, tag = "13")]
    pub output: Option<Output>,
    #[prost(message, optional, tag = "16")]
    pub control: Option<Control>,
    #[prost(message, optional, tag = "17")]
    pub run: Option<Run>,
    #[prost(message, optional, tag = "18")]
    pub exit: Option<Exit>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Control {
    /// Clients before 0.31 never finish with a run that has none.
    #[prost(string, tag = "4")]
    pub mailbox_slot: String,
}

/// A value with its name, or with the names of the nested objects that contain it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Item {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, repeated, tag = "2")]
    pub nested_key: Vec<String>,
    #[prost(string, tag = "16")]
    pub value_json: String,
}

impl Item {
    pub(super) fn new(path: &[&str], value_json: String) -> Self {
        Self {
            key: String::new(),
            nested_key: path.iter().map(|&part| part.to_owned()).collect(),
            value_json,
        }
    }

    /// The names of the nested objects, and the name of the value as the last.
    pub(super) fn path(&self) -> &[String] {
        if self.nested_key.is_empty() {
            std::slice::from_ref(&self.key)
        } else {
            &self.nested_key
        }
    }
}

/// Changes of the config or of the summary.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Update {
    #[prost(message, repeated, tag = "1")]
    pub update: Vec<Item>,
}

/// A row of the history.
#[derive(Clone, PartialEq, Message)]
pub(super) struct History {
    #[prost(message, repeated, tag = "1")]
    pub item: Vec<Item>,
    #[prost(message, optional, tag = "2")]
    pub step: Option<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Step {
    #[prost(int64, tag = "1")]
    pub num: i64,
}

/// Files of the run's directory to be uploaded.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Files {
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct File {
    /// Below the directory `files`.
    #[prost(string, tag = "1")]
    pub path: String,
}

/// A sample of the machine.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Stats {
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Time>,
    #[prost(message, repeated, tag = "3")]
    pub item: Vec<Item>,
}

/// How a metric is displayed.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Metric {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub step_metric: String,
    #[prost(message, optional, tag = "6")]
    pub options: Option<MetricOptions>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct MetricOptions {
    #[prost(bool, tag = "2")]
    pub hidden: bool,
    #[prost(bool, tag = "3")]
    pub defined: bool,
}

/// A line on standard error (0) or standard output (1).
#[derive(Clone, PartialEq, Message)]
pub(super) struct Output {
    #[prost(int32, tag = "1")]
    pub output_type: i32,
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Time>,
    #[prost(string, tag = "3")]
    pub line: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Time {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl From<jiff::Timestamp> for Time {
    fn from(time: jiff::Timestamp) -> Self {
        let nanoseconds = time.as_nanosecond();
        // All seconds of jiff's range of years fit into 64 bits.
        Self {
            seconds: nanoseconds.div_euclid(1_000_000_000) as i64,
            nanos: nanoseconds.rem_euclid(1_000_000_000) as i32,
        }
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Run {
    #[prost(string, tag = "1")]
    pub run_id: String,
    #[prost(string, tag = "2")]
    pub entity: String,
    #[prost(string, tag = "3")]
    pub project: String,
    #[prost(message, optional, tag = "4")]
    pub config: Option<Update>,
    #[prost(string, tag = "6")]
    pub run_group: String,
    #[prost(string, tag = "7")]
    pub job_type: String,
    #[prost(string, tag = "8")]
    pub display_name: String,
    #[prost(string, tag = "9")]
    pub notes: String,
    #[prost(string, repeated, tag = "10")]
    pub tags: Vec<String>,
    #[prost(string, tag = "13")]
    pub host: String,
    #[prost(message, optional, tag = "17")]
    pub start_time: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Exit {
    #[prost(int32, tag = "1")]
    pub exit_code: i32,
    /// In seconds.
    #[prost(int32, tag = "2")]
    pub runtime: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Artifact {
    #[prost(string, tag = "1")]
    pub run_id: String,
    #[prost(string, tag = "2")]
    pub project: String,
    #[prost(string, tag = "3")]
    pub entity: String,
    #[prost(string, tag = "4")]
    pub r#type: String,
    #[prost(string, tag = "5")]
    pub name: String,
    #[prost(string, tag = "6")]
    pub digest: String,
    #[prost(string, repeated, tag = "11")]
    pub aliases: Vec<String>,
    #[prost(message, optional, tag = "12")]
    pub manifest: Option<Manifest>,
    #[prost(bool, tag = "14")]
    pub finalize: bool,
    #[prost(string, tag = "15")]
    pub client_id: String,
    #[prost(string, tag = "16")]
    pub sequence_client_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Manifest {
    #[prost(int32, tag = "1")]
    pub version: i32,
    #[prost(string, tag = "2")]
    pub storage_policy: String,
    #[prost(message, repeated, tag = "3")]
    pub storage_policy_config: Vec<PolicyItem>,
    #[prost(message, repeated, tag = "4")]
    pub contents: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PolicyItem {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value_json: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    /// Path within the artifact.
    #[prost(string, tag = "1")]
    pub path: String,
    /// MD5 in Base64.
    #[prost(string, tag = "2")]
    pub digest: String,
    /// In bytes.
    #[prost(int64, tag = "4")]
    pub size: i64,
    /// Absolute path of the file.
    #[prost(string, tag = "6")]
    pub local_path: String,
    /// Whether the client must not copy the file into its cache.
    #[prost(bool, tag = "8")]
    pub skip_cache: bool,
}
