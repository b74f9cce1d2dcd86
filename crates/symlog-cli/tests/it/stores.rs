//! Stores that cannot be asked, as a user of the command line meets them.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::symlog::{Place, example};

/// The longest that a store may take, with all its retries.
const LIMIT: Duration = Duration::from_secs(15);

/// A log whose key lies in a Vault that is `listener`, and is in the environment, too.
fn place(listener: &TcpListener, strict: bool) -> Place {
    let place = Place::with_key().with("VAULT_TOKEN", "a token that nobody may see");
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let port = listener.local_addr().unwrap().port();
    place.write(
        "symlog.toml",
        format!(
            "[security.secrets]\ntype = \"vault\"\nurl = \"http://127.0.0.1:{port}\"\nstrict = {strict}\n\
             [security.secrets.auth]\nmethod = \"token\"\ntoken = \"${{VAULT_TOKEN}}\"\n"
        ),
    );
    place
}

/// Lets each connection send its request, and then does `then` with it.
fn serve(listener: TcpListener, then: fn(TcpStream)) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request);
                then(stream);
            });
        }
    });
}

#[test]
fn a_store_that_never_answers_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let strict = place(&listener, true);
    let config = strict.path("symlog.toml");
    let text = std::fs::read_to_string(config).unwrap();
    strict.write(
        "loose.toml",
        text.replace("strict = true", "strict = false"),
    );
    serve(listener, |stream| {
        std::thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let start = Instant::now();
    let children = [
        strict.command(&["cat"]),
        strict.command(&["cat", "--config", "loose.toml"]),
    ]
    .map(|mut command| {
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    let [strict, loose] = children.map(|child| child.wait_with_output().unwrap());
    // Starting the program is no part of it.
    assert!(
        start.elapsed() < LIMIT + Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    let said = String::from_utf8_lossy(&strict.stderr).into_owned();
    assert_eq!(strict.status.code(), Some(2), "{said}");
    assert!(said.contains("gave no answer within"), "{said}");
    // The key in the environment is the right one.
    let warned = String::from_utf8_lossy(&loose.stderr).into_owned();
    assert!(loose.status.success(), "{warned}");
    assert!(warned.contains("gave no answer within"), "{warned}");
    assert!(!(said + &warned).contains("nobody may see"));
}

/// What a server does that is killed in the middle of an access.
#[test]
fn a_store_that_dies_in_the_middle_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = place(&listener, true);
    serve(listener, drop);
    let start = Instant::now();
    let run = place.run(&["cat"]);
    run.fails(2, &["cannot be reached", "SecretStore"]);
    assert!(run.out.is_empty());
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}
