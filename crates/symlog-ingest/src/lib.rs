//! Maps provider HTTP exchanges, agent runs and OTLP to model interactions.
