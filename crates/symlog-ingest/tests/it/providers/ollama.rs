use super::{Expect, check};

#[test]
fn models_get() {
    check(
        "ollama",
        "ollama/models/list_models_smoke#0",
        &Expect {
            operation: "models",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "ollama",
        "ollama/raw_stream_capture_matrix/stream_raw_exposes_terminal_durations#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            content: "Hmm, the user wants me to reply with exactly the single word \"pong\". That's very specific. \n\nOkay, let me think about why they'd ask for this. Maybe they're testing if I can follow precise instructions? Or perhaps it's a simple way to check if the system is working. \n\nI recall",
            tokens: Some((18, 64, 82)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "ollama",
        "ollama/tools/optional_argument#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            content: "Okay, let's see. The user wants me to use the repeat_text tool to repeat the word \"banana\" three times and then show the exact result.\n\nFirst, I need to check the function definition. The repeat_text function takes a text and an optional times parameter which defaults to 2. So here, the text is \"banana\" and times should be 3.\n\nWait, the user said \"3 times\", so I need to set times to 3. The function's times is an integer or null. Since they want exactly 3, I'll specify times as 3.\n\nSo the tool call should be repeat_text with text \"banana\" and times 3.\n\nI need to make sure the JSON is correctly formatted. The arguments should be a JSON object with \"text\" and \"times\".\n\nLet me structure the tool_call. The function name is repeat_text, arguments: {\"text\": \"banana\", \"times\": 3}.\n\nWait, the user said \"show me the exact result\". But the instruction says to use the tool to repeat the text. The tool will handle the repetition, so after calling the tool, the result should be \"bananabananabanana\".\n\nBut the user wants me to show the exact result. However, the problem states that I should use the repeat_text tool to do the repetition. So the assistant's job here is to generate the tool call. Wait, no, the user says \"Use the repeat_text tool to repeat the word... then show me the exact result.\"\n\nWait, the instructions say: For each function call, return a json object with function name and arguments within tool_call XML tags.\n\nBut the user is asking to first use the tool, then show the result. However, the problem says that I should call the tool and then presumably the system will handle the response. But according to the problem setup, the assistant is supposed to generate the tool call. Wait, the user is asking the assistant to do the following: use the tool to repeat the text 3 times, then show the exact result.\n\nBut the tools provided only allow the assistant to call the tool. The actual result would come from the tool's response. However, the problem states: \"You may call one or more functions to assist with the user query.\" So the assistant should generate the tool call, and then perhaps the system would return the result. But in this case, the user wants the exact result, so maybe after the tool call, the assistant would output the result.\n\nWait, the problem says: \"For each function call, return a... tool_call XML tags\". So the user is asking the assistant to do the tool call and then show the result. But according to the instructions, the assistant should only output the tool calls. Wait, no. Wait, the problem says: \"Use the repeat_text tool to repeat the word \"banana\" 3 times, then show me the exact result.\"\n\nBut the instructions for the assistant say: \"You may call one or more functions to assist with the user query.\" So the assistant should generate the tool call. Then, the system would process the tool call and return the result, which the assistant can then present to the user.\n\nBut in this specific problem, the assistant's response should be the tool_call XML. Wait, the problem says: \"For each function call, return a json object with function name and arguments within tool_call XML tags\".\n\nWait, the user says \"Use the repeat_text tool... then show me the exact result.\" But the assistant's role here is to first generate the tool call. The exact result would come after the tool is executed. However, the problem might expect the assistant to output the tool call, and then in the next step (if this were a real system) the tool would return the result. But according to the problem statement, the user wants the assistant to show the exact result. Hmm.\n\nWait, the problem says: \"You are provided with function signatures... For each function call, return a json object with function name and arguments within tool_call XML tags\".\n\nSo the assistant's response here should be the tool_call for the repeat_text function with the specified parameters.\n\nSo the correct tool call is:\n\n{\n  \"name\": \"repeat_text\",\n  \"arguments\": {\n    \"text\": \"banana\",\n    \"times\": 3\n  }\n}\n\nThen, after the tool call, the system would presumably return \"bananabananabanana\", and the assistant would output that as the final answer. But according to the problem instructions here, the user is asking the assistant to do the tool call and then show the result. However, the problem states that the assistant should only output the tool_call for the function calls. Wait, no, looking back at the problem statement:\n\nThe user says: \"Use the repeat_text tool to repeat the word \"banana\" 3 times, then show me the exact result.\"\n\nBut the assistant's task is to use the tools provided. The instructions say: \"For each function call, return a json object with function name and arguments within tool_call XML tags\".\n\nSo the assistant should output the tool_call for the repeat_text function with text \"banana\" and times 3.\n\nThen, after the tool call is processed (which the system would handle), the assistant would output the result. But in this problem, since it's a simulation, maybe the assistant is supposed to output the tool call and then the result? Wait, the problem says: \"Use the repeat_text tool... then show me the exact result.\"\n\nBut the problem's instructions for the assistant are to return the tool_call XML for the function calls. So the answer here is to generate the tool_call.\n\nWait, the problem says: \"You may call one or more functions to assist with the user query.\" So the assistant should generate the tool call.\n\nTherefore, the correct response is a tool_call with the function name \"repeat_text\" and arguments {\"text\": \"banana\", \"times\": 3}.\n\nSo I need to format that as a JSON inside tool_call tags.\n\nLet me check the tool definition again. The tool's function is repeat_text, which takes text (string) and times (optional integer, default 2).\n\nSo yes, the tool call is correct.\n\nSo the answer is:\n\n",
            tools: &[
                ("repeat_text", r#"{"text":"banana","times":3}"#),
                ("repeat_text", r#"{"text":"banana","times":3}"#),
            ],
            tokens: Some((203, 1332, 1535)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "ollama",
        "ollama/agent/max_tokens#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            content: "Hmm, the user wants a concise explanation of Rust and why memory safety matters. They specifically asked for one or two sentences",
            tokens: Some((42, 24, 66)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "ollama",
        "ollama/reasoning_tool_roundtrip/nonstreaming#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            content: "The current weather in Tokyo is sunny with light clouds (72°F / 22°C). Since it's sunny but not raining, you should pack sunscreen but **no umbrella** is needed.",
            reasoning: "Okay, let me process this. The user asked about the current weather in Tokyo to decide if they need an umbrella or sunscreen.\n\nFirst, the tool response says it's 72F (22C), sunny with light clouds, humidity 45%, wind 8 mph NW. So the conditions are sunny but with some clouds.\n\nFor sunscreen: Since it's sunny, they should pack sunscreen. The light clouds might mean some sun, but it's not heavy rain. Umbrella is for rain, but the weather here is sunny with light clouds, so probably no rain. So no umbrella needed.\n\nWait, the user wants to know if they should pack an umbrella or sunscreen. The answer would be: Since it's sunny, sunscreen is needed. No rain mentioned, so no umbrella. The light clouds don't indicate rain, so umbrella isn't necessary.\n\nSo the concise summary: The current weather in Tokyo is sunny with light clouds. You should pack sunscreen but no need for an umbrella.\n",
            tokens: Some((810, 245, 1055)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_think_tag() {
    check(
        "ollama",
        "ollama/agent/completion_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            content: "Rust is a systems programming language that guarantees memory safety and concurrency without a garbage collector, using ownership and borrowing. Memory safety matters because it prevents critical bugs like buffer overflows and data races that cause crashes and security vulnerabilities.",
            reasoning: "We are to explain Rust in one or two sentences and why memory safety matters.\n Rust is a systems programming language focused on safety, speed, and concurrency. It ensures memory safety without a garbage collector by using ownership and borrowing concepts.\n Memory safety matters because it prevents common bugs like null pointer dereferences, buffer overflows, and data races that lead to crashes and security vulnerabilities.\n\n Let's write concisely:\n\n \"Rust is a systems programming language that guarantees memory safety and concurrency without a garbage collector, using ownership and borrowing. Memory safety matters because it prevents critical bugs such as buffer overflows and data races that cause crashes and security vulnerabilities.\"",
            tokens: Some((42, 177, 219)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning() {
    check(
        "ollama",
        "ollama/reasoning_tool_roundtrip/nonstreaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "qwen3:4b",
            reasoning: "Okay, the user is asking about the current weather in Tokyo, Japan to plan their trip. They want to know if they should pack an umbrella or sunscreen. First, I need to use the get_weather tool. The tool requires the city name, so I'll call it with \"Tokyo, Japan\" as the city parameter.\n\nWait, the function's city parameter is a string. The example in the tool says the city name, so maybe just \"Tokyo\" is enough, but the user specified Japan. Hmm, but the tool might handle it. Let me check the tool's description: it says \"City name to get weather for\". So probably \"Tokyo\" is sufficient, but the user mentioned \"Tokyo, Japan\", so maybe the tool expects the full name. But I think the get_weather function here is designed to take the city name, and Tokyo is a city in Japan, so the tool might accept \"Tok as the city. Wait, no, the user wrote \"Tokyo, Japan\", so to be precise, maybe the city parameter should be \"Tokyo, Japan\". But the tool's example might expect just \"Tokyo\". Let me think. The function's city is a string, so I'll go with \"Tokyo\" since that's the standard city name. But the user specified Japan, so maybe the tool requires the country? Wait, the tool's description says \"city name\", so probably just \"Tokyo\" is enough. Let me call the tool with city: \"Tokyo\".\n\nWait, the user says \"Tokyo, Japan\", so maybe the tool expects the full name. But in many APIs, cities are unique, so Tokyo is a city in Japan, so the tool might handle it. Let me proceed with \"Tokyo\" as the city parameter. So the tool call is get_weather with city \"Tokyo\".\n\nAfter getting the weather data, I need to check the conditions. For example, if it's raining, then umbrella; if sunny, sunscreen. But since I have to call the tool first, I'll generate the tool call now.\n\nSo the tool call JSON should be {\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\"}}.\n\nWait, the user mentioned \"Tokyo, Japan\", but the tool might not need the country. Let me check the function definition: the city parameter is a string. So I'll use \"Tokyo\" as the city. The tool should handle it. Alright, proceed with that.\n",
            tools: &[("get_weather", r#"{"city":"Tokyo"}"#)],
            tokens: Some((234, 535, 769)),
            ..Expect::default()
        },
    );
}
