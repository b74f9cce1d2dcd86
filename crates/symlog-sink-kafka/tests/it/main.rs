//! Logs in a real broker that speaks the Kafka protocol.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::Arc;

use symlog_sink::Remote;
use symlog_sink::conformance::{Check, run};
use symlog_sink_kafka::{KafkaConfig, KafkaRemote};
use symlog_test_services::{RemoteLogs, Server, shipping};

fn config(port: u16) -> KafkaConfig {
    let mut config = KafkaConfig::new(format!("127.0.0.1:{port}"));
    config.timeout_seconds = 2;
    config
}

fn remote(port: u16) -> Arc<dyn Remote> {
    Arc::new(KafkaRemote::new(config(port)).unwrap())
}

#[test]
fn a_topic_passes_the_suite() {
    let Some(server) = Server::kafka() else {
        return;
    };
    let patient = || {
        let mut config = config(server.port());
        config.timeout_seconds = 60;
        Arc::new(KafkaRemote::new(config).unwrap()) as Arc<dyn Remote>
    };
    let remote = patient();
    remote.probe().unwrap();
    remote.probe().unwrap();
    let logs = RemoteLogs::new(patient).without_removal();
    assert_eq!(
        run(&logs),
        [
            Check::Removes,
            Check::Attaches,
            Check::SurvivesCrash,
            Check::PoisonIsSticky
        ]
    );
    // One was made to ask it for attachments, and nothing was put into it.
    assert_eq!(remote.logs().unwrap().len(), logs.made() - 1);
}

/// This broker keeps its topics in memory, so that it also forgets them.
#[test]
fn a_broker_that_dies_and_forgets_is_made_up_for() {
    let Some(mut server) = Server::kafka() else {
        return;
    };
    let remote = remote(server.port());
    shipping::outlives_a_kill(&mut server, remote);
}

#[test]
fn a_broker_that_stalls_holds_nobody_up() {
    if !shipping::is_alone("a_broker_that_stalls_holds_nobody_up") {
        return;
    }
    let Some((_server, proxy)) = Server::kafka_behind_proxy() else {
        return;
    };
    shipping::outlives_a_stall(&proxy, remote(proxy.port()));
}

#[test]
fn a_record_whose_acknowledgement_is_lost_counts_once() {
    let Some((_server, proxy)) = Server::kafka_behind_proxy() else {
        return;
    };
    shipping::outlives_lost_answers(&proxy, remote(proxy.port()));
}

#[test]
fn a_broker_that_is_not_there_says_so() {
    let error = remote(9).probe().unwrap_err();
    assert!(error.to_string().contains("can be reached"), "{error:?}");
}
