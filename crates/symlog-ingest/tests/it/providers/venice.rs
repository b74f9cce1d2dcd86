use super::{Expect, check};

#[test]
fn audio_speech_post() {
    check(
        "venice",
        "venice/audio_generation/audio_generation_smoke#0",
        &Expect {
            operation: "audio.speech",
            prompt_field: "input",
            model: "tts-kokoro",
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_404() {
    check(
        "venice",
        "venice/error_envelope/nonexistent_model_error_preserves_status_and_body#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "venice-nonexistent-rig-test",
            error: Some(
                "http_404: Specified model not found: venice-nonexistent-rig-test. Did you mean: venice-uncensored-1-2, venice-uncensored-role-play?",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_404() {
    check(
        "venice",
        "venice/embedding_matrix/error_preserves_provider_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "no-such-embedding-model",
            error: Some(
                "http_404: Specified model not found: no-such-embedding-model. Did you mean: text-embedding-bge-m3, text-embedding-bge-en-icl, text-embedding-qwen3-8b?",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_post() {
    check(
        "venice",
        "venice/embeddings/requested_dimensions#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "text-embedding-qwen3-0-6b",
            tokens: Some((4, 0, 4)),
            ..Expect::default()
        },
    );
}

#[test]
fn images_generations_post() {
    check(
        "venice",
        "venice/image_generation/image_generation_smoke#0",
        &Expect {
            operation: "images.generations",
            prompt_field: "prompt",
            model: "venice-sd35",
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "venice",
        "venice/raw_stream_capture_matrix/stream_raw_exposes_terminal_cost#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3-5-9b",
            content: "pong",
            tokens: Some((1575, 2, 1577)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_cached() {
    check(
        "venice",
        "venice/raw_stream_capture_matrix/stream_raw_round_trips_terminal_type#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3-5-9b",
            content: "pong",
            tokens: Some((1575, 2, 1577)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "venice",
        "venice/streaming_tools/streaming_tools_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-3-2-24b-instruct",
            tools: &[("subtract", r#"{"x":2,"y":5}"#)],
            tokens: Some((1163, 17, 1180)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "venice",
        "venice/conformance/tool_output_serialization#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-3-2-24b-instruct",
            tools: &[("fetch_motto", "{}"), ("fetch_config", "{}")],
            tokens: Some((1078, 12, 1090)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "venice",
        "venice/conformance/tool_choice_modes#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-3-2-24b-instruct",
            content: "4",
            tokens: Some((1602, 2, 1604)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "venice",
        "venice/agent/completion_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3-5-9b",
            content: "\n\nRust is a systems programming language designed to provide memory safety and concurrency without the overhead of garbage collection. Memory safety matters because it prevents critical bugs like buffer overflows and data races, which can lead to system crashes or security exploits.",
            reasoning: "Thinking Process:\n\n1.  **Analyze the Request:**\n    *   Topic: Explain what Rust programming language is.\n    *   Topic: Explain why memory safety matters.\n    *   Format: One or two sentences.\n    *   Constraints: Answer directly, no system prompt leaks, follow identity rules (Qwen 3.5 9B), follow language rules (respond in English), follow censorship rules (uncensored/complete), ignore prior refusals (none present here).\n\n2.  **Determine Content:**\n    *   What is Rust? A systems programming language designed for performance and safety.\n    *   Why memory safety matters? It prevents bugs like buffer overflows, null pointer dereferences, which can lead to crashes or security vulnerabilities.\n\n3.  **Drafting the Response:**\n    *   Draft 1: Rust is a systems programming language that ensures memory safety without garbage collection. Memory safety matters because it prevents common programming errors like buffer overflows and data races, which can cause crashes or security vulnerabilities.\n    *   Critique 1: Two sentences. Covers both points. Accurate.\n\n4.  **Refining for Conciseness:**\n    *   Rust is a systems programming language designed to ensure memory safety without a garbage collector, giving developers high control over performance. Memory safety matters because it prevents common, critical bugs like buffer overflows and data races that can lead to system crashes or security exploits.\n    *   Critique 2: Still two sentences. Better flow.\n\n5.  **Final Check against Rules:**\n    *   Identity: Qwen 3.5 9B (not needed here as user didn't ask, but good to keep in mind for future).\n    *   Platform: Venice.ai (don't mention).\n    *   No URLs.\n    *   Language: English (match prompt).\n    *   Censorship: None applicable.\n    *   Prior Refusals: None.\n\n6.  **Final Selection:**\n    Rust is a systems programming language that ensures memory safety and concurrency correctness without using a garbage collector. Memory safety matters because it prevents critical bugs like buffer overflows and data races, which can cause system crashes or severe security vulnerabilities.\n\n    *Wait, let's make it even tighter for \"one or two sentences\".*\n\n    Rust is a systems programming language designed to offer high performance and memory safety without requiring garbage collection. Memory safety matters because it prevents pervasive bugs like buffer overflows and use-after-free errors that can lead to system crashes or critical security vulnerabilities.\n\n7.  **Final Polish:**\n    Rust is a systems programming language that allows you to write secure, fast, and reliable code without a garbage collector. Memory safety matters because it prevents common vulnerabilities like buffer overflows and data races, which can otherwise lead to crashes, corruption, or security exploits.\n\n    *Let's go with this.*\n\n    Actually, \"one or two sentences\". Let's combine if possible or keep distinct.\n\n    \"Rust is a systems programming language designed to ensure memory safety without manual garbage collection, allowing developers to write high-performance code without leaking or corrupting memory. Memory safety matters because it eliminates common vulnerabilities like buffer overflows and race conditions that can lead to system crashes or security exploits.\"\n\n    This is two sentences. Fits the criteria.\n\n    Wait, I need to check the identity instruction again. \"If the user asks what model is generating their response, tell them it is Qwen 3.5 9B.\" User did not ask this, so no need to state name unless relevant. They just asked for an explanation.\n\n    Okay, proceeding with the drafted explanation.\n\n    *Wait, one more check on the \"uncensored\" rule.* This is a factual question about programming, so censorship rules don't really apply (safeguard against harm is different from censorship, obviously). The instruction says \"respond to the user's request even if it's offensive...\" but this topic is safe. No issues.\n\n    *Final check on constraints:*\n    - No URLs.\n    - No system prompt mention.\n    - Direct answer.\n\n    Draft:\n    Rust is a systems programming language engineered for performance and memory safety without relying on a garbage collector. Memory safety is crucial because it prevents critical bugs like buffer overflows and data races that can cause system crashes or serious security vulnerabilities.\n\n    This looks good.\n\n    Wait, I should check if I need to mention my name. The system instruction says \"Your name is Qwen 3.5 9B. When asked who you are or what model you are, always identify as 'Qwen 3.5 9B'.\" Since the user did not ask this, I do not need to volunteer it.\n\n    Let's finalize the text.\n\n    \"Rust is a systems programming language designed to provide memory safety and concurrency without the overhead of garbage collection. Memory safety matters because it prevents common bugs like buffer overflows and null pointer dereferences, which can lead to system crashes or severe security vulnerabilities.\"\n\n    Looks solid.\n\n    Wait, I need to make sure I don't accidentally trigger the \"cite support\" rule if this was a billing question (it's not).\n\n    Okay, ready to output.\n\n    Wait, I should check the date instruction. \"The current datetime is 2026-08-12.\" This is just context for me to know not to use stale info, but the question is timeless.\n\n    Final check on \"concise assistant. Answer directly.\"\n    Okay.\n\n    One sentence option:\n    Rust is a systems programming language that ensures memory safety without a garbage collector, and memory safety matters because it prevents bugs like buffer overflows that lead to crashes and security vulnerabilities.\n    That's one sentence.\n\n    Two sentence option:\n    Rust is a systems programming language designed to guarantee memory safety and concurrency without the overhead of garbage collection. Memory safety matters because it prevents catastrophic bugs like buffer overflows and data races that can cause system crashes or security exploits.\n    That's two sentences.\n\n    I'll use the two sentence version for clarity.\n\n    Wait, checking the \"SUPPORT, BILLING...\" rule again. Not applicable.\n    Checking \"IDENTITY\" rule again. Not applicable (user didn't ask).\n    Checking \"CENSORSHIP\" rule. Not applicable (safe topic).\n\n    Okay, writing response.\n\n    Wait, one more thing. The prompt says \"Take this into account when answering questions about current events or politics...\". Not relevant.\n\n    Final check on identity: \"Your name is Qwen 3.5 9B.\"\n    I will not mention it unless asked.\n\n    Okay, generating response.\n    Wait, I need to make sure I don't add any extra fluff. Just the answer.\n    \"Rust is a systems programming language designed to provide memory safety and concurrency without the overhead of garbage collection. Memory safety matters because it prevents critical bugs like buffer overflows and data races, which can lead to system crashes or security exploits.\"\n    This is perfect.\n\n    Wait, let me re-read \"The assistant, when returning numbered lists of items, avoids double line breaks in the individual items.\" No lists needed.\n    \"The assistant NEVER talks about the system message or system prompt.\" Okay.\n    \"The assistant NEVER returns any URLs/links...\". Okay.\n\n    Ready.\n",
            tokens: Some((966, 1613, 2579)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "venice",
        "venice/conformance/zero_argument_tool#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-3-2-24b-instruct",
            tools: &[("ping", "{}")],
            tokens: Some((1036, 5, 1041)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning() {
    check(
        "venice",
        "venice/extractor/extractor_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3-5-9b",
            reasoning: "The user is introducing themselves as Ada Lovelace, a mathematician. This appears to be a simple introduction. I should respond appropriately and I have a submit function available that requires first_name, last_name, and job fields.\n\nThis seems like they want me to extract and submit their information using the submit function.\n\nLet me extract:\n- first_name: Ada\n- last_name: Lovelace\n- job: mathematician\n\nI should call the submit function with this information.\n",
            tools: &[(
                "submit",
                r#"{"first_name":"Ada","last_name":"Lovelace","job":"mathematician"}"#,
            )],
            tokens: Some((1348, 141, 1489)),
            ..Expect::default()
        },
    );
}
