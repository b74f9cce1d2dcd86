use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Proxy;

const READY: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 5;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    home: TempDir,
    again: Vec<String>,
    program: PathBuf,
}

/// The program, or `None` after saying why the test is skipped.
fn program(name: &str, version: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SYMLOG_SERVICES").map(PathBuf::from);
    let program = folder.map_or_else(
        || PathBuf::from(name),
        |folder| folder.join("bin").join(name),
    );
    let answers = Command::new(&program)
        .arg(version)
        .output()
        .is_ok_and(|output| output.status.success());
    if answers {
        return Some(program);
    }
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!ci, "no {name}; run: cargo xtask services");
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    eprintln!("SKIPPED: {test}: no {name}; run: cargo xtask services");
    None
}

/// A port that is free, and the one 10,000 above, which some take for gRPC.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let above = port.checked_add(10_000);
        if above.is_some_and(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
}

impl Server {
    /// SeaweedFS, whose S3 accepts `key` and `secret`, with an empty `bucket`.
    #[must_use]
    pub fn s3() -> Option<Self> {
        let program = program("weed", "version")?;
        Some(Self::started(|| Self::try_s3(&program)))
    }

    fn try_s3(program: &Path) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "mini".to_owned(),
            format!("-dir={}", home.path().display()),
            "-ip=127.0.0.1".to_owned(),
            "-ip.bind=127.0.0.1".to_owned(),
            "-webdav=false".to_owned(),
            "-admin.ui=false".to_owned(),
            "-master.telemetry=false".to_owned(),
            // Their ports would be the same for every server.
            "-s3.port.iceberg=0".to_owned(),
            "-s3.port.lance=0".to_owned(),
        ];
        let mut ports = [0; 5];
        for (port, name) in ports
            .iter_mut()
            .zip(["s3", "filer", "master", "volume", "admin"])
        {
            *port = free_port();
            arguments.push(format!("-{name}.port={port}"));
        }
        let [port, filer, ..] = ports;
        let mut server = Self::spawn(program, port, home, arguments);
        // A directory of the filer is a bucket, and needs no signature.
        let is_up = server.comes_up(|_| http(filer, "POST", "/buckets/bucket/") == 201)
            && server.comes_up(|_| http(port, "GET", "/status") == 200);
        is_up.then_some(server)
    }

    /// NATS with JetStream, with more lines of its configuration.
    #[must_use]
    pub fn nats(lines: &[&str]) -> Option<Self> {
        let program = program("nats-server", "--version")?;
        Some(Self::started(|| Self::try_nats(&program, lines)))
    }

    fn try_nats(program: &Path, lines: &[&str]) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = home.path().join("nats.conf");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let store = home.path().join("data").display().to_string();
        let port_text = port.to_string();
        let file = file.display().to_string();
        let arguments = [
            "-a",
            "127.0.0.1",
            "-p",
            &port_text,
            "-js",
            "-sd",
            &store,
            "-c",
            &file,
        ]
        .map(str::to_owned)
        .to_vec();
        let mut server = Self::spawn(program, port, home, arguments);
        server.comes_up(Self::greets).then_some(server)
    }

    /// Tansu, a broker that speaks the Kafka protocol and keeps all in memory.
    #[must_use]
    pub fn kafka() -> Option<Self> {
        let program = program("tansu", "--version")?;
        Some(Self::started(|| {
            let port = free_port();
            Self::try_kafka(&program, port, port)
        }))
    }

    /// The same behind a proxy, through which it tells its clients to come.
    #[must_use]
    pub fn kafka_behind_proxy() -> Option<(Self, Proxy)> {
        let program = program("tansu", "--version")?;
        Some(Self::started(|| {
            let port = free_port();
            let proxy = Proxy::to(port);
            let server = Self::try_kafka(&program, port, proxy.port())?;
            Some((server, proxy))
        }))
    }

    fn try_kafka(program: &Path, port: u16, advertised: u16) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let url = format!("tcp://127.0.0.1:{port}");
        let advertised = format!("tcp://127.0.0.1:{advertised}");
        let arguments = [
            "broker",
            "--listener-url",
            &url,
            "--advertised-listener-url",
            &advertised,
            "--storage-engine",
            "memory://tansu/",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut server = Self::spawn(program, port, home, arguments);
        let is_up = server.comes_up(|server| server.accepts());
        is_up.then_some(server)
    }

    /// A port that was free may be taken by the time that the server asks for it, and then it ends.
    fn started<T>(attempt: impl Fn() -> Option<T>) -> T {
        (0..ATTEMPTS)
            .find_map(|_| attempt())
            .expect("the server ended each time that it was started")
    }

    fn spawn(program: &Path, port: u16, home: TempDir, arguments: Vec<String>) -> Self {
        let child = start(program, &home, &arguments);
        Self {
            child,
            port,
            home,
            again: arguments,
            program: program.to_owned(),
        }
    }

    /// Waits until it is ready; `false` if it ended.
    fn comes_up(&mut self, is_ready: impl Fn(&Self) -> bool) -> bool {
        let start = Instant::now();
        while !is_ready(self) {
            assert!(start.elapsed() < READY, "the server is not ready");
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        true
    }

    /// The port that it listens on, on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same data with a new process.
    pub fn restart(&mut self) {
        for _ in 0..ATTEMPTS {
            self.child = start(&self.program, &self.home, &self.again);
            if self.comes_up(Self::accepts) {
                return;
            }
        }
        panic!("the server ended each time that it was started again");
    }

    fn accepts(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn greets(&self) -> bool {
        let greet = || -> Option<bool> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            let mut line = [0; 5];
            stream.read_exact(&mut line).ok()?;
            Some(&line == b"INFO ")
        };
        greet().unwrap_or(false)
    }
}

/// The status of a plain HTTP request; 0 where there is no answer.
fn http(port: u16, method: &str, path: &str) -> u16 {
    let ask = || -> Option<u16> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).ok()?;
        std::str::from_utf8(&answer[9..12]).ok()?.parse().ok()
    };
    ask().unwrap_or(0)
}

fn start(program: &Path, home: &TempDir, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; what is left is a zombie at most.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
