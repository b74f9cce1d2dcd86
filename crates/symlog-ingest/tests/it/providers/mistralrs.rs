use super::{Expect, check};

#[test]
fn whole_chat_empty_and_reasoning() {
    check(
        "mistralrs",
        "mistralrs/chat_completions/raw_chat_completion_surfaces_reasoning_or_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3-4B",
            reasoning: "\nOkay, the user is asking why token usage should be reported, and they want a brief, concise answer in one sentence. Let me break this down.\n\nFirst, token usage refers to the number of tokens (like words or characters) a model uses during processing. Reporting this is important for several reasons. One key reason is cost management. Many services charge based on token usage, so tracking it helps in budgeting. Also, it's crucial for optimizing performance. If you know how many tokens you're using, you can adjust your prompts or models to be more efficient, reducing costs and improving response times. \n\nAnother angle is transparency. Reporting token usage can help in understanding how resources are being utilized, which is important for scalability and planning. Maybe the user is a developer or a business professional looking to manage costs. They might not want to overspend, so tracking token usage is essential. Also, they might need this data for performance analysis or to demonstrate efficiency to stakeholders. \n\nI should make sure the answer is concise but covers these points. The user wants a single sentence, so I need to combine these ideas without being too verbose. Maybe start with the main reason (cost management) and then mention optimization and resource efficiency. Let me check if that's accurate",
            tokens: Some((41, 256, 297)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "mistralrs",
        "mistralrs/usage/chat_completion_usage_without_output_tokens_details_deserializes#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3-4B",
            content: "\n\nUsage accounting is a method of tracking and billing based on actual resource consumption by users or services.",
            reasoning: "\n\n",
            tokens: Some((36, 24, 60)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning() {
    check(
        "mistralrs",
        "mistralrs/tools/raw_chat_completion_emits_requested_tool_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3-4B",
            content: "\n\n<tool_call>\n{\"name\": \"report_usage\", \"arguments\": {\"reason\": \"cost_tracking\"}}\n</tool_call>",
            reasoning: "\n\n",
            tools: &[("report_usage", r#"{"reason":"cost_tracking"}"#)],
            tokens: Some((159, 24, 183)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_text() {
    check(
        "mistralrs",
        "mistralrs/responses_api/responses_api_no_think_returns_text#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "Qwen/Qwen3-4B",
            content: "\n\nToken usage reporting tracks the number of tokens consumed by AI models during interactions to help optimize costs and resource allocation.",
            tokens: Some((37, 27, 64)),
            ..Expect::default()
        },
    );
}
