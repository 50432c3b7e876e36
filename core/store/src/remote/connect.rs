//! Connects a URI to its store.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use object_store::{
    ClientOptions, ObjectStore, azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder,
    http::HttpBuilder, list::PaginatedListStore, memory::InMemory, path::Path,
};
use url::{Position, Url};

use super::{
    aws,
    fault::reason,
    retry,
    settings::RemoteSettings,
    transport::{Connection, Transport},
};
use crate::{StoreError, location::redacted};

/// The timeout for establishing a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The least read timeout: a server that assembles the parts of a large object sends nothing for a
/// while.
const IDLE: Duration = Duration::from_secs(30);

/// A store, and the path in it that the URI names.
pub(super) struct Connected {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The same store, if it supports paginated listing.
    pub(super) pages: Option<Arc<dyn PaginatedListStore>>,
    pub(super) base: Path,
    pub(super) read_only: bool,
}

/// Configures the store of a URI, with the credentials that the store's own tools would use. Makes
/// no request yet.
pub(super) fn connect(uri: &Url, settings: &RemoteSettings) -> Result<Connected, StoreError> {
    let base = base(uri)?;
    let (store, pages): Paged = match uri.scheme() {
        "memory" => (memory(host(uri)), None),
        "s3" => s3(uri, settings)?,
        "gs" => google(uri, settings)?,
        "az" => azure(uri, settings)?,
        "http" | "https" => web(uri, settings)?,
        _ => return Err(StoreError::Scheme { uri: redacted(uri) }),
    };
    Ok(Connected {
        store,
        pages,
        base,
        read_only: is_web(uri),
    })
}

fn is_web(uri: &Url) -> bool {
    matches!(uri.scheme(), "http" | "https")
}

fn host(uri: &Url) -> &str {
    uri.host_str().unwrap_or_default()
}

/// The path in its store that a URI names. Fails for an ambiguous URI.
fn base(uri: &Url) -> Result<Path, StoreError> {
    let unclear = |reason: &str| StoreError::Location {
        location: redacted(uri),
        reason: reason.to_owned(),
    };
    if !is_web(uri) && (uri.query().is_some() || uri.fragment().is_some()) {
        return Err(unclear(
            "it has a query or a fragment; write a ? or # of a name as %3F or %23",
        ));
    }
    let has_user = !uri.username().is_empty() && uri.scheme() != "az";
    if !is_web(uri) && (has_user || uri.password().is_some()) {
        return Err(unclear(
            "credentials do not belong in it; put them into the environment, as the store's own \
             tools take them",
        ));
    }
    let base = Path::from_url_path(uri.path()).map_err(|error| unclear(&error.to_string()))?;
    if host(uri).is_empty() {
        return Err(unclear("it names no bucket or server"));
    }
    Ok(base)
}

/// Builds a store with the common client options. A macro, because the builders share methods but
/// no trait.
macro_rules! build {
    ($uri:expr, $builder:expr, $client:expr, $transport:expr, $settings:expr) => {
        $builder
            .with_client_options($client)
            .with_http_connector($transport)
            .with_retry(retry::request($settings.timeout))
            .build()
            .map_err(|error| StoreError::Setting {
                name: format!("the environment for {}", redacted($uri)),
                reason: reason(&error),
            })
    };
}

fn s3(uri: &Url, settings: &RemoteSettings) -> Result<Paged, StoreError> {
    use object_store::aws::AmazonS3ConfigKey as Key;
    let builder = aws::builder(&redacted(uri), settings)?.with_bucket_name(host(uri));
    let endpoint = builder
        .get_config_value(&Key::S3Endpoint)
        .or_else(|| builder.get_config_value(&Key::Endpoint));
    let plain = is_plain(endpoint.as_deref());
    let transport = Transport::signed(connection(plain, settings));
    build!(uri, builder, client(plain), transport, settings).map(paged)
}

fn google(uri: &Url, settings: &RemoteSettings) -> Result<Paged, StoreError> {
    let mut builder = settings.overrides("GOOGLE_").fold(
        GoogleCloudStorageBuilder::from_env(),
        |builder, (key, value)| builder.with_config(key, value),
    );
    builder = builder.with_bucket_name(host(uri));
    let emulator = settings.variable("STORAGE_EMULATOR_HOST");
    if let Some(emulator) = &emulator {
        let with_scheme = if emulator.contains("://") {
            emulator.clone()
        } else {
            format!("http://{emulator}")
        };
        builder = builder
            .with_base_url(&with_scheme)
            .with_skip_signature(true);
    }
    let plain = emulator.is_some_and(|host| !host.starts_with("https://"));
    let transport = Transport::signed(connection(plain, settings));
    build!(uri, builder, client(plain), transport, settings).map(paged)
}

fn azure(uri: &Url, settings: &RemoteSettings) -> Result<Paged, StoreError> {
    use object_store::azure::AzureConfigKey as Key;
    let builder = settings.overrides("AZURE_").fold(
        MicrosoftAzureBuilder::from_env(),
        |builder, (key, value)| builder.with_config(key, value),
    );
    let builder = builder.with_url(&uri[..Position::BeforePath]);
    let endpoint = builder.get_config_value(&Key::Endpoint);
    let emulator = builder.get_config_value(&Key::UseEmulator);
    let plain = is_plain(endpoint.as_deref()) || emulator.is_some_and(|set| set == "true");
    let transport = Transport::signed(connection(plain, settings));
    build!(uri, builder, client(plain), transport, settings).map(paged)
}

fn web(uri: &Url, settings: &RemoteSettings) -> Result<Paged, StoreError> {
    let server = &uri[Position::BeforeHost..Position::AfterPort];
    let builder = HttpBuilder::new().with_url(format!("{}://{server}", uri.scheme()));
    let plain = uri.scheme() == "http";
    let transport = Transport::to_web(uri, connection(plain, settings));
    let store = build!(uri, builder, client(plain), transport, settings)?;
    Ok((Arc::new(store), None))
}

type Paged = (Arc<dyn ObjectStore>, Option<Arc<dyn PaginatedListStore>>);

fn paged(store: impl ObjectStore + PaginatedListStore) -> Paged {
    let pages = Arc::new(store);
    let store = Arc::clone(&pages);
    (store, Some(pages))
}

/// Allows plain HTTP only for an `http://` endpoint.
fn is_plain(endpoint: Option<&str>) -> bool {
    endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"))
}

/// What `object_store` itself has to know; the transport makes the connections.
fn client(plain: bool) -> ClientOptions {
    ClientOptions::new().with_allow_http(plain)
}

fn connection(plain: bool, settings: &RemoteSettings) -> Connection {
    // Fails if the process has installed a provider already, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Connection {
        plain,
        connect_timeout: CONNECT.min(settings.timeout),
        read_timeout: (settings.timeout / 2).max(IDLE.min(settings.timeout)),
    }
}

/// The in-memory store of this process with this name.
fn memory(name: &str) -> Arc<dyn ObjectStore> {
    static STORES: LazyLock<Mutex<HashMap<String, Arc<InMemory>>>> = LazyLock::new(Mutex::default);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let store = stores.entry(name.to_owned()).or_default();
    Arc::clone(store) as Arc<dyn ObjectStore>
}
