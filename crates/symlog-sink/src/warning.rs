use std::path::PathBuf;

/// Something a writer should tell its operator and goes on in spite of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Others may list, and perhaps replace, what is in the log's directory.
    #[error(
        "directory {} is open to other users (mode {mode:03o}); run `chmod 700` on it or keep the log in one of its own",
        path.display()
    )]
    WideDirectory {
        /// The directory that holds the log.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file existed with wider permissions and was set to 0600. Whoever
    /// could read it until now may have a copy.
    #[error("{} was open to other users (mode {mode:03o}) and has been set to 600", path.display())]
    Tightened {
        /// The log or its lock file.
        path: PathBuf,
        /// The permission bits it had.
        mode: u32,
    },
}
