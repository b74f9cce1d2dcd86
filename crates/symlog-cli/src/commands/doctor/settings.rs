//! The configuration itself.

use symlog_core::{Config, Durability, LogFormat};

use super::Check;
use crate::masking;

pub(super) fn check(config: &Config) -> Vec<Check> {
    let mut checks = vec![match &config.source {
        Some(path) => Check::ok("configuration", path.display().to_string()),
        None => Check::ok(
            "configuration",
            "none, so the defaults hold (`symlog init` writes one)",
        ),
    }];
    if !config.logging.enabled {
        checks.push(Check::warning(
            "logging",
            "Model logging is disabled",
            "set `enabled = true` in [logging]",
        ));
    }
    if config.settings.durability == Durability::Buffered {
        checks.push(Check::warning(
            "durability",
            "acknowledged entries survive a crash of the program, not of the machine",
            "set `durability = \"batch\"` in [logging] unless that is meant",
        ));
    }
    if config.settings.format == LogFormat::Symbiont {
        checks.push(Check::warning(
            "format",
            "files of the reference format are encrypted and nothing more: changes cannot be found",
            "set `format = \"symlog\"` in [logging] unless other readers need it",
        ));
    }
    checks.push(masking(config));
    checks
}

fn masking(config: &Config) -> Check {
    if !config.logging.enable_pii_masking {
        return Check::warning(
            "masking",
            "nothing is masked, secrets included",
            "set `enable_pii_masking = true` in [logging]",
        );
    }
    match masking::masker(config, None, &[]) {
        Ok(masker) => Check::ok("masking", format!("profile {}", masker.profile())),
        Err(error) => Check::broken("masking", format!("{error:#}"), "correct [masking]"),
    }
}
