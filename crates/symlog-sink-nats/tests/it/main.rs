//! Logs in a real JetStream server.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::Arc;

use symlog_sink::conformance::{Check, run};
use symlog_sink::{Remote, SinkError};
use symlog_sink_nats::{NatsConfig, NatsRemote};
use symlog_test_services::{Proxy, RemoteLogs, Server, shipping};

fn config(port: u16) -> NatsConfig {
    let mut config = NatsConfig::new(format!("nats://127.0.0.1:{port}"));
    config.timeout_seconds = 2;
    config
}

fn remote(port: u16) -> Arc<dyn Remote> {
    Arc::new(NatsRemote::new(config(port)))
}

#[test]
fn jetstream_passes_the_suite() {
    let Some(server) = Server::nats(&[]) else {
        return;
    };
    let patient = || {
        let mut config = config(server.port());
        config.timeout_seconds = 60;
        Arc::new(NatsRemote::new(config)) as Arc<dyn Remote>
    };
    let remote = patient();
    remote.probe().unwrap();
    remote.probe().unwrap();
    let logs = RemoteLogs::new(patient);
    assert_eq!(
        run(&logs),
        [Check::Attaches, Check::SurvivesCrash, Check::PoisonIsSticky]
    );
    // One was made to ask it for attachments, and nothing was put into it.
    assert_eq!(remote.logs().unwrap().len(), logs.made() - 1);
}

#[test]
fn a_server_that_dies_is_made_up_for() {
    let Some(mut server) = Server::nats(&[]) else {
        return;
    };
    let remote = remote(server.port());
    shipping::outlives_a_kill(&mut server, remote);
}

#[test]
fn a_server_that_stalls_holds_nobody_up() {
    if !shipping::is_alone("a_server_that_stalls_holds_nobody_up") {
        return;
    }
    let Some(server) = Server::nats(&[]) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    shipping::outlives_a_stall(&proxy, remote(proxy.port()));
}

#[test]
fn a_message_whose_acknowledgement_is_lost_is_there_once() {
    let Some(server) = Server::nats(&[]) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    shipping::outlives_lost_answers(&proxy, remote(proxy.port()));
}

#[test]
fn a_message_above_the_limit_says_what_to_do() {
    let Some(server) = Server::nats(&["max_payload: 65536"]) else {
        return;
    };
    let log = remote(server.port()).log("a").unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(&[b'x'; 70_000]).unwrap();
    let error = sink.sync().unwrap_err();
    assert!(error.to_string().contains("`part_bytes`"), "{error:?}");

    let mut config = config(server.port());
    config.part_bytes = 60_000;
    let log = NatsRemote::new(config).log("b").unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(&[b'x'; 70_000]).unwrap();
    sink.sync().unwrap();
    assert_eq!(sink.len(), 70_000);
}

#[test]
fn a_stream_that_is_full_keeps_what_it_has() {
    let Some(server) = Server::nats(&["jetstream { max_file_store: 2097152 }"]) else {
        return;
    };
    let log = remote(server.port()).log("a").unwrap();
    let mut sink = log.lock().unwrap();
    let refused = (0..8).find_map(|_| {
        sink.append(&[b'x'; 500_000]).unwrap();
        sink.sync().err()
    });
    assert!(matches!(refused, Some(SinkError::Io { .. })), "{refused:?}");
    let source = log.source(&symlog_sink::ObjectName::Active).unwrap();
    let len = source.len().unwrap();
    assert!(len >= 500_000 && len.is_multiple_of(500_000), "{len}");
    assert_eq!(source.read_at(0, &mut [0; 10]).unwrap(), 10);
}

#[test]
fn a_server_that_wants_a_password_gets_it_and_it_is_not_shown() {
    let Some(server) = Server::nats(&["authorization { user: me, password: hunter2 }"]) else {
        return;
    };
    let refused = NatsRemote::new(config(server.port()).with_user("me", "guess"));
    let error = refused.probe().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the right to read, list and write"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("guess"));
    let remote = NatsRemote::new(config(server.port()).with_user("me", "hunter2"));
    remote.probe().unwrap();
    assert!(!format!("{remote:?}").contains("hunter2"));
}

#[test]
fn a_server_that_is_not_there_says_so() {
    let error = remote(9).probe().unwrap_err();
    assert!(error.to_string().contains("can be reached"), "{error:?}");
}
