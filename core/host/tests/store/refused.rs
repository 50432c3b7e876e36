//! What cannot be, said in words, and without secrets.

use std::time::{Duration, Instant};

use protea_core::{
    StoreError, dataset,
    store::{Depth, locate},
};

use crate::{
    place::{AMPLE, Place, file_uri, uri},
    s3::{KEY, S3, SECRET},
    web::{Answer, Web},
};

#[test]
fn places_that_cannot_be_are_refused_with_what_to_do() {
    let place = Place::new();
    let store = place.store();
    let here = place.dataset("train", &[10]);
    let cases = [
        ("ftp://h/d", "is not supported; use file, s3"),
        ("s3:///d", "names no bucket"),
        ("s3://u:p4ss@bucket/d", "do not belong in it"),
        ("s3://bucket/d?x=1", "a query or a fragment"),
        ("gs://u:p4ss@bucket/d", "do not belong in it"),
        ("s3://bucket/a//b", "empty"),
    ];
    for (there, says) in cases {
        let text = store.stage(&uri(there)).unwrap_err().to_string();
        assert!(text.contains(says), "{there}: {text}");
        assert!(!text.contains("p4ss"), "{text}");
    }
    let error = store
        .copy(&file_uri(&here), &uri("http://127.0.0.1:9/d"))
        .unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    let nowhere = locate("http://127.0.0.1:1/d").unwrap();
    let began = Instant::now();
    let error = store.stage(&nowhere).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(began.elapsed() < AMPLE);
}

#[test]
fn without_credentials_it_is_said_how_to_give_some() {
    let place = Place::new();
    let none = place.join("none");
    let none = none.to_str().unwrap();
    let alone = place
        .store()
        .with_setting("AWS_CONFIG_FILE", none)
        .with_setting("AWS_SHARED_CREDENTIALS_FILE", none)
        .with_setting("AWS_EC2_METADATA_DISABLED", "true");
    let error = alone.stage(&uri("s3://bucket/d")).unwrap_err();
    let StoreError::Credentials { .. } = &error else {
        panic!("{error}");
    };
    assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
    // Neither is this machine one of Amazon's.
    let asked = alone
        .clone()
        .with_setting("AWS_EC2_METADATA_DISABLED", "false")
        .with_setting("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1");
    let error = asked.stage(&uri("s3://bucket/d")).unwrap_err();
    assert!(matches!(error, StoreError::Credentials { .. }), "{error}");

    let missing = alone.clone().with_setting("AWS_PROFILE", "lab");
    let error = missing.stage(&uri("s3://bucket/d")).unwrap_err();
    assert!(error.to_string().contains("no profile \"lab\""), "{error}");
    let config = place.join("config");
    std::fs::write(&config, "[profile lab]\nsso_session = x\n").unwrap();
    let sso = missing.with_setting("AWS_CONFIG_FILE", config.to_str().unwrap());
    let error = sso.stage(&uri("s3://bucket/d")).unwrap_err();
    assert!(error.to_string().contains("export-credentials"), "{error}");
}

#[test]
fn a_profile_has_the_endpoint_and_the_credentials() {
    let Some(s3) = S3::shared() else { return };
    let (place, bucket) = (Place::new(), s3.bucket());
    let here = place.dataset("train", &[10]);
    let (config, credentials) = (place.join("config"), place.join("credentials"));
    let text = format!(
        "[profile lab]\nregion = us-east-1\nendpoint_url = {}\n",
        s3.endpoint
    );
    std::fs::write(&config, text).unwrap();
    let text = format!("[lab]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    std::fs::write(&credentials, text).unwrap();
    let store = place
        .store()
        .with_setting("AWS_PROFILE", "lab")
        .with_setting("AWS_CONFIG_FILE", config.to_str().unwrap())
        .with_setting("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap());
    let there = format!("s3://{bucket}/train");
    store.copy(&file_uri(&here), &uri(&there)).unwrap();
    assert_eq!(dataset::stage_from(&there, &store).unwrap().name, "train");
}

#[test]
fn a_store_that_refuses_is_quoted_without_the_signature() {
    let web = Web::serve(|_| {
        let mut answer = Answer::status("403 Forbidden");
        answer.body = format!(
            "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
             <Message>The signature does not match.</Message>\
             <AWSAccessKeyId>{KEY}</AWSAccessKeyId><StringToSign>{SECRET}</StringToSign></Error>"
        )
        .into_bytes();
        answer
    });
    let place = Place::new();
    let store = place.store_at(&format!("http://{}", web.address));
    let here = place.dataset("train", &[10]);
    let errors = [
        store
            .list(&uri("s3://bucket/d"), Depth::Direct, 5)
            .unwrap_err(),
        store.stage(&uri("s3://bucket/d")).unwrap_err(),
        store
            .copy(&file_uri(&here), &uri("s3://bucket/d"))
            .unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("s3://bucket/d"), "{text}");
        assert!(!text.contains(KEY) && !text.contains(SECRET), "{text}");
    }
    assert!(
        web.asked()
            .iter()
            .all(|request| request.headers["authorization"].contains(KEY))
    );
}

#[test]
fn a_store_is_quoted_without_the_secrets_of_a_profile() {
    const OWN: [&str; 2] = ["the/secret+of-a-profile", "the-token-of-a-profile=="];
    let web = Web::serve(|_| {
        let mut answer = Answer::status("403 Forbidden");
        let [secret, token] = OWN;
        // The second one would be cut in half where a long message is shortened.
        let padding = "x".repeat(240);
        answer.body = format!(
            "<Error><Code>AccessDenied</Code>\
             <Message>{secret} {padding} {token} was sent</Message></Error>"
        )
        .into_bytes();
        answer
    });
    let place = Place::new();
    let config = place.join("config");
    let text = format!(
        "[profile lab]\nregion = r\nendpoint_url = http://{}\n",
        web.address
    );
    std::fs::write(&config, text).unwrap();
    let credentials = place.join("credentials");
    let [secret, token] = OWN;
    let text = format!(
        "[lab]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n\
         aws_session_token = {token}\n"
    );
    std::fs::write(&credentials, text).unwrap();
    let store = place
        .store()
        .with_setting("AWS_PROFILE", "lab")
        .with_setting("AWS_ALLOW_HTTP", "true")
        .with_setting("AWS_CONFIG_FILE", config.to_str().unwrap())
        .with_setting("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap());
    // The answer to a GET has a body.
    let error = store
        .list(&uri("s3://bucket/d"), Depth::Direct, 5)
        .unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("AccessDenied: *** x"), "{text}");
    assert!(
        !text.contains("the-token") && !text.contains("the/secret"),
        "{text}"
    );
}

#[test]
fn a_store_that_is_overloaded_for_long_cannot_be_reached() {
    let web = Web::serve(|_| Answer::status("503 Slow Down"));
    let place = Place::new();
    let store = place.store_at(&format!("http://{}", web.address));
    let began = Instant::now();
    let error = store.stage(&uri("s3://bucket/d")).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(began.elapsed() >= Duration::from_secs(3));
    assert!(web.asked().len() > 3, "it was tried more than once");
}
