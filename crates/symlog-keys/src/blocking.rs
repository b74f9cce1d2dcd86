//! Work on a thread of its own, waited for within a bound, from any executor or from none.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The bound was reached; the thread is left behind.
    TimedOut,
    /// The work panicked, or no thread could be started.
    Failed,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

#[derive(Debug)]
struct State<T> {
    outcome: Option<Result<T, Stopped>>,
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn finish(&self, outcome: Result<T, Stopped>) {
        let waker = {
            let mut state = self.state.lock();
            if state.outcome.is_none() {
                state.outcome = Some(outcome);
            }
            state.waker.take()
        };
        self.done.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Tells the waiting side also when the work panics.
struct Finisher<T>(Arc<Shared<T>>);

impl<T> Drop for Finisher<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.finish(Err(Stopped::Failed));
        }
    }
}

/// The other end of work on another thread.
#[derive(Debug)]
pub(crate) struct Task<T>(Arc<Shared<T>>);

pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            outcome: None,
            waker: None,
        }),
        done: Condvar::new(),
    });
    let finisher = Finisher(Arc::clone(&shared));
    let spawned = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let result = work();
            finisher.0.finish(Ok(result));
        });
    if spawned.is_err() {
        shared.finish(Err(Stopped::Failed));
    }
    Task(shared)
}

impl<T> Task<T> {
    /// Blocks this thread, at most for `limit`.
    pub(crate) fn wait(self, limit: Duration) -> Result<T, Stopped> {
        let deadline = Instant::now() + limit;
        let mut state = self.0.state.lock();
        loop {
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            if self.0.done.wait_until(&mut state, deadline).timed_out() {
                return state.outcome.take().unwrap_or(Err(Stopped::TimedOut));
            }
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, Stopped>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state.lock();
        match state.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread. With the `tokio` feature inside a runtime of its own, because a store written
/// for tokio may need one; never inside the caller's, which may be blocked on the result.
pub(crate) fn drive<F: Future>(future: F) -> F::Output {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        return runtime.block_on(future);
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_no_longer_than_the_bound() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let task = spawn("held", move || held.recv());
        assert_eq!(
            task.wait(Duration::from_millis(20)).unwrap_err(),
            Stopped::TimedOut
        );
        drop(release);
    }

    #[test]
    fn a_panic_is_an_outcome() {
        let task = spawn("panics", || panic!("on purpose"));
        let outcome: Result<(), _> = task.wait(Duration::from_secs(60));
        assert_eq!(outcome.unwrap_err(), Stopped::Failed);
    }

    #[test]
    fn a_task_can_be_awaited_anywhere() {
        assert_eq!(drive(spawn("works", || 42)), Ok(42));
    }
}
