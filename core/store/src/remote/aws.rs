//! S3 credentials and settings from the files of the AWS tools, and the error without credentials.

use std::{
    collections::BTreeMap,
    env, fs,
    io::ErrorKind,
    net::{TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    time::Duration,
};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};

use super::{fault::remember_secret, settings::RemoteSettings};
use crate::StoreError;

/// The metadata service of EC2 instances.
const METADATA: &str = "http://169.254.169.254";
/// The metadata service answers at once. Without this timeout, other machines would retry for
/// minutes.
const METADATA_TIME: Duration = Duration::from_secs(1);

type Section = BTreeMap<String, String>;

/// Applies the environment and the profile that it names.
pub(super) fn builder(
    display_uri: &str,
    settings: &RemoteSettings,
) -> Result<AmazonS3Builder, StoreError> {
    let from_env = AmazonS3Builder::from_env();
    let mut builder = settings
        .overrides("AWS_")
        .fold(from_env, |builder, (key, value)| {
            builder.with_config(key, value)
        });
    let profile_name = settings.variable("AWS_PROFILE");
    let profile_name = profile_name.or_else(|| settings.variable("AWS_DEFAULT_PROFILE"));
    let profile = profile(profile_name.as_deref(), settings)?;
    let is_set = |builder: &AmazonS3Builder, key| builder.get_config_value(&key).is_some();
    let take = |mut builder: AmazonS3Builder, key: Key, name: &str| {
        if let Some(value) = profile.get(name)
            && !is_set(&builder, key)
        {
            builder = builder.with_config(key, value);
        }
        builder
    };
    builder = take(builder, Key::Region, "region");
    builder = take(builder, Key::Endpoint, "endpoint_url");
    if !is_set(&builder, Key::AccessKeyId) && !is_set(&builder, Key::SecretAccessKey) {
        builder = take(builder, Key::AccessKeyId, "aws_access_key_id");
        builder = take(builder, Key::SecretAccessKey, "aws_secret_access_key");
        builder = take(builder, Key::Token, "aws_session_token");
    }
    for key in [Key::SecretAccessKey, Key::Token] {
        if let Some(value) = builder.get_config_value(&key) {
            remember_secret(&value);
        }
    }
    let has_others = [
        Key::WebIdentityTokenFile,
        Key::ContainerCredentialsRelativeUri,
        Key::ContainerCredentialsFullUri,
    ];
    let unsigned = builder.get_config_value(&Key::SkipSignature);
    let signed_in = is_set(&builder, Key::AccessKeyId)
        || has_others.into_iter().any(|key| is_set(&builder, key))
        || unsigned.is_some_and(|value| value == "true");
    if !signed_in {
        by_the_machine(
            display_uri,
            &builder,
            profile_name.as_deref(),
            &profile,
            settings,
        )?;
    }
    Ok(builder)
}

/// Fails unless the machine has a metadata service with credentials.
fn by_the_machine(
    display_uri: &str,
    builder: &AmazonS3Builder,
    profile_name: Option<&str>,
    profile: &Section,
    settings: &RemoteSettings,
) -> Result<(), StoreError> {
    let lacking = |reason: String| StoreError::Credentials {
        uri: display_uri.to_owned(),
        reason,
    };
    let elsewhere = [
        "sso_session",
        "sso_start_url",
        "credential_process",
        "role_arn",
    ];
    if let Some(how) = elsewhere.iter().find(|how| profile.contains_key(**how)) {
        let name = profile_name.unwrap_or("default");
        return Err(lacking(format!(
            "the profile {name} gets them by {how}, which only the AWS tools do; have them put \
             theirs into the environment: eval \"$(aws configure export-credentials --profile \
             {name} --format env)\""
        )));
    }
    let none = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for public data \
                AWS_SKIP_SIGNATURE=true";
    let disabled = settings.variable("AWS_EC2_METADATA_DISABLED");
    if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(lacking(none.to_owned()));
    }
    let endpoint = builder.get_config_value(&Key::MetadataEndpoint);
    let endpoint = endpoint.as_deref().unwrap_or(METADATA);
    if answers(endpoint) {
        Ok(())
    } else {
        Err(lacking(format!(
            "{none}; this machine is not an EC2 instance with a role"
        )))
    }
}

fn answers(endpoint: &str) -> bool {
    let Ok(uri) = url::Url::parse(endpoint) else {
        return false;
    };
    let Some(host) = uri.host_str() else {
        return false;
    };
    let port = uri.port_or_known_default().unwrap_or(80);
    let addresses = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    addresses
        .into_iter()
        .flatten()
        .any(|address| TcpStream::connect_timeout(&address, METADATA_TIME).is_ok())
}

/// A profile of the AWS tools. The credentials file takes precedence over the config file.
fn profile(profile_name: Option<&str>, settings: &RemoteSettings) -> Result<Section, StoreError> {
    let name = profile_name.unwrap_or("default");
    let heading = match name {
        "default" => "default".to_owned(),
        name => format!("profile {name}"),
    };
    let config = section(
        place(settings, "AWS_CONFIG_FILE", "config"),
        &[&heading, name],
    )?;
    let credentials = place(settings, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let credentials = section(credentials, &[name])?;
    if let (Some(profile_name), None, None) = (profile_name, &config, &credentials) {
        return Err(StoreError::Setting {
            name: "AWS_PROFILE".to_owned(),
            reason: format!(
                "there is no profile {profile_name:?} in ~/.aws/config or ~/.aws/credentials"
            ),
        });
    }
    let mut profile = config.unwrap_or_default();
    profile.extend(credentials.unwrap_or_default());
    for (key, value) in &profile {
        if ["secret", "token", "password"]
            .iter()
            .any(|part| key.contains(part))
        {
            remember_secret(value);
        }
    }
    Ok(profile)
}

fn place(settings: &RemoteSettings, name: &str, file: &str) -> Option<PathBuf> {
    if let Some(path) = settings.variable(name) {
        return Some(path.into());
    }
    let home = env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
    Some(Path::new(&home).join(".aws").join(file))
}

fn section(path: Option<PathBuf>, names: &[&str]) -> Result<Option<Section>, StoreError> {
    let Some(path) = path else {
        return Ok(None);
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(read(&text, names)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::read(&path)(error)),
    }
}

/// The section of an INI file with one of these names.
fn read(text: &str, names: &[&str]) -> Option<Section> {
    let mut found: Option<Section> = None;
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = trimmed.strip_prefix('[') {
            let heading = heading.split(']').next().unwrap_or_default();
            let words: Vec<&str> = heading.split_whitespace().collect();
            inside = names.contains(&words.join(" ").as_str());
            if inside {
                found.get_or_insert_default();
            }
            continue;
        }
        // Indented lines belong to a nested setting, such as `s3 =`.
        if inside
            && !line.starts_with([' ', '\t'])
            && let Some((key, value)) = trimmed.split_once('=')
            && !value.trim().is_empty()
        {
            let section = found.get_or_insert_default();
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_as_the_aws_tools_read_it() {
        let text = "# mine\n[default]\naws_access_key_id = A\n\n[profile lab]\nregion=eu-west-1\n\
                    s3 =\n    endpoint_url = http://nested\n ; note\nendpoint_url = http://h:9\n[other]\nregion = x\n";
        let lab = read(text, &["profile lab", "lab"]).unwrap();
        assert_eq!(lab["region"], "eu-west-1");
        assert_eq!(lab["endpoint_url"], "http://h:9");
        assert_eq!(lab.len(), 2);
        let default = read(text, &["default"]).unwrap();
        assert_eq!(default["aws_access_key_id"], "A");
        assert_eq!(read(text, &["none"]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|\n){0,200}") {
            let _ = read(&text, &["default"]);
        }
    }
}
