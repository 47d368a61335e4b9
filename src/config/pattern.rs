//! Patterns of target files: where they begin, and what their signs stand for.

use std::path::Path;

/// The pattern from the root of the file system on: a relative one begins at `base`, of which nothing
/// is a wildcard.
pub fn rooted(pattern: &str, base: &Path) -> String {
    if Path::new(pattern).is_absolute() {
        return pattern.to_owned();
    }
    format!("{}/{pattern}", glob::Pattern::escape(&base.to_string_lossy()))
}

/// A sign stands for no `/`, and hidden files are named or left out.
pub const SHOWN_FILES_ONLY: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_pattern_begins_in_a_folder_whose_own_signs_mean_nothing() {
        let it = rooted("targets/*.yaml", Path::new("/etc/[x]*"));
        let it = glob::Pattern::new(&it).unwrap();
        assert!(it.matches_path_with(Path::new("/etc/[x]*/targets/a.yaml"), SHOWN_FILES_ONLY));
        assert!(!it.matches_path_with(Path::new("/etc/xy/targets/a.yaml"), SHOWN_FILES_ONLY));
        assert!(!it.matches_path_with(Path::new("/etc/[x]*/targets/.a.yaml"), SHOWN_FILES_ONLY));
        assert_eq!(rooted("/a/*.yaml", Path::new("/etc")), "/a/*.yaml");
    }
}
