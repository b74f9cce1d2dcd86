use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use super::outcome::ObserveError;
use super::recorder::StreamRecorder;
use crate::interaction::EntryId;

/// A stream that is recorded as it passes, made by [`StreamRecorder::wrap`].
///
/// Its end is logged before it is given on. A stream that is dropped before is logged as
/// [`StreamRecorder`] says.
#[must_use = "streams do nothing unless they are polled"]
pub struct RecordedStream<S, N> {
    // Dropped before the recorder, which logs that it was.
    stream: Pin<Box<S>>,
    note: N,
    recorder: StreamRecorder,
    ended: bool,
    outcome: Result<(), ObserveError>,
}

impl<S, N> RecordedStream<S, N> {
    pub(super) fn new(recorder: StreamRecorder, stream: S, note: N) -> Self {
        Self {
            stream: Box::pin(stream),
            note,
            recorder,
            ended: false,
            outcome: Ok(()),
        }
    }

    /// The identity under which the stream is logged.
    pub fn id(&self) -> EntryId {
        self.recorder.id()
    }

    /// How logging went, for which the end of a stream has no place. A stream that has not come to
    /// its end is logged as cancelled.
    ///
    /// # Errors
    ///
    /// With `failure = "closed"`, when the stream could not be logged.
    pub async fn finish(mut self) -> Result<(), ObserveError> {
        if !self.ended {
            self.recorder.cut_short();
            self.recorder.fail("cancelled");
            self.recorder.settle();
        }
        poll_fn(|cx| self.recorder.poll_settled(cx)).await?;
        self.outcome
    }
}

// The stream is pinned in its box, and nothing else in here is ever pinned.
impl<S, N> Unpin for RecordedStream<S, N> {}

impl<S, N> Stream for RecordedStream<S, N>
where
    S: Stream,
    N: FnMut(&S::Item, &mut StreamRecorder),
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Self {
            stream,
            note,
            recorder,
            ended,
            outcome,
        } = self.get_mut();
        if !*ended {
            ready!(recorder.poll_room(cx));
            let next = recorder.journal().inside(|| stream.as_mut().poll_next(cx));
            if let Some(item) = ready!(next) {
                recorder.journal().enter();
                note(&item, recorder);
                recorder.journal().leave();
                return Poll::Ready(Some(item));
            }
            *ended = true;
            recorder.settle();
        }
        if let Err(error) = ready!(recorder.poll_settled(cx)) {
            *outcome = Err(error);
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S, N> fmt::Debug for RecordedStream<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedStream")
            .field("recorder", &self.recorder)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
