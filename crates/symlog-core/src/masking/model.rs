//! The token classifier that `[masking] model` names.

use std::sync::Arc;

use symlog_pii::Detector;

use super::wrong;
use crate::config::MaskingConfig;
use crate::error::LoggingError;

/// The classifier, if one is configured.
#[cfg(feature = "onnx")]
pub(super) fn open(config: &MaskingConfig) -> Result<Option<Arc<dyn Detector>>, LoggingError> {
    let Some(model) = &config.model else {
        return Ok(None);
    };
    let Some(runtime) = &config.onnx_runtime else {
        return Err(wrong(
            "masking.model needs masking.onnx_runtime, the path of the library of ONNX Runtime"
                .to_owned(),
            None,
        ));
    };
    let detector = symlog_pii::OnnxDetector::open(runtime.as_ref(), model.as_ref());
    let detector = detector.map_err(|error| {
        let message = format!("masking.model: {error}");
        wrong(message, Some(Arc::new(error)))
    })?;
    Ok(Some(Arc::new(detector)))
}

/// The classifier, if one is configured: an error, since this build has none.
#[cfg(not(feature = "onnx"))]
pub(super) fn open(config: &MaskingConfig) -> Result<Option<Arc<dyn Detector>>, LoggingError> {
    match &config.model {
        None => Ok(None),
        Some(_) => Err(wrong(
            "masking.model is set, and this build runs no models; build it with `--features onnx`"
                .to_owned(),
            None,
        )),
    }
}
