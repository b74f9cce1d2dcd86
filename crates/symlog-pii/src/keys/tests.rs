//! Which keys are sensitive, and which are not.

use super::*;

#[test]
fn sensitive_keys_match_by_word() {
    for key in [
        "password",
        "token",
        "key",
        "secret",
        "credential",
        "api_key",
        "auth",
        "authorization",
        "ssn",
        "social_security",
        "credit_card",
        "card_number",
        "cvv",
        "pin",
        "apiKey",
        "X-Api-Key",
        "access_token",
        "APIKey",
        "API_KEY",
        "openaiApiKey",
        "client-secret",
        "clientSecret",
        "db_password",
        "DB_PASSWORD_2",
        "contraseña",
        "Proxy-Authorization",
        "Set-Cookie",
        "creditCardNumber",
        "cardNumber",
        "cc_number",
        "socialSecurityNumber",
        "social security number",
        "private_key",
        "privateKey",
        "pin_code",
        "refreshToken",
        "token_value",
        "aws_secret_access_key",
        "user.credentials.password",
        "headers[0].x-api-key",
        "config['api_key']",
        "password_db_prod",
        "secretKey",
        "userpassword",
        "apikey",
        "api_keys",
        "passphrase",
        "pwd",
        "jwt",
        "id_token",
        "security_code",
        "HTTPAuth",
    ] {
        assert!(is_sensitive(key), "{key}");
        let segment = last_segment(key).as_bytes();
        assert!(may_end_sensitive(segment), "{key}");
        assert!(may_end_key(segment, segment.len()), "{key}");
    }
}

#[test]
fn innocent_keys_do_not() {
    for key in [
        "max_tokens",
        "input_tokens",
        "promptTokenCount",
        "token_count",
        "prompt_per_token_ms",
        "tokenType",
        "monkey",
        "keyboard",
        "author",
        "pineapple",
        "total_tokens",
        "tokens",
        "token_type",
        "tokenizer",
        "keys",
        "keyword",
        "authority",
        "authors",
        "public_key",
        "primary_key",
        "encryption_key_name",
        "encryption_key_env",
        "password_length",
        "passwordPolicy",
        "secret_name",
        "pinned",
        "spinner",
        "credential_type",
        "auth_type",
        "auth_url",
        "secretary",
        "compass",
        "passenger",
        "hotkey",
        "turkey",
        "",
        "_",
        "key_id",
        "num_tokens_per_key_count",
        "completion_tokens_details",
        "reset_password_url",
        "cookie_policy",
    ] {
        assert!(!is_sensitive(key), "{key}");
    }
}

#[test]
fn logprobs_are_recognised() {
    for key in [
        "logprobs",
        "top_logprobs",
        "logprobsResult",
        "logProbability",
        "token_logprobs",
    ] {
        assert!(is_logprobs(key), "{key}");
    }
    assert!(!is_logprobs("log_level"));
    assert!(!is_logprobs("token"));
}

#[test]
fn paths_give_their_last_segment() {
    assert_eq!(last_segment("a.b[0].c"), "c");
    assert_eq!(last_segment("a.b[0]"), "b");
    assert_eq!(last_segment("a[\"x-y\"]"), "x-y");
    assert_eq!(last_segment("/a/b/c"), "c");
    assert_eq!(last_segment(""), "");
    assert_eq!(last_segment("[][][]"), "");
}
