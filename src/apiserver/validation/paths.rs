//! Paths of files as volumes and mounts name them.

use crate::apiserver::field::{Errors, Place};

/// Relative, and without steps back (`validateLocalDescendingPath`).
pub(super) fn local_descending(at: &impl Place, path: &str, errors: &mut Errors) {
    if path.starts_with('/') {
        errors.invalid(at, path, "must be a relative path");
    }
    no_backsteps(at, path, errors);
}

/// Without steps back (`validatePathNoBacksteps`).
pub(super) fn no_backsteps(at: &impl Place, path: &str, errors: &mut Errors) {
    if has_backstep(path) {
        errors.invalid(at, path, "must not contain '..'");
    }
}

/// Is a part of it `..`?
pub(super) fn has_backstep(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Relative, without steps back, and no name that volumes keep for themselves (`ValidateLocalNonReservedPath`).
pub(super) fn local_non_reserved(at: &impl Place, path: &str, errors: &mut Errors) {
    local_descending(at, path, errors);
    if path.starts_with("..") && !path.starts_with("../") {
        errors.invalid(at, path, "must not start with '..'");
    }
}
