//! Async clients behind traits that are not.

use std::future::Future;
use std::io;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

/// The one runtime of all backends in the process; it has one thread, which
/// sleeps while there is nothing to send.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Runs `future` to its end on a thread of its own and waits for it, inside and
/// outside of any async runtime.
///
/// # Errors
///
/// Where that thread cannot be started, or the future panicked.
pub fn wait_for<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> io::Result<T> {
    let (send, receive) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // Who waits may have been stopped meanwhile.
        let _ = send.send(future.await);
    });
    receive
        .recv()
        .map_err(|_| io::Error::other("the client of a remote store panicked"))
}

fn runtime() -> io::Result<Handle> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let new = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(4)
        .thread_name("symlog-remote")
        .enable_all()
        .build()?;
    let handle = new.handle().clone();
    *runtime = Some(new);
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_inside_and_outside_of_a_runtime() {
        assert_eq!(wait_for(async { 1 }).unwrap(), 1);
        let outer = Builder::new_current_thread().build().unwrap();
        assert_eq!(outer.block_on(async { wait_for(async { 2 }) }).unwrap(), 2);
        assert!(wait_for(async { panic!("as a client may") as i32 }).is_err());
        assert_eq!(wait_for(async { 3 }).unwrap(), 3);
    }
}
