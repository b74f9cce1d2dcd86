use symlog_keys::{KeyProvider, VaultAuth};

use super::*;
use symlog_pii::PiiType;

const VAULT: &str = r#"
# symbiont.toml
[security.secrets]
type = "vault"
url = "https://vault.example.com"
namespace = "symbiont"
mount_path = "secret"
[security.secrets.auth]
method = "token"
token = "${VAULT_TOKEN}"
[logging]
enabled = true
encryption_key_name = "symbiont/logging/encryption_key"
log_file_path = "logs/model_io.encrypted.log"
enable_pii_masking = true
"#;

const FILE: &str = r#"
# symbiont.toml
[security.secrets]
type = "file"
path = "/etc/symbiont/secrets.json"
[security.secrets.encryption]
enabled = true
algorithm = "AES-256-GCM"
[security.secrets.encryption.key]
provider = "os_keychain"
service = "symbiont"
account = "secrets"
[logging]
enabled = true
encryption_key_name = "symbiont/logging/encryption_key"
log_file_path = "logs/model_io.encrypted.log"
enable_pii_masking = true
"#;

const EVERY_KEY: &str = r#"
[logging]
enabled = false
log_file_path = "a.log"
encryption_key_name = "n"
encryption_key_env = "V"
max_entry_size = 1
retention_days = 2
enable_pii_masking = false
batch_size = 0x10
durability = "entry"
overflow = "drop"
queue_bytes = 1_000
failure = "closed"
oversize = "reject"
metadata = "sealed"
format = "symbiont"
[masking]
profile = "hipaa"
rules = ["a.toml", "b.toml"]
allow = ["support@example.com"]
deny = ["Project ${CODE}"]
[masking.operators]
EMAIL = "pseudonym"
us-ssn = "remove"
[security.secrets]
type = "file"
path = "s.json"
strict = true
[[retention]]
class = "short"
match = { agent = "a", model = "m", type = "ToolCall", tenant = "t" }
days = 7
[[retention]]
class = "long"
match = { tenant = "bank" }
days = 3650
[archive]
seal_bytes = 1000
seal_hours = 6
memory_limit = 2000
priority = "normal"
background = false
[[sink]]
kind = "nats"
url = "nats://${HOST}:4222"
tags = ["${HOST}"]
"#;

fn variables(name: &str) -> Option<OsString> {
    match name {
        "VAULT_TOKEN" => Some("s.hunter2".into()),
        "CODE" => Some("X".into()),
        "HOST" => Some("localhost".into()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml_with(text, "symlog.toml", variables)
}

#[track_caller]
fn check_error(text: &str, expect: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expect);
}

#[track_caller]
fn check_default(text: &str) {
    assert_eq!(
        format!("{:?}", parse(text).unwrap()),
        format!("{:?}", Config::default())
    );
}

#[test]
fn the_vault_example_is_read() {
    let config = parse(VAULT).unwrap();
    assert_eq!(config.logging, LoggingConfig::default());
    assert_eq!(config.settings, Settings::default());
    assert!(!config.strict);
    let Some(SecretsConfig::Vault(vault)) = &config.secrets else {
        panic!("{config:?}");
    };
    assert_eq!(
        (vault.url.as_str(), vault.mount_path.as_str()),
        ("https://vault.example.com", "secret")
    );
    assert_eq!(vault.namespace.as_deref(), Some("symbiont"));
    assert!(
        matches!(&vault.auth, VaultAuth::Token { token } if token.expose().expose() == b"s.hunter2")
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_file_example_is_read() {
    let config = parse(FILE).unwrap();
    assert_eq!(config.logging, LoggingConfig::default());
    let Some(SecretsConfig::File(file)) = config.secrets else {
        panic!("{config:?}");
    };
    assert_eq!(file.path, Path::new("/etc/symbiont/secrets.json"));
    let encryption = file.encryption.unwrap();
    assert!(encryption.enabled);
    assert_eq!(
        encryption.key.provider(),
        Ok(KeyProvider::Keychain {
            service: "symbiont".into(),
            account: "secrets".into()
        })
    );
}

#[test]
fn nothing_gives_the_defaults() {
    check_default("");
    check_default("[logging]\n[masking]\n[archive]\n[security]");
}

#[test]
fn every_key_is_read() {
    let config = parse(EVERY_KEY).unwrap();
    assert_eq!(
        config.logging,
        LoggingConfig {
            enabled: false,
            log_file_path: "a.log".into(),
            encryption_key_name: "n".into(),
            encryption_key_env: Some("V".into()),
            max_entry_size: 1,
            retention_days: 2,
            enable_pii_masking: false,
            batch_size: 16,
        }
    );
    assert_eq!(
        config.settings,
        Settings {
            durability: Durability::Entry,
            overflow: Overflow::Drop,
            queue_bytes: 1000,
            failure: FailureMode::Closed,
            oversize: Oversize::Reject,
            metadata: MetadataMode::Sealed,
            format: LogFormat::Symbiont,
        }
    );
    assert_eq!(
        config.masking,
        MaskingConfig {
            profile: "hipaa".into(),
            rules: vec!["a.toml".into(), "b.toml".into()],
            allow: vec!["support@example.com".into()],
            deny: vec!["Project X".into()],
            operators: [("EMAIL", "pseudonym"), ("us-ssn", "remove")]
                .map(|(key, operator)| (key.to_owned(), operator.to_owned()))
                .into(),
            ..MaskingConfig::default()
        }
    );
    assert!(config.strict);
    assert_eq!(config.retention.len(), 2);
    assert_eq!(
        config.retention[0],
        RetentionClass {
            class: "short".into(),
            selector: RetentionSelector {
                agent: Some("a".into()),
                model: Some("m".into()),
                kind: Some("ToolCall".into()),
                tenant: Some("t".into()),
            },
            days: 7,
        }
    );
    assert_eq!(
        config.archive,
        ArchiveConfig {
            seal_bytes: 1000,
            seal_hours: 6,
            memory_limit: 2000,
            priority: ArchivePriority::Normal,
            background: false
        }
    );
    assert_eq!(config.sinks[0].kind, SinkKind::Nats);
    assert_eq!(
        config.sinks[0].options["url"].as_str(),
        Some("nats://localhost:4222")
    );
    assert_eq!(
        config.sinks[0].options["tags"][0].as_str(),
        Some("localhost")
    );
    assert!(!format!("{config:?}").contains("localhost"));
}

#[test]
fn the_literal_survives_serde() {
    let config: LoggingConfig = toml::from_str("retention_days = 3").unwrap();
    assert_eq!(
        config,
        LoggingConfig {
            retention_days: 3,
            ..LoggingConfig::default()
        }
    );
    let text = toml::to_string(&config).unwrap();
    assert_eq!(toml::from_str::<LoggingConfig>(&text).unwrap(), config);
}

#[test]
fn no_variable_for_the_key_is_the_empty_string() {
    let config = parse("[logging]\nencryption_key_env = \"\"").unwrap();
    assert_eq!(config.logging.encryption_key_env, None);
}

#[test]
fn other_sections_belong_to_the_runtime() {
    let text = "name = \"${NOT_SET}\"\n[runtime]\nlogging = 3\n[security.sandbox]\ntier = \"${NOT_SET}\"\n[logger]\nx = 1";
    check_default(text);
}

#[test]
fn unknown_keys_name_the_nearest() {
    check_error(
        "[logging]\nenabled = true\nretention-day = 3",
        "symlog.toml:3: logging.retention-day: unknown key; did you mean `retention_days`?",
    );
    check_error(
        "[masking]\nprofil = \"x\"",
        "symlog.toml:2: masking.profil: unknown key; did you mean `profile`?",
    );
    check_error(
        "[[retention]]\nclass = \"a\"\ndays = 1\nmatch = { agnet = \"a\" }",
        "symlog.toml:4: retention.match.agnet: unknown key; did you mean `agent`?",
    );
    check_error(
        "[masking.operators]\nEMIAL = \"remove\"\nmy-rule = \"remove\"",
        "symlog.toml:2: masking.operators.EMIAL: unknown key; did you mean `EMAIL`?",
    );
    check_error(
        "[archive]\nzzz = 1",
        "symlog.toml:2: archive.zzz: unknown key; the keys here are seal_bytes, seal_hours, memory_limit, priority, background",
    );
}

#[test]
fn secret_stores_are_checked_like_everything_else() {
    check_error(
        "[security.secrets]\ntype = \"vault\"\nurl = \"u\"\n[security.secrets.auth]\nmethod = \"token\"\ntokn = \"x\"",
        "symlog.toml:6: security.secrets.auth.tokn: unknown key; did you mean `token`?",
    );
    check_error(
        "[security.secrets]\ntype = \"file\"",
        "symlog.toml:1: security.secrets: `path` is missing; add it to this section",
    );
    check_error(
        "[security.secrets]\ntype = \"redis\"",
        "symlog.toml:1: security.secrets: unknown word; the words are vault, file",
    );
}

#[test]
fn all_problems_are_reported_in_order() {
    check_error(
        "[masking]\ndeny = [1]\n[logging]\nenabled = \"yes\"\nbatch_size = -1\nretention_days = 4294967296\n\
         durability = \"bach\"\nlog_file_path = \"\"\nqueue_bytes = 1.5",
        "symlog.toml:2: masking.deny: expected an array of strings, found a whole number\n\
         symlog.toml:4: logging.enabled: expected true or false, found a string\n\
         symlog.toml:5: logging.batch_size: expected a whole number from 0 to 18446744073709551615\n\
         symlog.toml:6: logging.retention_days: expected a whole number from 0 to 4294967295\n\
         symlog.toml:7: logging.durability: unknown word; did you mean \"batch\"? the words are buffered, batch, entry\n\
         symlog.toml:8: logging.log_file_path: must not be empty; leave the key out to get the default\n\
         symlog.toml:9: logging.queue_bytes: expected a whole number, found a fraction",
    );
    check_error(
        "logging = 1\nsink = {}\n[[retention]]",
        "symlog.toml:1: logging: expected a table, found a whole number\n\
         symlog.toml:2: sink: expected an array of tables, each under a heading in double brackets, found a table\n\
         symlog.toml:3: retention.class: is missing; write class = \"the name of the class\"\n\
         symlog.toml:3: retention.match: is missing; write match = { agent = \"…\" } or model, type, tenant\n\
         symlog.toml:3: retention.days: is missing; write days = the number of days to keep these entries",
    );
}

#[test]
fn a_missing_variable_names_key_and_line() {
    check_error(
        "[security.secrets]\ntype = \"vault\"\nurl = \"u\"\n[security.secrets.auth]\nmethod = \"token\"\ntoken = \"${NOT_SET}\"",
        "symlog.toml:6: security.secrets.auth.token: the environment variable NOT_SET is not set; \
         set it, or write $${NOT_SET} for the literal text",
    );
    check_error(
        "[[sink]]\nkind = \"kafka\"\nbrokers = [\n  \"a\",\n  \"${NOT_SET}\",\n]",
        "symlog.toml:5: sink.brokers: the environment variable NOT_SET is not set; \
         set it, or write $${NOT_SET} for the literal text",
    );
}

#[test]
fn no_error_quotes_a_value() {
    for text in [
        "[security.secrets]\ntoken = \"hunter2",
        "[security.secrets]\ntoken = hunter2",
        "[security.secrets]\nstrict = \"hunter2\"",
        "[security.secrets]\ntype = \"hunter2\"",
        "[security.secrets]\ntype = \"file\"\npath = \"p\"\nstrict = \"hunter2, expected\"",
        "[security.secrets]\ntype = \"vault\"\nurl = \"u\"\nauth = \"hunter2, x\"",
        "[security.secrets]\ntype = \"vault\"\nurl = \"u\"\nauth = { method = \"hunter2, x\" }",
        "[security.secrets.auth]\ntoken = \"${hunter2.x}\"",
        "[security.secrets.auth]\ntoken = \"${hunter2\"",
        "[logging]\nformat = \"hunter2\"",
        "[logging]\nenabled = \"hunter2\"",
        "security = \"hunter2\"",
    ] {
        let error = parse(text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn syntax_errors_name_line_and_column() {
    let error = parse("[logging]\nenabled = = true")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("symlog.toml:2:11: this is not TOML: "),
        "{error}"
    );
}

#[test]
fn files_are_found_and_their_rule_files_beside_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.toml");
    std::fs::write(
        &path,
        "[masking]\nprofile = \"mine.toml\"\nrules = [\"r.toml\", \"/abs.toml\"]",
    )
    .unwrap();
    let config = Config::discover(Some(&path)).unwrap();
    assert_eq!(config.source.as_deref(), Some(path.as_path()));
    let beside = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(
        config.masking.rules,
        [beside("r.toml"), "/abs.toml".to_owned()]
    );
    assert_eq!(config.masking.profile, beside("mine.toml"));

    let missing = Config::discover(Some(&directory.path().join("none.toml"))).unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("none.toml; name a readable file with --config"),
        "{missing}"
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.toml");
    std::fs::write(&path, b"a = \"\xff\"").unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::Read { .. })));
    std::fs::write(&path, vec![b'\n'; 5 * 1024 * 1024]).unwrap();
    assert!(matches!(
        Config::load(&path),
        Err(ConfigError::TooLong { .. })
    ));
    assert!(matches!(
        Config::load(directory.path()),
        Err(ConfigError::Read { .. })
    ));
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    // A packaged crate comes without the pages of the project.
    let Ok(page) = std::fs::read_to_string(page) else {
        return;
    };
    let mut examples = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    check_default(examples.next().unwrap());
    for example in examples {
        parse(example).unwrap();
    }
}

#[test]
fn fields_and_overrides_are_read() {
    let config = parse(
        r#"
[[masking.field]]
path = "$.request.parameters.user"
type = "PERSON"
operator = "pseudonym"
[[masking.field]]
path = "$..build"
skip = true
[[masking.override]]
match = { agent = "triage" }
profile = "hipaa"
[masking.override.operators]
DATE = "generalise"
"#,
    )
    .unwrap();
    let [user, build] = &config.masking.fields[..] else {
        panic!("{:?}", config.masking.fields)
    };
    assert_eq!(user.kind, Some(PiiType::Person));
    assert_eq!(user.operator.as_deref(), Some("pseudonym"));
    assert!(build.skip && build.path == "$..build");
    let [own] = &config.masking.overrides[..] else {
        panic!("{:?}", config.masking.overrides)
    };
    assert_eq!(own.selector.agent.as_deref(), Some("triage"));
    assert_eq!(own.profile.as_deref(), Some("hipaa"));
    assert_eq!(own.operators["DATE"], "generalise");
}

#[test]
fn a_field_says_one_thing() {
    for (text, expect) in [
        (
            "[[masking.field]]\nskip = true",
            "masking.field.path: is missing",
        ),
        (
            "[[masking.field]]\npath = \"$.a\"",
            "masking.field.skip: is missing",
        ),
        (
            "[[masking.field]]\npath = \"$.a\"\nskip = true\ntype = \"PERSON\"",
            "masking.field.skip",
        ),
        (
            "[[masking.field]]\npath = \"$.a\"\ntype = \"PERSN\"",
            "did you mean \"PERSON\"",
        ),
        (
            "[[masking.field]]\npath = \"$.a\"\nskipp = true",
            "did you mean `skip`",
        ),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }
}

#[test]
fn a_profile_file_is_read_and_checked() {
    let text = "base = \"default\"\ntypes = [\"LOCATION\"]\nwithout = [\"PHONE\"]\nmin_score = 0.7\nrules = [\"own.toml\"]\n[operators]\nEMAIL = \"label\"\n";
    let file = ProfileFile::from_toml(text, "/etc/symlog/clinic.toml").unwrap();
    assert_eq!(file.types, [PiiType::Location]);
    assert_eq!(file.without, [PiiType::Phone]);
    assert_eq!(file.min_score, Some(0.7));
    assert_eq!(file.rules, ["/etc/symlog/own.toml"]);
    assert_eq!(file.operators["EMAIL"], "label");
    let text = "bas = \"default\"\nmin_score = 7\ntypes = [\"LOCATON\"]\n";
    let error = ProfileFile::from_toml(text, "p.toml")
        .unwrap_err()
        .to_string();
    for expect in [
        "p.toml:1: bas: unknown key; did you mean `base`?",
        "p.toml:2: min_score: expected a number from 0 to 1",
        "p.toml:3: types: unknown word; did you mean \"LOCATION\"?",
    ] {
        assert!(error.contains(expect), "{error}");
    }
}
