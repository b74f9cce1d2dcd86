#[cfg(feature = "aws-lc-rs")]
pub(crate) mod aws_lc;
pub(crate) mod ring;
