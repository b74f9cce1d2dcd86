use std::sync::Arc;

use symlog_sink::Remote;
use symlog_sink::conformance::{Check, run};
use symlog_sink_object::{ObjectConfig, ObjectRemote};
use symlog_test_services::{Proxy, RemoteLogs, Server, shipping};

fn config(port: u16) -> ObjectConfig {
    let endpoint = format!("http://127.0.0.1:{port}");
    ObjectConfig::new("s3://bucket/logs").with_server(&endpoint, "key", "secret")
}

#[test]
fn s3_passes_the_suite() {
    let Some(server) = Server::s3() else { return };
    let remote = || Arc::new(ObjectRemote::new(&config(server.port())).unwrap()) as Arc<dyn Remote>;
    remote().probe().unwrap();
    let missing = run(&RemoteLogs::new(remote));
    assert_eq!(missing, [Check::SurvivesCrash, Check::PoisonIsSticky]);
}

#[test]
fn a_bucket_that_denies_or_is_not_there_says_so() {
    let Some(server) = Server::s3() else { return };
    let endpoint = format!("http://127.0.0.1:{}", server.port());
    let wrong = ObjectConfig::new("s3://bucket/logs").with_server(&endpoint, "key", "wrong");
    let error = ObjectRemote::new(&wrong).unwrap().probe().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the right to read, list and write"),
        "{error}"
    );
    assert!(
        !format!("{error:?}").contains("wrong"),
        "a credential is shown"
    );

    let nowhere =
        ObjectConfig::new("s3://bucket").with_server("http://127.0.0.1:9", "key", "secret");
    let error = ObjectRemote::new(&nowhere).unwrap().probe().unwrap_err();
    assert!(error.to_string().contains("can be reached"), "{error:?}");
}

#[test]
fn a_server_that_stalls_holds_nobody_up() {
    if !shipping::is_alone("seaweed::a_server_that_stalls_holds_nobody_up") {
        return;
    }
    let Some(server) = Server::s3() else { return };
    let proxy = Proxy::to(server.port());
    shipping::outlives_a_stall(&proxy, impatient(proxy.port()));
}

#[test]
fn an_object_whose_acknowledgement_is_lost_is_there_once() {
    let Some(server) = Server::s3() else { return };
    let proxy = Proxy::to(server.port());
    shipping::outlives_lost_answers(&proxy, impatient(proxy.port()));
}

#[test]
fn a_server_that_dies_and_comes_back_is_made_up_for() {
    let Some(mut server) = Server::s3() else {
        return;
    };
    let remote = impatient(server.port());
    shipping::outlives_a_kill(&mut server, remote);
}

fn impatient(port: u16) -> Arc<dyn Remote> {
    let mut config = config(port);
    config.timeout_seconds = 2;
    Arc::new(ObjectRemote::new(&config).unwrap())
}
