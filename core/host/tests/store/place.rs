//! What the tests of the store share: a directory of their own, data, and a store.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use protea_contracts::content::digest_bytes;
use protea_core::store::{Cache, Store, Transfer, TransferKind, TransferObserver};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::s3::{KEY, SECRET};

/// The longest that anything may take that ends by itself, and the patience of a store whose server
/// comes back. Far beyond what an idle machine needs: the tests are about what happens, not about
/// how busy the machine is.
pub const AMPLE: Duration = Duration::from_secs(300);

/// A directory, with a cache in it.
pub struct Place {
    directory: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn cache(&self) -> Cache {
        Cache::new(self.join("cache"), 1 << 30)
    }

    /// A store with the place's cache, which gives up soon. A test whose server comes back raises
    /// the patience to [`AMPLE`].
    pub fn store(&self) -> Store {
        Store::from_env()
            .unwrap()
            .with_cache(self.cache())
            .with_timeout(Duration::from_secs(3))
    }

    /// As [`store`](Self::store), that finds S3 at an endpoint.
    pub fn store_at(&self, endpoint: &str) -> Store {
        self.store()
            .with_setting("AWS_ENDPOINT_URL", endpoint)
            .with_setting("AWS_ACCESS_KEY_ID", KEY)
            .with_setting("AWS_SECRET_ACCESS_KEY", SECRET)
            .with_setting("AWS_REGION", "us-east-1")
    }

    /// A frozen dataset with files of these sizes.
    pub fn dataset(&self, name: &str, sizes: &[usize]) -> PathBuf {
        let directory = self.join(name);
        fs::create_dir_all(directory.join("more")).unwrap();
        let mut files = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let path = match number % 2 {
                0 => format!("file {number}.bin"),
                _ => format!("more/{number}.bin"),
            };
            let bytes = noise(*size, number as u64 + name.len() as u64);
            fs::write(directory.join(&path), &bytes).unwrap();
            files.push(json!({
                "path": path,
                "sha256": digest_bytes(&bytes),
                "bytes": bytes.len(),
            }));
        }
        let manifest = json!({ "name": name, "files": files });
        fs::write(directory.join("dataset.json"), manifest.to_string()).unwrap();
        directory
    }
}

/// Bytes without a pattern, always the same.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub fn uri(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn file_uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

/// Asserts that two directories hold the same files.
pub fn assert_same(one: &Path, other: &Path) {
    let mut names: Vec<_> = files(one);
    names.sort();
    let mut others: Vec<_> = files(other);
    others.sort();
    assert_eq!(names, others);
    for name in names {
        assert!(
            fs::read(one.join(&name)).unwrap() == fs::read(other.join(&name)).unwrap(),
            "{name:?} differs"
        );
    }
}

/// The files below a directory, relative to it.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path)
            } else {
                found.push(path.strip_prefix(directory).unwrap().to_owned())
            }
        }
    }
    found
}

/// Asks for the end once so many bytes are done.
#[derive(Default)]
pub struct EndAfter {
    pub bytes: u64,
    pub kind: Option<TransferKind>,
    asked: AtomicBool,
    pub done: AtomicU64,
}

impl EndAfter {
    pub fn new(kind: TransferKind, bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            bytes,
            kind: Some(kind),
            ..Self::default()
        })
    }
}

impl TransferObserver for EndAfter {
    fn transfer(&self, transfer: &Transfer<'_>) {
        assert!(transfer.done <= transfer.total, "{transfer:?}");
        if Some(transfer.kind) == self.kind {
            self.done.store(transfer.done, Ordering::SeqCst);
            if transfer.done >= self.bytes {
                self.asked.store(true, Ordering::SeqCst);
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}
