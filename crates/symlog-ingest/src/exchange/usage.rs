//! Tokens as the providers report them.

use serde_json::{Map, Value};
use symlog_core::TokenUsage;

/// Tokens, each as it was last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) total: Option<u64>,
    /// Of the input, read from a cache. Never added to it.
    pub(crate) cached: Option<u64>,
    pub(crate) cache_written: Option<u64>,
    /// Of the output, spent on reasoning.
    pub(crate) reasoning: Option<u64>,
}

/// The providers' names, as JSON pointers; the first that is there counts.
const INPUT: &[&str] = &[
    "/prompt_tokens",
    "/tokens/input_tokens",
    "/input_tokens",
    "/promptTokenCount",
    "/inputTokens",
    "/prompt_eval_count",
    "/inputTextTokenCount",
    "/billed_units/input_tokens",
    "/prompt_token_count",
    "/tokens_evaluated",
];
const OUTPUT: &[&str] = &[
    "/completion_tokens",
    "/tokens/output_tokens",
    "/output_tokens",
    "/candidatesTokenCount",
    "/outputTokens",
    "/eval_count",
    "/billed_units/output_tokens",
    "/generation_token_count",
    "/tokens_predicted",
    "/tokenCount",
];
const TOTAL: &[&str] = &["/total_tokens", "/totalTokenCount", "/totalTokens"];
const CACHED: &[&str] = &[
    "/prompt_tokens_details/cached_tokens",
    "/input_tokens_details/cached_tokens",
    "/cache_read_input_tokens",
    "/cachedContentTokenCount",
    "/cacheReadInputTokens",
    "/prompt_cache_hit_tokens",
    "/cached_tokens",
];
const CACHE_WRITTEN: &[&str] = &[
    "/prompt_tokens_details/cache_write_tokens",
    "/cache_creation_input_tokens",
    "/cacheWriteInputTokens",
];
const REASONING: &[&str] = &[
    "/completion_tokens_details/reasoning_tokens",
    "/output_tokens_details/reasoning_tokens",
    "/thoughtsTokenCount",
    "/reasoning_tokens",
];

impl Usage {
    /// Takes a report; what it does not name stays as it was.
    pub(crate) fn report(&mut self, report: &Value) {
        let Self {
            input,
            output,
            total,
            cached,
            cache_written,
            reasoning,
        } = self;
        for (slot, names) in [
            (input, INPUT),
            (output, OUTPUT),
            (total, TOTAL),
            (cached, CACHED),
            (cache_written, CACHE_WRITTEN),
            (reasoning, REASONING),
        ] {
            if let Some(count) = names.iter().find_map(|name| report.pointer(name)?.as_u64()) {
                *slot = Some(count);
            }
        }
    }

    /// Takes what `other` knows beside this.
    pub(crate) fn fill(&mut self, other: &Self) {
        let Self {
            input,
            output,
            total,
            cached,
            cache_written,
            reasoning,
        } = other;
        for (slot, count) in [
            (&mut self.input, input),
            (&mut self.output, output),
            (&mut self.total, total),
            (&mut self.cached, cached),
            (&mut self.cache_written, cache_written),
            (&mut self.reasoning, reasoning),
        ] {
            *slot = slot.or(*count);
        }
    }

    /// Input, output and total; none where none of them was reported.
    pub(crate) fn tokens(&self) -> Option<TokenUsage> {
        self.input.or(self.output).or(self.total)?;
        let count = |count: Option<u64>| count.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let input_tokens = count(self.input).unwrap_or(0);
        let output_tokens = count(self.output).unwrap_or(0);
        Some(TokenUsage {
            input_tokens,
            output_tokens,
            total_tokens: count(self.total)
                .unwrap_or_else(|| input_tokens.saturating_add(output_tokens)),
        })
    }

    /// The counts that have no place in [`TokenUsage`].
    pub(crate) fn details(&self) -> Map<String, Value> {
        [
            ("cached_tokens", self.cached),
            ("cache_write_tokens", self.cache_written),
            ("reasoning_tokens", self.reasoning),
        ]
        .into_iter()
        .filter_map(|(name, count)| Some((name.to_owned(), count?.into())))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_several_reports_the_last_wins_field_by_field() {
        let mut usage = Usage::default();
        usage
            .report(&json!({"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 4}));
        usage.report(&json!({"output_tokens": 7}));
        let tokens = usage.tokens().unwrap();
        assert_eq!(
            (
                tokens.input_tokens,
                tokens.output_tokens,
                tokens.total_tokens
            ),
            (10, 7, 17)
        );
        assert_eq!(usage.details()["cached_tokens"], 4);
    }

    #[test]
    fn nothing_reported_is_not_zero() {
        let mut usage = Usage::default();
        usage.report(&json!({"cost_in_usd_ticks": 5}));
        usage.report(&Value::Null);
        assert_eq!(usage.tokens(), None);
    }

    #[test]
    fn counts_beyond_the_field_stop_at_its_end() {
        let mut usage = Usage::default();
        usage.report(&json!({"prompt_tokens": u64::MAX, "completion_tokens": -1}));
        assert_eq!(usage.tokens().unwrap().total_tokens, u32::MAX);
    }
}
