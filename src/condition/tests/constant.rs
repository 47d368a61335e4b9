use super::*;

/// Where a condition always fails.
fn failing(source: &str) -> Vec<String> {
    let known = Known {
        scopes: vec!["zone".into()],
        checks: vec!["path".into()],
        queries: vec!["up".into()],
        ..Known::default()
    };
    match Condition::compile(source, &known) {
        Ok(_) => Vec::new(),
        Err(mistakes) => {
            assert!(mistakes.iter().all(|it| it.message.contains("always fails")), "{source}: {mistakes:?}");
            mistakes.iter().map(|it| source[it.span.clone()].to_owned()).collect()
        }
    }
}

#[test]
fn what_hangs_on_nothing_and_fails_is_a_mistake_at_its_place_wherever_it_hides() {
    for (source, spots) in [
        ("1/0 == 1", &["1/0"][..]),
        ("target.failing && 5 % (3 - 3) == 1", &["5 % (3 - 3"]),
        ("target.failing || [][0] == 1", &["[][0]"]),
        ("[1, 2][2] == 1", &["[1, 2][2]"]),
        ("int('x') == 1", &["int('x')"]),
        ("double('x' + 'y') > 1.0 ? target.failing : false", &["double('x' + 'y')"]),
        ("target.status / 0 == 1", &["0"]),
        ("target.status % (1 - 1) == 1", &["1 - 1"]),
        ("target.status == 1/0 || target.status == 2/0", &["1/0", "2/0"]),
        ("[1, 2].exists(it, it == int('x'))", &["int('x')"]),
        ("[1, 0].all(it, 6 / it > 1)", &["[1, 0].all(it, 6 / it > 1)"]),
        ("scope.zone.targets.exists(it, it.status == 7/0)", &["7/0"]),
        ("9223372036854775807 + 1 > target.status", &["9223372036854775807 + 1"]),
    ] {
        assert_eq!(failing(source), spots, "{source}");
    }
}

#[test]
fn what_may_fail_at_night_is_no_mistake() {
    for source in [
        "int(labels.port) > 1",
        "10 / target.status > 1",
        "checks.path.hops[3].loss > 1.0",
        "1.0 / 0.0 > queries.up",
        "[1, 2].exists(it, 6 / it > target.status)",
        "[target.status][0] == 1",
        "[3, 2].all(it, [1, 2].exists(other, it / other > 0))",
        "'a b'.split(' ')[1] == labels.x",
        "firing('ProberIsolated') || firing_prefix('A' + 'B')",
        "now > timestamp('2026-01-01T00:00:00Z')",
        "labels.x.matches('^[0-9]+$') && int(labels.x) == 1",
    ] {
        assert_eq!(failing(source), [""; 0], "{source}");
    }
}

#[test]
fn a_hole_of_a_template_that_always_fails_has_its_place_in_the_whole_text() {
    let source = "a {{ labels.x }} b {{ 1/0 }}";
    let mistakes =
        crate::template::Template::compile(source, &Known::default(), crate::template::Reach::Everything)
            .unwrap_err();
    assert_eq!(&source[mistakes[0].span.clone()], "1/0");
}
