//! Reasoning that a model has put into its text between `<think>` and `</think>`.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// The answer and the reasoning in `text`; none where there is no reasoning in it.
///
/// Some chat templates open the block in the prompt, so that the text begins inside it; then only
/// the closing tag is seen, always followed by a line feed or the end. A tag in backticks is a
/// mention of the tag and stays.
pub(crate) fn split(text: &str) -> Option<(String, String)> {
    if !text.contains(CLOSE) && !text.trim_start().starts_with(OPEN) {
        return None;
    }
    let (mut answer, mut reasoning) = (String::new(), String::new());
    let mut rest = match unopened(text) {
        Some(end) => {
            reasoning.push_str(text[..end].trim());
            text[end + CLOSE.len()..].trim_start_matches('\n')
        }
        None => text,
    };
    while let Some(start) = opening(rest) {
        let inside = &rest[start + OPEN.len()..];
        let end = inside.find(CLOSE);
        if end.is_none() && !(answer.is_empty() && rest[..start].trim().is_empty()) {
            break;
        }
        answer.push_str(rest[..start].trim_start_matches('\n'));
        if !reasoning.is_empty() {
            reasoning.push('\n');
        }
        // An unclosed block at the beginning: the model was cut off while it thought.
        reasoning.push_str(inside[..end.unwrap_or(inside.len())].trim());
        rest = end.map_or("", |end| {
            inside[end + CLOSE.len()..].trim_start_matches('\n')
        });
    }
    answer.push_str(rest);
    Some((answer, reasoning))
}

/// Where a block ends that was opened before the text began.
fn unopened(text: &str) -> Option<usize> {
    let end = text.find(CLOSE)?;
    let rest = &text[end + CLOSE.len()..];
    let first = text.find(OPEN).is_none_or(|start| end < start);
    (first && (rest.is_empty() || rest.starts_with(['\n', '\r']))).then_some(end)
}

fn opening(text: &str) -> Option<usize> {
    text.match_indices(OPEN)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with(['`', '"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(text: &str, answer: &str, reasoning: &str) {
        let (a, r) = split(text).unwrap_or_else(|| (text.to_owned(), String::new()));
        assert_eq!((a.as_str(), r.as_str()), (answer, reasoning));
    }

    #[test]
    fn blocks_go_apart() {
        check("plain", "plain", "");
        check("<think>a</think>b", "b", "a");
        check("<think>\na\n</think>\n\nb", "b", "a");
        check("\n<think></think>\n\nb", "b", "");
        check("x<think>a</think>y<think>b</think>z", "xyz", "a\nb");
    }

    #[test]
    fn a_block_opened_by_the_template_has_only_an_end() {
        check("a\n</think>\n\nb", "b", "a");
        check("a</think>", "", "a");
        check("a\n</think>\n\nb<think>c</think>d", "bd", "a\nc");
    }

    #[test]
    fn a_block_cut_off_is_all_reasoning() {
        check("<think>only", "", "only");
        check("text <think>only", "text <think>only", "");
    }

    #[test]
    fn mentions_stay() {
        check(
            "use `<think>` and `</think>`",
            "use `<think>` and `</think>`",
            "",
        );
        check("the </think> tag", "the </think> tag", "");
    }
}
