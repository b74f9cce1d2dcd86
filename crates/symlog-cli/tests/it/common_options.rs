//! What all commands share.

use crate::symlog::Place;

#[test]
fn help_has_examples_on_every_command() {
    let place = Place::new();
    let help = place.run(&["--help"]);
    let commands: Vec<&str> = help
        .ok()
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Descriptions that are wrapped are indented further.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in commands {
        let help = place.run(&[command, "--help"]);
        assert!(
            help.ok().contains("Examples:\n  symlog") || help.out.contains("Examples:\n  echo"),
            "{command}: {help:#?}"
        );
        assert!(help.out.contains("--config"), "{command}");
    }
}

#[test]
fn no_command_and_unknown_options_exit_with_2() {
    let place = Place::new();
    place.run(&[]).fails(2, &["Usage: symlog"]);
    place.run(&["maks"]).fails(2, &["maks", "mask"]);
    place.run(&["mask", "--jsonI"]).fails(2, &["--json"]);
}

#[test]
fn configurations_are_found_in_their_order() {
    let place = Place::new();
    let masked = |place: &Place, arguments: &[&str]| {
        place
            .feed(&[&["mask"], arguments].concat(), "user@example.com")
            .ok()
            .to_owned()
    };
    let operator = |name: &str| format!("[masking.operators]\nEMAIL = \"{name}\"\n");
    assert_eq!(masked(&place, &[]), "***@***.***");
    place.write("symbiont.toml", operator("remove"));
    assert_eq!(masked(&place, &[]), "");
    place.write("symlog.toml", operator("label"));
    assert_eq!(masked(&place, &[]), "<EMAIL>");
    place.write("other.toml", "[masking]\nprofile = \"off\"");
    let place = place.with("SYMLOG_CONFIG", "other.toml");
    assert_eq!(masked(&place, &[]), "user@example.com");
    assert_eq!(masked(&place, &["--config", "symlog.toml"]), "<EMAIL>");
}

#[test]
fn wrong_configurations_say_where_and_what_is_right() {
    let place = Place::new();
    place.write(
        "symlog.toml",
        "[logging]\nretention_dayz = 3\n[security.secrets]\ntoken = \"${NOT_SET}\"\n",
    );
    place.feed(&["mask"], "").fails(
        2,
        &[
            "symlog.toml:2: logging.retention_dayz: unknown key; did you mean `retention_days`?",
            "symlog.toml:4: security.secrets.token: the environment variable NOT_SET is not set",
        ],
    );
    place
        .feed(&["--config", "none.toml", "mask"], "")
        .fails(2, &["none.toml", "--config", "No such file"]);
}

#[test]
fn completions_and_manual_pages_are_written() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            place.run(&["completions", shell]).ok().contains("scan"),
            "{shell}"
        );
    }
    assert!(place.run(&["man"]).ok().contains(".TH symlog"));
    assert!(place.run(&["man", "scan"]).ok().contains("offsets"));
    place.run(&["man", "--to", "pages"]).ok();
    assert!(place.path("pages/symlog-scan.1").exists());
    place
        .run(&["man", "nothing"])
        .fails(2, &["there is no command"]);
}
