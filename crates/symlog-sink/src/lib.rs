//! Append-only byte storage: file and memory backends, and the suite that every backend must pass.
