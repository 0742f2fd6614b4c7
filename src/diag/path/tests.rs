use super::*;
use std::collections::HashSet;

#[test]
fn rows_are_whole_and_what_they_explain_exists() {
    let ids: HashSet<&str> = all().map(|row| row.id).collect();
    assert_eq!(ids.len(), all().count());
    assert!(ids.len() >= 46, "{} findings", ids.len());
    for row in all() {
        assert!(!row.title.is_empty() && row.title.len() <= 80 && !row.title.ends_with('.'), "{}", row.id);
        assert!(![row.mechanism, row.evidence, row.raise, row.fix].contains(&""), "{} lacks words", row.id);
        for other in row.explains {
            assert!(ids.contains(other), "{} explains {other}, which is no finding", row.id);
        }
    }
}
