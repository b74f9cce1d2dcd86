//! A real server, on loopback and a free port, stopped by its own handle.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const READY: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 5;

pub(crate) struct Bao {
    child: Child,
    pub(crate) port: u16,
    home: TempDir,
    tls: bool,
}

/// The program, or `None` after saying why the test is skipped. In CI it has to be there.
fn program() -> Option<PathBuf> {
    let folder = std::env::var_os("SYMLOG_SERVICES").map(PathBuf::from);
    let program = folder.map_or_else(|| PathBuf::from("bao"), |folder| folder.join("bin/bao"));
    let answers = Command::new(&program).arg("version").output().is_ok();
    if answers {
        return Some(program);
    }
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!ci, "no OpenBao; run: cargo xtask services");
    eprintln!("SKIPPED: vault: no OpenBao; run: cargo xtask services");
    None
}

/// Two neighbouring ports: the server takes the next one too.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

impl Bao {
    pub(crate) fn dev() -> Option<Self> {
        Self::start_dev(false)
    }

    pub(crate) fn dev_tls() -> Option<Self> {
        Self::start_dev(true)
    }

    fn start_dev(tls: bool) -> Option<Self> {
        let program = program()?;
        Some(Self::started(|| Self::try_dev(&program, tls)))
    }

    /// A port that was free may be taken by the time that the server asks for it, and then it ends.
    fn started(attempt: impl Fn() -> Option<Self>) -> Self {
        (0..ATTEMPTS)
            .find_map(|_| attempt())
            .expect("the server ended each time that it was started")
    }

    fn try_dev(program: &Path, tls: bool) -> Option<Self> {
        let (port, home) = (free_port(), tempfile::tempdir().unwrap());
        let mut command = Command::new(program);
        command
            .args([
                "server",
                "-dev",
                "-dev-root-token-id=root",
                "-dev-no-store-token",
            ])
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        if tls {
            command.arg("-dev-tls");
            command.arg(format!("-dev-tls-cert-dir={}", home.path().display()));
        }
        Self::spawn(command, port, home, tls)
    }

    /// With storage that outlives it; not initialised yet.
    pub(crate) fn persistent() -> Option<Self> {
        let program = program()?;
        Some(Self::started(|| {
            let (port, home) = (free_port(), tempfile::tempdir().unwrap());
            let command = Self::persistent_command(&program, port, home.path());
            Self::spawn(command, port, home, false)
        }))
    }

    fn persistent_command(program: &Path, port: u16, home: &Path) -> Command {
        let data = home.join("data");
        std::fs::create_dir_all(&data).unwrap();
        let text = format!(
            "storage \"raft\" {{ path = \"{}\" node_id = \"one\" }}\n\
             listener \"tcp\" {{ address = \"127.0.0.1:{port}\" tls_disable = true }}\n\
             api_addr = \"http://127.0.0.1:{port}\"\n\
             cluster_addr = \"http://127.0.0.1:{}\"\n",
            data.display(),
            port + 1
        );
        let file = home.join("config.hcl");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program);
        command.arg("server").arg("-config").arg(file);
        command
    }

    fn spawn(mut command: Command, port: u16, home: TempDir, tls: bool) -> Option<Self> {
        let child = command
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bao = Self {
            child,
            port,
            home,
            tls,
        };
        bao.comes_up().then_some(bao)
    }

    /// Waits until it is ready; `false` if it ended.
    fn comes_up(&mut self) -> bool {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < READY, "the server is not ready");
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let up = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            // Uninitialised and sealed servers answer too, with 501 and 503.
            if up
                && (self.tls || matches!(self.ask("GET", "sys/health", "", "").0, 200 | 501 | 503))
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `kill -9`, and the same data with a new process.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        let program = program().unwrap();
        for _ in 0..ATTEMPTS {
            self.child = Self::persistent_command(&program, self.port, self.home.path())
                .env("HOME", self.home.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if self.comes_up() {
                return;
            }
        }
        panic!("the server ended each time that it was started again");
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// One request of an administrator: status and answer.
    pub(crate) fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, Value) {
        let exchange = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            write!(
                stream,
                "{method} /v1/{path} HTTP/1.0\r\nHost: localhost\r\nX-Vault-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().unwrap_or_default();
        let status = answer.get(9..12).and_then(|code| code.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (
            status.unwrap_or(0),
            serde_json::from_str(body).unwrap_or(Value::Null),
        )
    }

    /// The same, as root of a dev server, expected to work.
    #[track_caller]
    pub(crate) fn root(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.ask(method, path, "root", body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
