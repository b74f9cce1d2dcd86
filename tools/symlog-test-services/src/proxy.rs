use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Stands between a client and a server, and does what networks do.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: Arc<AtomicU8>,
}

/// What becomes of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They go on.
    Pass,
    /// Nobody reads them: connections stay open and fill up.
    Stall,
    /// Connections are closed.
    Cut,
    /// What the client says goes on; what the server says is lost, and with the next
    /// mode the connection.
    LoseAnswers,
}

impl Proxy {
    /// A proxy to `port` on loopback, which passes everything on.
    #[must_use]
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let mode = Arc::new(AtomicU8::new(0));
        let shared = Arc::clone(&mode);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                for (from, to, answers) in [(&client, &server, false), (&server, &client, true)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let mode = Arc::clone(&shared);
                    std::thread::spawn(move || pump(from, to, answers, &mode));
                }
            }
        });
        Self { port: own, mode }
    }

    /// Where clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what becomes of the bytes, of open connections too.
    pub fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Relaxed);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, answers: bool, mode: &AtomicU8) {
    let mut buffer = [0; 16 * 1024];
    let mut lost = false;
    from.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    loop {
        match mode.load(Ordering::Relaxed) {
            mode if mode == Mode::Stall as u8 => {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            mode if mode == Mode::Cut as u8 => break,
            mode if mode != Mode::LoseAnswers as u8 && lost => break,
            _ => {}
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) if answers && mode.load(Ordering::Relaxed) == Mode::LoseAnswers as u8 => {
                lost = true;
            }
            Ok(len) if to.write_all(&buffer[..len]).is_ok() => {}
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
