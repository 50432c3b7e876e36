//! Servers that redirect: no credential leaves the server that the user named.

use protea_core::{dataset, store::Depth};

use crate::{
    place::{Place, file_uri, uri},
    web::{Answer, Web},
    web_servers::{serve, stage},
};

#[test]
fn another_server_gets_no_credentials() {
    let place = Place::new();
    let here = place.dataset("train", &[5000]);
    let real = serve(&here, |_, _, good, _| good);
    let address = real.address.clone();
    let first = Web::serve(move |request| {
        let mut answer = Answer::status("307 Temporary Redirect");
        let path = request.target.split('?').next().unwrap();
        answer
            .headers
            .push(("location", format!("http://{address}{path}")));
        answer
            .headers
            .push(("set-cookie", "session=C00KIE".to_owned()));
        answer
    });
    let there = format!(
        "http://me:passw0rd@{}/d?X-Amz-Signature=S1GNATURE",
        first.address
    );
    dataset::stage_from(&there, &place.store()).unwrap();
    // The server that the user named gets both, the other one nothing.
    for request in first.asked() {
        assert!(request.target.contains("S1GNATURE"), "{request:?}");
        assert!(request.headers.contains_key("authorization"), "{request:?}");
    }
    let asked = real.asked();
    assert!(!asked.is_empty());
    for request in asked {
        let seen = format!("{request:?}");
        for secret in [
            "S1GNATURE",
            "passw0rd",
            "bWU6cGFzc3cwcmQ",
            "C00KIE",
            &first.address,
        ] {
            assert!(!seen.contains(secret), "{seen}");
        }
        assert!(!request.headers.contains_key("authorization"), "{seen}");
        assert!(!request.headers.contains_key("referer"), "{seen}");
    }
}

#[test]
fn a_redirect_of_a_signed_request_is_refused() {
    let place = Place::new();
    let real = Web::serve(|_| Answer::status("404 Not Found"));
    let address = real.address.clone();
    let first = Web::serve(move |request| {
        let mut answer = Answer::status("301 Moved Permanently");
        answer.headers.push((
            "location",
            format!("http://{address}{}?sig=S1GNATURE", request.target),
        ));
        answer
    });
    let store = place
        .store_at(&format!("http://{}", first.address))
        .with_setting("AWS_SESSION_TOKEN", "SESS10NTOKEN");
    let here = place.dataset("train", &[10]);
    let errors = [
        store
            .list(&uri("s3://lab/d"), Depth::Direct, 5)
            .unwrap_err(),
        store.stage(&uri("s3://lab/d")).unwrap_err(),
        store
            .copy(&file_uri(&here), &uri("s3://lab/d"))
            .unwrap_err(),
    ];
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(
            text.contains(&format!("redirects to http://{}", real.address)),
            "{text}"
        );
        assert!(text.contains("set the endpoint or the region"), "{text}");
        assert!(
            !text.contains("S1GNATURE") && !text.contains("SESS10N"),
            "{text}"
        );
    }
    assert_eq!(real.asked().len(), 0);
    // Nothing was tried a second time.
    let asked = first.asked();
    assert!(asked.len() <= 6, "{asked:#?}");
}

#[test]
fn a_redirection_in_a_circle_ends() {
    let place = Place::new();
    let web = Web::serve(|request| {
        let mut answer = Answer::status("302 Found");
        answer.headers.push(("location", request.target.clone()));
        answer
    });
    let error = stage(&place, &web).unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("too many redirects"), "{text}");
}
