//! From a URI to a store that can be asked.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, http::HttpBuilder, list::PaginatedListStore, memory::InMemory,
    path::Path,
};
use url::{Position, Url};

use super::{
    Manner, aws,
    download::BACKOFF,
    fault::reason,
    transport::{self, Transport},
};
use crate::{StoreError, location::redacted};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection on which nothing moves is not given up before this: a server that puts the parts of
/// a large object together is silent for a while.
const IDLE: Duration = Duration::from_secs(30);

/// A store, and where in it the URI points.
pub(super) struct Connected {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The same, if it can be asked for a listing page by page.
    pub(super) pages: Option<Arc<dyn PaginatedListStore>>,
    pub(super) base: Path,
    pub(super) read_only: bool,
}

/// Connects to the store of a URI, with the credentials that its own tools would take. No request
/// is made yet.
pub(super) fn connect(uri: &Url, manner: &Manner) -> Result<Connected, StoreError> {
    let patience = manner.patience;
    let shown = redacted(uri);
    let unclear = |reason: &str| StoreError::Location {
        location: shown.clone(),
        reason: reason.to_owned(),
    };
    let is_web = matches!(uri.scheme(), "http" | "https");
    if !is_web && (uri.query().is_some() || uri.fragment().is_some()) {
        return Err(unclear(
            "it has a query or a fragment; write a ? or # of a name as %3F or %23",
        ));
    }
    let has_user = !uri.username().is_empty() && uri.scheme() != "az";
    if !is_web && (has_user || uri.password().is_some()) {
        return Err(unclear(
            "credentials do not belong in it; put them into the environment, as the store's own \
             tools take them",
        ));
    }
    let base = Path::from_url_path(uri.path()).map_err(|error| unclear(&error.to_string()))?;
    let host = uri.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err(unclear("it names no bucket or server"));
    }
    let failed = |error: object_store::Error| StoreError::Setting {
        name: format!("the environment for {shown}"),
        reason: reason(&error),
    };
    let (store, pages): Paged = match uri.scheme() {
        "memory" => (memory(host), None),
        "s3" => {
            use object_store::aws::AmazonS3ConfigKey as Key;
            let builder = aws::builder(&shown, manner)?.with_bucket_name(host);
            let endpoint = builder
                .get_config_value(&Key::S3Endpoint)
                .or_else(|| builder.get_config_value(&Key::Endpoint));
            let builder = builder
                .with_client_options(client(is_plain(endpoint.as_deref()), patience))
                .with_http_connector(Transport::default())
                .with_retry(retry(patience));
            paged(builder.build().map_err(failed)?)
        }
        "gs" => {
            let given = given(manner, "GOOGLE_");
            let mut builder = given.fold(
                GoogleCloudStorageBuilder::from_env(),
                |builder, (key, value)| builder.with_config(key, value),
            );
            builder = builder.with_bucket_name(host);
            let emulator = manner.variable("STORAGE_EMULATOR_HOST");
            if let Some(emulator) = &emulator {
                let with_scheme = match emulator.contains("://") {
                    true => emulator.clone(),
                    false => format!("http://{emulator}"),
                };
                builder = builder
                    .with_base_url(&with_scheme)
                    .with_skip_signature(true);
            }
            let plain = emulator.is_some_and(|host| !host.starts_with("https://"));
            let builder = builder
                .with_client_options(client(plain, patience))
                .with_http_connector(Transport::default())
                .with_retry(retry(patience));
            paged(builder.build().map_err(failed)?)
        }
        "az" => {
            use object_store::azure::AzureConfigKey as Key;
            let given = given(manner, "AZURE_");
            let builder = given.fold(
                MicrosoftAzureBuilder::from_env(),
                |builder, (key, value)| builder.with_config(key, value),
            );
            let builder = builder.with_url(&uri[..Position::BeforePath]);
            let endpoint = builder.get_config_value(&Key::Endpoint);
            let emulator = builder.get_config_value(&Key::UseEmulator);
            let plain = is_plain(endpoint.as_deref()) || emulator.is_some_and(|set| set == "true");
            let builder = builder
                .with_client_options(client(plain, patience))
                .with_http_connector(Transport::default())
                .with_retry(retry(patience));
            paged(builder.build().map_err(failed)?)
        }
        "http" | "https" => {
            let options = client(uri.scheme() == "http", patience)
                .with_default_headers(transport::headers(uri));
            let server = format!(
                "{}://{}",
                uri.scheme(),
                &uri[Position::BeforeHost..Position::AfterPort]
            );
            let builder = HttpBuilder::new()
                .with_url(server)
                .with_client_options(options)
                .with_retry(retry(patience))
                .with_http_connector(Transport::to_web(uri));
            (Arc::new(builder.build().map_err(failed)?), None)
        }
        _ => return Err(StoreError::Scheme { uri: shown }),
    };
    Ok(Connected {
        store,
        pages,
        base,
        read_only: is_web,
    })
}

type Paged = (Arc<dyn ObjectStore>, Option<Arc<dyn PaginatedListStore>>);

fn paged(store: impl ObjectStore + PaginatedListStore) -> Paged {
    let pages = Arc::new(store);
    let store = Arc::clone(&pages);
    (store, Some(pages))
}

/// The settings that were given with this prefix and that the crate knows.
pub(super) fn given<'m, K: FromStr>(
    manner: &'m Manner,
    prefix: &'m str,
) -> impl Iterator<Item = (K, &'m String)> {
    let settings = manner.settings.iter();
    settings
        .filter(move |(name, _)| name.starts_with(prefix))
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
}

/// Plain HTTP is spoken only where the endpoint says so.
fn is_plain(endpoint: Option<&str>) -> bool {
    endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"))
}

fn client(plain: bool, patience: Duration) -> ClientOptions {
    // The process may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientOptions::new()
        .with_allow_http(plain)
        .with_user_agent(http::HeaderValue::from_static(concat!(
            "protea/",
            env!("CARGO_PKG_VERSION")
        )))
        .with_connect_timeout(CONNECT.min(patience))
        .with_timeout_disabled()
        .with_read_timeout((patience / 2).max(IDLE.min(patience)))
}

fn retry(patience: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: BACKOFF.0,
            max_backoff: BACKOFF.1.min(patience),
            base: 2.0,
        },
        // Time alone decides.
        max_retries: usize::MAX,
        retry_timeout: patience,
    }
}

/// The objects of this process that go by this name.
fn memory(name: &str) -> Arc<dyn ObjectStore> {
    static STORES: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let store = stores.entry(name.to_owned()).or_default();
    Arc::clone(store) as Arc<dyn ObjectStore>
}
