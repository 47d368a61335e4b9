//! What an adversarial trial of the language found.

use super::*;

/// A file with one alert of this name and these further keys.
fn alert(name: &str, inner: &str) -> String {
    format!(
        "{GOOD}alerts:\n  - {{ alert: {name}, probe: hosts, when: target.failing, runbook: /r.html, {inner} }}\n"
    )
}

/// What is said of a file: level, excerpt, title.
fn told(text: &str) -> Vec<(Level, String, String)> {
    let complaints = loaded(&[("probes.d/a.yaml", text)]).complaints;
    complaints.iter().map(|it| (it.level, it.place.excerpt().to_owned(), it.title.clone())).collect()
}

#[test]
fn the_name_of_an_alert_is_one_word_of_letters_digits_and_three_signs() {
    for name in ["'a b'", "a/b", "ä", "'a\"b'", "a.b", "'a{b}'"] {
        let told = told(&alert(name, "steps: [{ step: x }]"));
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert!(told[0].0 == Level::Error && told[0].2.contains("one word"), "{name}: {told:?}");
    }
    for name in ["prom-proxy_service_instance_down", "A:b_c-9", "9lives"] {
        assert_eq!(told(&alert(name, "steps: [{ step: x }]")), [], "{name}");
    }
}

#[test]
fn an_empty_table_of_steps_points_nowhere_and_a_table_of_mistakes_is_not_blamed_for_it() {
    for (steps, spot) in [("steps: []", "steps"), ("steps:", "steps"), ("for: 1m", "A")] {
        let told = told(&alert("A", steps));
        assert_eq!(told.len(), 1, "{steps}: {told:?}");
        let (level, excerpt, title) = &told[0];
        assert_eq!((*level, &**excerpt), (Level::Warning, spot), "{steps}");
        assert!(title.contains("points nowhere"), "{title}");
    }
    let told = told(&alert("A", "steps: [{ when: target.fayling, step: x }]"));
    assert!(told.iter().all(|(_, _, title)| !title.contains("points nowhere")), "{told:?}");
}

#[test]
fn what_is_given_twice_is_told_with_the_right_article() {
    let twice = format!(
        "{}  - {{ alert: A, probe: hosts, when: target.failing, steps: [{{ page: /x }}] }}\n",
        alert("A", "steps: [{ step: x }]")
    );
    assert_eq!(told(&twice)[0].2, "there is an alert `A` already");
}

#[test]
fn however_deep_a_file_goes_it_is_told_that_it_goes_too_deep() {
    let flow = |depth: usize| format!("a: {}1{}\n", "[".repeat(depth), "]".repeat(depth));
    let block = |depth: usize| (0..depth).map(|it| " ".repeat(it) + "a:\n").collect::<String>();
    let unclosed = "a: ".to_owned() + &"{b: ".repeat(5000);
    for text in [flow(40), flow(300), flow(5000), block(1000), "- ".repeat(5000) + "x\n", unclosed] {
        let told = told(&text);
        assert!(told[0].2.contains("more than 32 deep"), "{:?}", told[0]);
    }
}

#[test]
fn a_row_that_nothing_reaches_is_told_and_one_that_something_may_reach_is_not() {
    let warned = |steps: &str| {
        let told = told(&alert("A", &format!("steps: [{steps}]")));
        assert!(told.iter().all(|it| it.0 == Level::Warning && it.2.contains("never chosen")), "{told:?}");
        told.len()
    };
    assert_eq!(warned("{ step: a }, { when: target.failing, step: b }, { step: c }"), 2);
    assert_eq!(warned("{ when: true, step: a }, { step: b }"), 1);
    assert_eq!(warned("{ when: target.status == 1, step: a }, { when: ' target.status == 1', step: b }"), 1);
    assert_eq!(
        warned("{ when: target.status == 1, step: a }, { when: target.status == 2, step: b }, { step: c }"),
        0
    );
}
