//! Where the keys of a log come from, and the keyring that holds its key hierarchy.
