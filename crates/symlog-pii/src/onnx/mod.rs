//! A token classifier in ONNX form as one more detector.

mod labels;
mod passages;
mod session;

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::detector::{Detector, FieldContext};
use crate::error::{DetectError, OnnxError};
use crate::finding::{Finding, RuleId};
use session::{Session, Word};

const RULE: RuleId = RuleId::new("onnx");
/// A probability below this is no finding.
const THRESHOLD: f32 = 0.5;

/// Finds what a token classifier for names (BERT and its like) finds, where the scanner sees a
/// reason to ask it: in lines that are no code and hold a word with a capital, a given name or a
/// number. ONNX Runtime runs the model; its library is loaded when the first detector is opened.
///
/// A model takes milliseconds for a few lines, where the scanner takes microseconds for a page. So
/// a text with more than [`max_bytes`](Self::max_bytes) worth asking about, or one that takes
/// longer than [`time_limit`](Self::time_limit), is an error, and the masker masks the whole of it.
pub struct OnnxDetector {
    session: Session,
    max_bytes: usize,
    time_limit: Duration,
}

impl OnnxDetector {
    /// Opens the model in `folder`, which holds `config.json`, `tokenizer.json` and one `*.onnx`
    /// (in it, or in `onnx/`), as models are published; `runtime` is the library of ONNX Runtime
    /// 1.21 or newer. One library serves the process: that of the first detector.
    ///
    /// # Errors
    ///
    /// When a file is missing or is none of its kind, when the runtime cannot be loaded, or when no
    /// label of the model is a type of this crate.
    pub fn open(runtime: &Path, folder: &Path) -> Result<Self, OnnxError> {
        Ok(Self {
            session: Session::open(runtime, folder)?,
            max_bytes: 32 * 1024,
            time_limit: Duration::from_secs(1),
        })
    }

    /// How many bytes of one text the model is asked about. The default is 32 KiB.
    #[must_use]
    pub fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// How long the model may take for one text. The default is one second; the masker has a
    /// [limit](crate::MaskerBuilder::time_limit) of its own.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }
}

impl Detector for OnnxDetector {
    fn detect(
        &self,
        text: &str,
        _: &FieldContext<'_>,
        out: &mut Vec<Finding>,
    ) -> Result<(), DetectError> {
        let passages = passages::of(text);
        let len = passages.iter().map(|(from, to)| to - from).sum();
        if len > self.max_bytes {
            return Err(DetectError::TooLarge {
                len,
                limit: self.max_bytes,
            });
        }
        let failed = |error: OnnxError| DetectError::Failed(Box::new(error));
        let begun = Instant::now();
        let mut words: Vec<Word> = Vec::new();
        for (from, to) in passages {
            if begun.elapsed() > self.time_limit {
                return Err(failed(OnnxError::TooSlow(self.time_limit)));
            }
            // What two passages share is told twice; what one saw first stays.
            let past = words.last().map_or(0, |word| word.end);
            let found = self.session.classify(&text[from..to]).map_err(failed)?;
            let placed = found.into_iter().map(|word| Word {
                start: from + word.start,
                end: from + word.end,
                ..word
            });
            words.extend(placed.filter(|word| word.start >= past));
        }
        out.extend(join(text, words));
        Ok(())
    }
}

/// Pieces of words of one type become one finding: a given and a family name, a street and a city.
fn join(text: &str, words: Vec<Word>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    for word in words.into_iter().filter(|word| word.sure >= THRESHOLD) {
        // Rules know more than a model about what both find.
        let score = 0.5 + (word.sure - THRESHOLD) / 2.0;
        let (start, end) = whole(text, word.start, word.end);
        if let Some(last) = out.last_mut()
            && last.kind == word.kind
            && (start < last.end || is_join(text.get(last.end..start)))
        {
            last.end = last.end.max(end);
            last.score = last.score.max(score);
            continue;
        }
        out.push(Finding {
            start,
            end,
            kind: word.kind,
            score,
            rule: RULE,
        });
    }
    out
}

/// How much of a word a model may leave out.
const MAX_REST: usize = 24;

/// The words that a piece is a part of: half of a name is no secret.
fn whole(text: &str, start: usize, end: usize) -> (usize, usize) {
    let before = text[..start].char_indices().rev();
    let start = before
        .take_while(|(at, c)| c.is_alphanumeric() && start - at <= MAX_REST)
        .last()
        .map_or(start, |(at, _)| at);
    let after = text[end..].char_indices();
    let rest = after
        .take_while(|(at, c)| c.is_alphanumeric() && at + c.len_utf8() <= MAX_REST)
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    (start, end + rest)
}

fn is_join(between: Option<&str>) -> bool {
    between.is_some_and(|between| {
        between.len() <= 3
            && !between.contains('\n')
            && between
                .chars()
                .all(|c| c == ' ' || matches!(c, '-' | '\'' | '’' | '.'))
    })
}

impl fmt::Debug for OnnxDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxDetector")
            .field("max_bytes", &self.max_bytes)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::PiiType;

    #[test]
    fn pieces_of_a_name_are_one_finding() {
        let text = "Ana-Lu de Paz, Oslo";
        let word = |start, end, kind, sure| Word {
            start,
            end,
            kind,
            sure,
        };
        let found = join(
            text,
            vec![
                word(0, 3, PiiType::Person, 0.9),
                word(4, 6, PiiType::Person, 0.7),
                word(7, 9, PiiType::Person, 0.3),
                word(10, 13, PiiType::Person, 0.8),
                word(15, 19, PiiType::Location, 1.0),
            ],
        );
        let spans: Vec<_> = found.iter().map(|f| &text[f.start..f.end]).collect();
        assert_eq!(spans, ["Ana-Lu", "Paz", "Oslo"]);
        assert!((found[2].score - 0.75).abs() < 1e-6);
        assert_eq!(whole("a Hollöway b", 4, 5), (2, 11));
    }
}
