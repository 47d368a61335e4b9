//! What somebody may have meant who wrote a name that is not there.

/// The anchor most like the one asked for, or None where none is near.
pub(super) fn anchor<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let asked = asked.to_lowercase().replace(['_', ' '], "-");
    let likeness = |name: &str| {
        let lower = name.to_lowercase();
        let typed_alike = strsim::normalized_damerau_levenshtein(&asked, &lower);
        if contains_words(&lower, &asked) || contains_words(&asked, &lower) {
            // Words left out weigh less than letters mistyped.
            typed_alike.midpoint(1.0)
        } else {
            typed_alike
        }
    };
    let near =
        known.map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness >= ANCHOR_LIKENESS_MIN);
    // Of two that are equally near, the one that stands first on the page.
    near.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

/// The page that was meant but mistyped, or named in another folder. Most pages that a folder lacks are
/// only not there, and pages differ by a number: so this is strict, and a number is no typing mistake.
pub(super) fn page<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let file = |path: &'a str| path.rsplit('/').next().unwrap_or_default();
    let asked_file = asked.rsplit('/').next().unwrap_or_default();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mistakes_max = (asked.chars().count() / LETTERS_PER_MISTAKE).clamp(1, 3);
    let mistakes = |path: &'a str| {
        let mistakes = strsim::osa_distance(&asked.to_lowercase(), &path.to_lowercase());
        if mistakes <= mistakes_max && digits(asked) == digits(path) {
            Some(mistakes)
        } else if !asked_file.is_empty() && file(path) == asked_file {
            Some(mistakes_max + 1)
        } else {
            None
        }
    };
    known.filter_map(|path| Some((mistakes(path)?, path))).min().map(|(_, path)| path)
}

/// All of the words of `part` stand in `whole`, in this order.
fn contains_words(whole: &str, part: &str) -> bool {
    let mut words = whole.split('-');
    part.split('-').filter(|word| !word.is_empty()).count() > 0
        && part.split('-').filter(|word| !word.is_empty()).all(|word| words.any(|it| it == word))
}

const ANCHOR_LIKENESS_MIN: f64 = 0.6;
const LETTERS_PER_MISTAKE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHORS: [&str; 5] = [
        "haproxy-vip-failover",
        "http-404-actions",
        "cse-troubleshooting",
        "vyatta-healthcheck",
        "escalation-policy",
    ];

    fn near_anchor(asked: &str) -> Option<&'static str> {
        anchor(asked, ANCHORS.into_iter())
    }

    #[test]
    fn a_word_left_out_a_word_too_many_and_a_slip_of_the_finger_find_the_anchor() {
        assert_eq!(near_anchor("haproxy-failover"), Some("haproxy-vip-failover"));
        assert_eq!(near_anchor("failover"), Some("haproxy-vip-failover"));
        assert_eq!(near_anchor("the-cse-troubleshooting-steps"), Some("cse-troubleshooting"));
        assert_eq!(near_anchor("http-404-action"), Some("http-404-actions"));
        assert_eq!(near_anchor("HTTP_404_Actions"), Some("http-404-actions"));
        assert_eq!(near_anchor("escaltion-polciy"), Some("escalation-policy"));
    }

    #[test]
    fn nothing_is_proposed_where_nothing_is_near() {
        assert_eq!(near_anchor("rollback-armada-metrics"), None);
        assert_eq!(near_anchor(""), None);
        assert_eq!(anchor("x", std::iter::empty()), None);
    }

    #[test]
    fn a_mistyped_page_is_found_and_a_page_of_another_number_is_not() {
        let pages = ["armada/armada-scrape-failure.html", "armada/carrier-1.html", "net/vyatta.html"];
        let near = |asked: &str| page(asked, pages.into_iter());
        assert_eq!(near("armada/armada-scrape-failures.html"), Some(pages[0]));
        assert_eq!(near("registry/armada-scrape-failure.html"), Some(pages[0]));
        assert_eq!(near("armada/carrier-2.html"), None);
        assert_eq!(near("armada/armada-tugboats.html"), None);
    }
}
