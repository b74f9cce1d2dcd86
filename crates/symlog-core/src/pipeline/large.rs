//! Entries whose texts are read while they are handed over.

use std::io::{self, Read};
use std::sync::Arc;

use super::feed::{Feed, head_of};
use super::intake::Intake;
use super::receipt::Receipt;
use crate::error::LoggingError;
use crate::interaction::{Interaction, Large, Source};
use crate::mask::SLICE;

/// A text of which the beginning was read.
struct Text {
    head: String,
    rest: Option<Decoder>,
}

impl Text {
    /// Reads until the text is longer than `most`, or over.
    fn read(source: Source, most: usize) -> io::Result<Self> {
        let mut rest = Decoder::new(source.into_inner());
        let mut head = String::new();
        while head.len() <= most {
            match rest.next()? {
                Some(text) => head.push_str(&text),
                None => return Ok(Self { head, rest: None }),
            }
        }
        Ok(Self {
            head,
            rest: Some(rest),
        })
    }

    /// The text, where it is all there.
    fn into_whole(self) -> Result<String, Self> {
        match self.rest {
            None => Ok(self.head),
            Some(_) => Err(self),
        }
    }
}

/// Text from bytes. What is no UTF-8 becomes U+FFFD, as everywhere else on the way in.
struct Decoder {
    bytes: Box<dyn Read + Send>,
    buffer: Vec<u8>,
}

impl Decoder {
    fn new(bytes: Box<dyn Read + Send>) -> Self {
        Self {
            bytes,
            buffer: Vec::new(),
        }
    }

    fn next(&mut self) -> io::Result<Option<String>> {
        let begun = self.buffer.len();
        self.buffer.resize(begun + SLICE, 0);
        let read = loop {
            match self.bytes.read(&mut self.buffer[begun..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.buffer.truncate(begun + read);
        if self.buffer.is_empty() {
            return Ok(None);
        }
        // A character that is cut waits for its rest, unless there is none.
        let whole = match std::str::from_utf8(&self.buffer) {
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            _ => {
                let cut = incomplete_tail(&self.buffer);
                self.buffer.len() - if read > 0 { cut } else { 0 }
            }
        };
        let rest = self.buffer.split_off(whole);
        let taken = std::mem::replace(&mut self.buffer, rest);
        let text = String::from_utf8(taken)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Some(text))
    }
}

/// Bytes at the end that may be the beginning of a character.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(3);
    bytes[from..]
        .iter()
        .rposition(|byte| *byte >= 0xc0)
        .map_or(0, |at| {
            let tail = &bytes[from + at..];
            match std::str::from_utf8(tail) {
                Err(error) if error.error_len().is_none() => tail.len(),
                _ => 0,
            }
        })
}

/// Hands an entry over whose texts are yet to be read; reads them on the calling thread.
pub(crate) async fn hand_over_large(
    intake: &Intake,
    mut interaction: Interaction,
    large: Large,
) -> Result<Receipt, LoggingError> {
    let most = most_in_memory(intake);
    let read = |source: Option<Source>| {
        source
            .map(|source| Text::read(source, most).map_err(unreadable))
            .transpose()
    };
    let prompt = read(large.prompt)?;
    let content = read(large.content)?;
    let tool_result = read(large.tool_result)?;
    let parts = &mut *interaction.parts;
    let mut large = [None, None, None];
    for (at, text) in [prompt, content, tool_result].into_iter().enumerate() {
        let Some(text) = text else { continue };
        match text.into_whole() {
            Ok(whole) => match at {
                0 => parts.request.get_or_insert_default().prompt = whole,
                1 => parts.response.get_or_insert_default().content = whole,
                _ => {
                    parts.response.get_or_insert_default().tool_result = Some(whole.into());
                }
            },
            Err(text) => large[at] = Some(text),
        }
    }
    let [prompt, content, tool_result] = large;
    let by_pieces = intake.by_pieces().is_some();
    if prompt.is_none() && content.is_none() && tool_result.is_none() {
        return intake.submit_async(interaction).await;
    }
    if !by_pieces {
        return Err(LoggingError::TooLarge {
            bytes: most.saturating_add(1),
            limit: most,
        });
    }
    if parts.timestamp.is_none() {
        parts.timestamp = Some(intake.now());
    }
    if prompt.is_some() {
        parts.request.get_or_insert_default();
    }
    if content.is_some() || tool_result.is_some() {
        parts.response.get_or_insert_default();
    }
    let Some(mut feed) = Feed::open(intake, head_of(parts)) else {
        return Err(LoggingError::Closed);
    };
    if let Some(text) = prompt {
        let request = parts.request.take().unwrap_or_default();
        feed.begin_request();
        write(&mut feed, intake, text).await?;
        feed.text().end_request(request);
        feed.end_part(intake).await?;
    }
    if content.is_some() || tool_result.is_some() {
        let response = parts.response.take().unwrap_or_default();
        feed.begin_response();
        match content {
            Some(text) => write(&mut feed, intake, text).await?,
            None => feed.text().text(&response.content),
        }
        feed.text().begin_tool_result();
        match tool_result {
            Some(text) => write(&mut feed, intake, text).await?,
            None => feed.text().value(response.tool_result),
        }
        feed.text()
            .end_response(response.confidence, response.metadata);
        feed.end_part(intake).await?;
    }
    Ok(feed.close(intake, interaction))
}

async fn write(feed: &mut Feed, intake: &Intake, text: Text) -> Result<(), LoggingError> {
    feed.text().open_text();
    feed.write(intake, &text.head).await?;
    drop(text.head);
    if let Some(mut rest) = text.rest {
        while let Some(more) = rest.next().map_err(unreadable)? {
            feed.write(intake, &more).await?;
        }
    }
    feed.text().close_text();
    feed.hand_over(intake).await
}

fn most_in_memory(intake: &Intake) -> usize {
    match (intake.by_pieces(), intake.refuse_above()) {
        (Some(feeding), _) => feeding.above(),
        (None, Some(limit)) => limit,
        (None, None) => crate::format::MAX_LINE_BYTES,
    }
}

fn unreadable(source: io::Error) -> LoggingError {
    LoggingError::Source {
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives as many bytes at a time as it is told.
    struct Dribble(Vec<u8>, Vec<usize>);

    impl Read for Dribble {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = self.1.pop().unwrap_or(1).max(1);
            let n = most.min(out.len()).min(self.0.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    fn decoded(bytes: &[u8], steps: Vec<usize>) -> String {
        let mut decoder = Decoder::new(Box::new(Dribble(bytes.to_vec(), steps)));
        let mut out = String::new();
        while let Some(text) = decoder.next().unwrap() {
            out.push_str(&text);
        }
        out
    }

    proptest! {
        #[test]
        fn text_is_that_of_all_bytes(
            text in any::<String>(),
            junk in proptest::collection::vec(any::<u8>(), 0..8),
            steps in proptest::collection::vec(1usize..7, 0..32),
        ) {
            prop_assert_eq!(&decoded(text.as_bytes(), steps.clone()), &text);
            let mut bytes = text.into_bytes();
            bytes.extend(junk);
            prop_assert_eq!(decoded(&bytes, steps), String::from_utf8_lossy(&bytes));
        }
    }
}
