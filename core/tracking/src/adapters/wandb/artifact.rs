//! Files and directories as artifacts of W&B.

use std::{fs::File, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use super::{
    BACKEND, name,
    record::{self, Entry, Manifest, PolicyItem},
};
use crate::{Artifact, TrackerError, adapters::artifact_files::ArtifactFiles};

/// The record of an artifact of this kind. The client reads its files when it uploads the run.
/// `key` must be different for each artifact.
pub(super) fn record(
    artifact: &Artifact,
    kind: &str,
    key: &str,
) -> Result<record::Artifact, TrackerError> {
    let refused = |reason: String| TrackerError::Refused {
        backend: BACKEND.to_owned(),
        what: format!("the artefact {:?}", artifact.name),
        reason,
    };
    let mut contents = Vec::new();
    let files = ArtifactFiles::list(&artifact.path).map_err(&refused)?;
    for found in &files.files {
        let path = files.path_of(found);
        let unreadable =
            |reason: String| refused(format!("{} cannot be read: {reason}", path.display()));
        let not_text = || refused(format!("the path {} is not UTF-8", path.display()));
        let file = files
            .open(found)
            .map_err(|error| unreadable(error.reason()))?;
        let (digest, size) = digest(file).map_err(|error| unreadable(error.to_string()))?;
        contents.push(Entry {
            path: path_within(&artifact.path, &path).ok_or_else(not_text)?,
            digest: STANDARD.encode(digest),
            size,
            local_path: path.to_str().ok_or_else(not_text)?.to_owned(),
            skip_cache: true,
        });
    }
    contents.sort_by(|a, b| a.path.cmp(&b.path));
    let name = name::artifact(&artifact.name)?;
    Ok(record::Artifact {
        r#type: kind.to_owned(),
        digest: manifest_digest(&contents),
        aliases: vec!["latest".to_owned()],
        manifest: Some(Manifest {
            version: 1,
            storage_policy: "wandb-storage-policy-v1".to_owned(),
            storage_policy_config: vec![PolicyItem {
                key: "storageLayout".to_owned(),
                value_json: "\"V2\"".to_owned(),
            }],
            contents,
        }),
        finalize: true,
        client_id: client_id(key),
        sequence_client_id: client_id(&name),
        name,
        ..record::Artifact::default()
    })
}

/// The name of a single file, or the path of a file within the artefact's directory.
fn path_within(artifact: &Path, file: &Path) -> Option<String> {
    let within = file.strip_prefix(artifact).ok()?;
    if within.as_os_str().is_empty() {
        return artifact.file_name()?.to_str().map(str::to_owned);
    }
    let parts: Option<Vec<&str>> = within.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn digest(mut file: File) -> io::Result<([u8; 16], i64)> {
    let mut md5 = Md5::new();
    let mut block = vec![0; 128 << 10];
    let mut size = 0;
    loop {
        let read = io::Read::read(&mut file, &mut block)?;
        if read == 0 {
            return Ok((md5.finalize().into(), size));
        }
        md5.update(&block[..read]);
        size += read as i64;
    }
}

fn manifest_digest(contents: &[Entry]) -> String {
    let mut md5 = Md5::new();
    md5.update(b"wandb-artifact-manifest-v1\n");
    for entry in contents {
        md5.update(format!("{}:{}\n", entry.path, entry.digest));
    }
    hex(md5.finalize().into())
}

/// An id of 128 characters, as those of the official client. The same key gives the same id.
fn client_id(key: &str) -> String {
    (0..4)
        .map(|part| hex(Md5::digest(format!("{part} {key}")).into()))
        .collect()
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
