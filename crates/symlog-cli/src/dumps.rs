//! No core dumps: they hold what memory holds, and that is keys.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps the system from writing this process's memory to a file when it dies, and other processes of this user
/// from reading it.
pub(crate) fn forbid() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let mut forbidden = setrlimit(Resource::Core, none);
    // A core that is piped to a program has no limit.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        forbidden = set_dumpable_behavior(DumpableBehavior::NotDumpable).and(forbidden);
    }
    if let Err(error) = forbidden {
        tracing::warn!(%error, "core dumps could not be forbidden; one would hold keys");
    }
}
