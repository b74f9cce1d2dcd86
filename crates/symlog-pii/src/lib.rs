//! Finds and masks personal data, health data and secrets in text and JSON.
