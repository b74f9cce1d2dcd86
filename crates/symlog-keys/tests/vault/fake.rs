//! A server that answers what it was told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use symlog_keys::{SecretStore, StoreError, VaultStore};

use crate::{config, run, with_token};

type Answer = dyn Fn(usize, &str) -> Option<String> + Send + Sync;

struct Fake {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// `answer` gets the number of the request and its text, and gives the whole response, or `None` to say
    /// nothing and keep the connection.
    fn new(answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log): (Arc<Answer>, _) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &log));
            }
        });
        Self { url, seen }
    }
}

fn serve(mut stream: TcpStream, answer: &Answer, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.push_str(&String::from_utf8_lossy(&body));
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    match answer(number, &request) {
        Some(response) => drop(stream.write_all(response.as_bytes())),
        None => std::thread::sleep(Duration::from_secs(30)),
    }
}

fn response(status: &str, body: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

const SECRET: &str = r#"{"request_id":"1","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"value":"found"},"metadata":{"created_time":"2026-11-01T00:00:00Z","custom_metadata":null,"deletion_time":"","destroyed":false,"version":1}},"wrap_info":null,"warnings":null,"auth":null}"#;
const LOGIN: &str = r#"{"request_id":"1","lease_id":"","renewable":false,"lease_duration":0,"data":null,"wrap_info":null,"warnings":null,"auth":{"client_token":"made-token","accessor":"a","policies":["p"],"token_policies":["p"],"metadata":{},"lease_duration":3600,"renewable":true,"entity_id":"","token_type":"service","orphan":true,"mfa_requirement":null,"num_uses":0}}"#;

const QUICK: &str = "common = { timeout_seconds = 2, max_retries = 3, enable_cache = false }";

fn quick(fake: &Fake) -> VaultStore {
    let auth = "method = 'token'\ntoken = 'hvs.secret-token'";
    VaultStore::new(config(&fake.url, auth, QUICK)).unwrap()
}

/// Token look-ups are answered as by a server that forbids them.
fn after_lookup(
    answer: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
) -> impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static {
    move |number, request| {
        if request.contains("lookup-self") {
            response("403 Forbidden", r#"{"errors":["permission denied"]}"#)
        } else {
            answer(number)
        }
    }
}

#[test]
fn answers_of_something_else_are_errors_without_their_content() {
    for body in [
        "<html>planted-content</html>",
        "{\"data\":{\"data\":{\"value\":\"planted-content\"",
        "",
        "[]",
        "{\"data\":null}",
        "{\"data\":{\"data\":{\"value\":{\"planted-content\":1}}}}",
    ] {
        let fake = Fake::new(after_lookup(move |_| response("200 OK", body)));
        let error = run(quick(&fake).get("key")).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(!shown.contains("hvs."), "{shown}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let fake = Fake::new(|_, _| None);
    let start = Instant::now();
    let error = run(quick(&fake).get("key")).unwrap_err();
    let fits = matches!(
        error,
        StoreError::TimedOut { .. } | StoreError::Unreachable { .. }
    );
    assert!(fits, "{error:?}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn nobody_there_is_unreachable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let store = VaultStore::new(config(&url, "method = 'token'\ntoken = 't'", QUICK)).unwrap();
    let error = run(store.get("key")).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
}

#[test]
fn what_passes_is_tried_again() {
    for status in [
        "429 Too Many Requests",
        "503 Service Unavailable",
        "500 Oops",
    ] {
        let failures = Mutex::new(2);
        let fake = Fake::new(after_lookup(move |_| {
            let mut left = failures.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                response(status, r#"{"errors":["later"]}"#)
            } else {
                response("200 OK", SECRET)
            }
        }));
        let found = run(quick(&fake).get("key")).unwrap().unwrap();
        assert_eq!(found.expose(), b"found");
    }
}

#[test]
fn what_does_not_pass_is_not_tried_for_ever() {
    let fake = Fake::new(after_lookup(|_| {
        response("503 Sealed", r#"{"errors":["sealed"]}"#)
    }));
    let error = run(quick(&fake).get("key")).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    // A look-up of the token, and one access with three retries.
    assert_eq!(fake.seen.lock().unwrap().len(), 5);
}

/// The protocol as Vault's documentation has it; there is no Kubernetes here to log in to.
#[test]
fn kubernetes_logs_in_with_the_service_accounts_token() {
    let fake = Fake::new(|_, request| {
        if request.starts_with("POST /v1/auth/kubernetes/login ") {
            response("200 OK", LOGIN)
        } else {
            response("200 OK", SECRET)
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "the-account-token\n").unwrap();
    let auth = format!(
        "method = 'kubernetes'\nrole = 'symlog'\ntoken_path = '{}'",
        file.display()
    );
    let store = VaultStore::new(config(&fake.url, &auth, QUICK)).unwrap();
    assert_eq!(run(store.get("a/key")).unwrap().unwrap().expose(), b"found");
    let seen = fake.seen.lock().unwrap();
    assert!(
        seen[0].contains(r#""jwt":"the-account-token""#) && seen[0].contains(r#""role":"symlog""#)
    );
    assert!(
        seen[1].starts_with("GET /v1/secret/data/a/key"),
        "{}",
        seen[1]
    );
    assert!(
        seen[1]
            .to_ascii_lowercase()
            .contains("x-vault-token: made-token")
    );
}

fn base64_text(body: &serde_json::Value, member: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = body[member].as_str().unwrap().trim_end_matches('=');
    let (mut word, mut bits, mut out) = (0u32, 0, Vec::new());
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit).unwrap();
        word = word << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    String::from_utf8(out).unwrap()
}

/// The protocol as Vault's documentation has it; there is no AWS here to log in with.
#[test]
fn aws_logs_in_with_a_signed_request() {
    let fake = Fake::new(|_, request| {
        if request.starts_with("POST /v1/auth/cloud/login ") {
            response("200 OK", LOGIN)
        } else {
            response("200 OK", SECRET)
        }
    });
    let auth = "method = 'aws'\nrole = 'symlog'\nmount_path = 'cloud'\nregion = 'eu-west-1'\nserver_id = 'vault.example.com'";
    let environment = symlog_keys::Environment::fixed([
        ("AWS_ACCESS_KEY_ID".to_owned(), crate::secret("AKIDEXAMPLE")),
        (
            "AWS_SECRET_ACCESS_KEY".to_owned(),
            crate::secret("planted-secret-key"),
        ),
        (
            "AWS_SESSION_TOKEN".to_owned(),
            crate::secret("the-session-token"),
        ),
    ]);
    let store = VaultStore::with_environment(config(&fake.url, auth, QUICK), environment).unwrap();
    assert_eq!(run(store.get("key")).unwrap().unwrap().expose(), b"found");
    let seen = fake.seen.lock().unwrap();
    let (_, body) = seen[0].rsplit_once("\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["role"], "symlog");
    assert_eq!(body["iam_http_request_method"], "POST");
    assert_eq!(
        base64_text(&body, "iam_request_url"),
        "https://sts.eu-west-1.amazonaws.com/"
    );
    assert_eq!(
        base64_text(&body, "iam_request_body"),
        "Action=GetCallerIdentity&Version=2011-06-15"
    );
    let headers: serde_json::Value =
        serde_json::from_str(&base64_text(&body, "iam_request_headers")).unwrap();
    assert_eq!(headers["x-vault-aws-iam-server-id"][0], "vault.example.com");
    assert_eq!(headers["x-amz-security-token"][0], "the-session-token");
    let signed = headers["authorization"][0].as_str().unwrap();
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{signed}"
    );
    assert!(signed.contains("/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id, Signature="), "{signed}");
    assert!(seen.iter().all(|request| !request.contains("planted")));
    drop(seen);

    let without = symlog_keys::Environment::fixed([]);
    let store = VaultStore::with_environment(config(&fake.url, auth, QUICK), without).unwrap();
    let error = run(store.get("key")).unwrap_err();
    assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
}

#[test]
fn names_that_are_other_paths_are_refused() {
    let fake = Fake::new(|_, _| response("200 OK", SECRET));
    let store = quick(&fake);
    for name in [
        "../sys/seal",
        "a/../b",
        "a?list=true",
        "a#b",
        "a%2e",
        "a\nb",
        ".",
    ] {
        let error = run(store.get(name)).unwrap_err();
        assert!(matches!(error, StoreError::Configuration { .. }), "{name}");
    }
    assert!(fake.seen.lock().unwrap().is_empty());
}

#[test]
fn addresses_that_cannot_work_are_configuration_errors() {
    for url in [
        "",
        "vault.example.com",
        "ftp://vault",
        "http://",
        "http://user:pw@vault",
    ] {
        let error = VaultStore::new(with_token(url, "t")).unwrap_err();
        assert!(matches!(error, StoreError::Configuration { .. }), "{url}");
        assert!(!error.to_string().contains("pw@"));
    }
}

#[test]
fn nothing_secret_is_traced_or_shown() {
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::default();
    let writer = sink.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .init();
    let fake = Fake::new(|_, request| {
        if request.contains("/login ") {
            response("200 OK", LOGIN)
        } else {
            response("200 OK", SECRET)
        }
    });
    let auth = "method = 'approle'\nrole_id = 'r'\nsecret_id = 'planted-secret-id'";
    let config = config(&fake.url, auth, QUICK);
    let shown = format!("{config:?}");
    let store = VaultStore::new(config).unwrap();
    run(store.get("key")).unwrap();
    run(store.get("key")).unwrap();
    let traced = String::from_utf8_lossy(&sink.0.lock().unwrap()).into_owned();
    assert!(traced.contains("logged in") || traced.contains("secret fetched"));
    for secret in [
        "planted-secret-id",
        "made-token",
        "found\"",
        "hvs.secret-token",
    ] {
        assert!(!traced.contains(secret), "{secret} was traced");
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}
