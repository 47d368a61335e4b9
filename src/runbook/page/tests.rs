use proptest::prelude::*;

use super::*;

/// A page whose body begins at line 5.
fn page(body: &str) -> Page {
    Page::parse("x.md", &format!("---\nlink: /x.html\ntitle: A page\n---\n{body}")).expect("a sound page")
}

/// The names of the anchors on a page with that body.
fn anchors(body: &str) -> Vec<String> {
    page(body).anchors().map(|anchor| anchor.name.clone()).collect()
}

/// The title of the only anchor.
fn title(body: &str) -> String {
    let page = page(body);
    let titles: Vec<&str> = page.anchors().map(|anchor| anchor.title.as_str()).collect();
    assert_eq!(titles.len(), 1, "{titles:?}");
    titles[0].to_owned()
}

#[test]
fn the_front_matter_names_the_page_with_or_without_slash_and_quotes() {
    for link in ["/armada/y.html", "armada/y.html", "\"/armada/y.html\"", "'armada/y.html'  # here"] {
        let page = Page::parse("y.md", &format!("---\nlayout: default\nlink: {link}\n---\n")).expect(link);
        assert_eq!(page.link(), &PageRef::parse("/armada/y.html").expect("a page"), "{link}");
        assert_eq!((page.file_name(), page.title(), page.anchors().len()), ("y.md", "Y", 0));
    }
    let titled = "\u{feff}---\r\ntitle: \"When it is: down\"\r\nlink: y.html\r\n---\r\n## Do\r\n";
    let page = Page::parse("y.md", titled).expect("a page");
    assert_eq!(page.title(), "When it is: down");
    assert_eq!(page.anchor("do").map(|anchor| anchor.line), Some(5));
}

#[test]
fn a_damaged_page_is_an_error_with_its_line() {
    let error = |text: &str| Page::parse("x.md", text).expect_err(text);
    assert_eq!(error(""), PageError::NoFrontMatter { line: 1 });
    assert_eq!(error("# Heading\n"), PageError::NoFrontMatter { line: 1 });
    assert_eq!(error("---\nlink: /x.html\n"), PageError::EndlessFrontMatter { line: 1 });
    assert_eq!(error("---\ntitle: x\n---\n"), PageError::NoLink { line: 1 });
    assert_eq!(error("---\n---\n"), PageError::NoLink { line: 1 });
    let bad_link = error("---\ntitle: x\nlink: ../x.html\n---\n");
    assert_eq!(bad_link, PageError::BadLink { line: 3, reason: PageRefError::DotDot });
    let bad_yaml = error("---\ntitle: x\nlink: [/x.html\n---\n");
    assert!(matches!(bad_yaml, PageError::BadFrontMatter { .. }), "{bad_yaml}");
    assert!((2..=4).contains(&bad_yaml.line()), "{bad_yaml}");
}

#[test]
fn an_anchor_is_the_heading_in_lower_case_without_its_signs() {
    let cases = [
        ("### 1) Look at the *Log*", "1-look-at-the-log"),
        ("## Who's in charge, and when?", "whos-in-charge-and-when"),
        ("## Carrier/tugboat level", "carriertugboat-level"),
        ("##  Two  blanks\tand a tab ", "two--blanks-and-a-tab"),
        ("## snake_case stays, _emphasis_ goes", "snake_case-stays-emphasis-goes"),
        ("## ÜBER Straße ΣΣ", "über-straße-σσ"),
        ("## a-b -- c --- d", "a-b--c--d"),
        ("## `kubectl get_pods` & [logs](https://x.example/_y_)", "kubectl-get_pods--logs"),
        ("## Say &quot;caf&eacute;&quot; &unknown; &#233;", "say-café-unknown-é"),
        ("## ![an image](x.png) behind", "-behind"),
        ("## <b>bold_</b> <!-- hidden --> text", "bold_--text"),
        ("## Closed ##", "closed"),
        ("## Not closed##", "not-closed"),
        ("## \\*starred\\* \\_x\\_", "starred-_x_"),
        ("Setext\n======", "setext"),
        ("Lower\n--", "lower"),
    ];
    for (heading, anchor) in cases {
        assert_eq!(anchors(&format!("{heading}\n")), [anchor], "{heading}");
    }
}

#[test]
fn a_title_is_what_was_typed_without_the_markup() {
    assert_eq!(
        title("## **Restart** the `api` of [that](x) host's  pod -- now ##\n"),
        "Restart the api of that host's pod -- now"
    );
    assert_eq!(title("## Caf&eacute; &amp; bar\n"), "Café & bar");
    assert_eq!(title("## ![](only-an-image.png) {#a-picture}\n"), "A picture");
}

#[test]
fn a_second_heading_of_the_same_name_is_counted_and_one_out_of_reach_is_left_out() {
    assert_eq!(anchors("# A\n# a\n# A!\n"), ["a", "a-1", "a-2"]);
    // kramdown gives the last one the id of the second; no link leads to it.
    assert_eq!(anchors("# A\n# A\n# A 1\n"), ["a", "a-1"]);
    assert_eq!(anchors("# A {#b}\n# B\n# B\n"), ["b", "b-1"]);
    assert_eq!(anchors("# !!!\n# ???\n"), ["-1"]);
}

#[test]
fn what_stands_in_code_or_in_a_comment_is_no_heading() {
    let none = [
        "```\n# a\n```\n",
        "```bash\n# a\n~~~\n# b\n```\n",
        "~~~~\n# a\n~~~\n# b\n~~~~\n",
        "````\n```\n# a\n```\n````\n",
        "* item\n\n  ```\n  # a\n  ```\n",
        "1. item\n   ~~~\n# a\n   ~~~\n",
        "    # a\n",
        "\t# a\n# b\n",
        "<!-- # a -->\n",
        "<!--\n# a\n\n## b\n-->\n",
        "<!-- \n```\n# a\n-->\n",
        "<pre>\n# a\n\n# b\n</pre>\n",
        "{::comment}\n# a\n{:/comment}\n",
    ];
    for body in none {
        assert_eq!(anchors(body), [""; 0], "{body}");
        assert_eq!(anchors(&format!("{body}\n# after\n")), ["after"], "{body}");
    }
}

#[test]
fn what_liquid_takes_away_is_no_heading_and_lines_stay() {
    let page = page(
        "{% comment %}\n# gone\n{% endcomment %}\n\n{%- raw -%}\n# Kept {{ x }}\n{% endraw %}\n\n# After\n",
    );
    let lines: Vec<_> = page.anchors().map(|anchor| (anchor.name.as_str(), anchor.line)).collect();
    assert_eq!(lines, [("kept--x-", 10), ("after", 13)]);
}

#[test]
fn what_only_looks_like_a_fence_or_a_heading_is_text() {
    assert_eq!(anchors("```sum by (x) (y)```\n\n# after\n\n```\nx\n```\n"), ["after"]);
    assert_eq!(anchors("```word```\n\n# after\n\n```\nx\n```\n"), ["after"]);
    assert_eq!(anchors("``` two words\n# after\n"), ["after"]);
    assert_eq!(anchors("```\n# nothing closes the fence\n"), ["nothing-closes-the-fence"]);
    assert_eq!(anchors("#### \n\n####\n\n#none\n\n####### none\n\n ## none\n\n\\# none\n"), [""; 0]);
    assert_eq!(anchors("text\nno setext\n---\n"), [""; 0]);
    assert_eq!(anchors("text\n# after text\ntext\n"), ["after-text"]);
}

#[test]
fn headings_in_lists_quotes_and_html_that_holds_markdown_count() {
    assert_eq!(anchors("* item\n\n  ## in item\n"), ["in-item"]);
    assert_eq!(anchors("1. item\n   * deeper\n\n     ## in deeper\n"), ["in-deeper"]);
    assert_eq!(anchors("- # at once\n"), ["at-once"]);
    assert_eq!(anchors("> # Quoted\n> text\n\n> > ## Twice\n"), ["quoted", "twice"]);
    assert_eq!(
        anchors("<div markdown=\"1\">\n\n## 2. Inside_it\n\n</div>\n\n## Outside\n"),
        ["insideit", "outside"]
    );
    assert_eq!(anchors("<div>\n## raw\n</div>\n\n## Outside\n"), ["outside"]);
    assert_eq!(anchors("term\n: # Defined\n"), ["defined"]);
}

#[test]
fn anchors_given_by_hand_count_wherever_they_stand() {
    assert_eq!(
        anchors("<a name=\"one\"></a>\n\ntext <a id='two'>x</a>, `<a id=\"no\">`, \\<a id=\"no\">\n"),
        ["one", "two"]
    );
    assert_eq!(anchors("<div id=\"outer\"><table>\n<tr><td id=inner>\n</table></div>\n"), ["outer", "inner"]);
    assert_eq!(anchors("## Heading {#given}\n"), ["given"]);
    assert_eq!(anchors("## Heading\n{: .red #given}\n"), ["given"]);
    assert_eq!(anchors("{: #given}\n## Heading\n"), ["given"]);
    assert_eq!(anchors("{:named: #given}\n\n## Heading\n{: named}\n"), ["given"]);
    assert_eq!(anchors("A paragraph\n{: #paragraph}\n\n* {: #item} item\n"), ["paragraph", "item"]);
    assert_eq!(anchors("Some *words*{: #words} here\n"), ["words"]);
    assert_eq!(anchors("| a | <a name=\"cell\">b</a> |\n|---|---|\n| c | d |\n"), ["cell"]);
    assert_eq!(anchors("```\n<a name=\"no\"></a>\n```\n"), [""; 0]);
    // On the heading's own line an attribute list is text.
    assert_eq!(anchors("## Heading {: #x}\n"), ["heading--x"]);
}

#[test]
fn an_anchor_right_before_a_heading_or_in_it_has_the_headings_title() {
    let page = page(
        "<a name=\"old\"></a>\n\n## <a name=\"older\"></a>New name\n\nSee <a name=\"my_table\">here</a>\n\n## Last\n",
    );
    let told: Vec<_> =
        page.anchors().map(|it| (it.name.as_str(), it.title.as_str(), it.line, it.level)).collect();
    assert_eq!(
        told,
        [
            ("old", "New name", 5, None),
            ("older", "New name", 7, Some(2)),
            ("new-name", "New name", 7, Some(2)),
            ("my_table", "My table", 9, None),
            ("last", "Last", 11, Some(2)),
        ]
    );
}

#[test]
fn an_id_goes_before_a_name() {
    let page = page("<a name=\"step\"></a>\n\ntext\n\n# Step\n");
    assert_eq!(page.anchor("step").map(|anchor| anchor.line), Some(9));
    assert_eq!(page.anchors().len(), 1);
}

#[test]
fn of_two_equal_ids_the_first_is_the_place() {
    let page = page("# First {#step}\n\n# Second {#step}\n\n<b id=\"step\">x</b>\n");
    assert_eq!(page.anchor("step").map(|anchor| (anchor.title.as_str(), anchor.line)), Some(("First", 5)));
    assert_eq!(page.anchors().len(), 1);
}

#[test]
fn the_id_of_a_link_is_no_text_where_the_page_defines_the_link() {
    assert_eq!(
        anchors("# The [board][Far Away] up\n\n[far away]: https://x.example \"title\"\n"),
        ["the-board-up"]
    );
    assert_eq!(anchors("# The [board][far away] up\n"), ["the-boardfar-away-up"]);
    assert_eq!(anchors("# The board[^1] up\n\n[^1]: note\n\n# More\n"), ["the-board-up", "more"]);
    assert_eq!(anchors("# The board[^1] up\n"), ["the-board1-up"]);
}

#[test]
fn lines_are_those_of_the_file_inside_lists_and_quotes_too() {
    let page =
        page("\n* item\n\n  > quoted\n  > # Deep\n\n* more\n\n  # Second\n\n<div>\n<a id=\"tag\">\n</div>\n");
    let lines: Vec<_> = page.anchors().map(|anchor| (anchor.name.as_str(), anchor.line)).collect();
    assert_eq!(lines, [("deep", 9), ("second", 13), ("tag", 16)]);
}

#[test]
fn markup_without_end_is_read_in_reasonable_work() {
    // Each of these is exponential or cubic in a reader that tries every sign to the end; this
    // test ends at once or never.
    for sign in ["![", "**a *b ", "~~a ", "<b>", "`` `", "{::comment}", "<a x=\"", "[x](", "_a"] {
        assert!(page(&format!("# {}\n", sign.repeat(20_000))).anchors().len() <= 1, "{sign}");
    }
    for line in [">", "<div>\n", "<div markdown=\"1\">\n", "<!--\n\n", "{::comment}\n\n", "```x\n", "* "] {
        let _ = page(&line.repeat(5_000));
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_no_anchor_stands_twice(text in any::<String>()) {
        let _ = Page::parse("x.md", &text);
        check(&page(&text));
    }

    #[test]
    fn no_markdown_panics_and_no_anchor_stands_twice(parts in prop::collection::vec(part(), 0..24)) {
        check(&page(&parts.concat()));
    }
}

fn check(page: &Page) {
    let mut names: Vec<&str> = page.anchors().map(|anchor| anchor.name.as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(!names.contains(&""));
}

/// Pieces that mean something to kramdown, in any order.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "# A\n",
        "## A ##\n",
        "A\n=\n",
        "# b {#a}\n",
        "{: #a}\n",
        "{:r: #a}\n",
        "{: r}\n",
        "```\n",
        "~~~ x\n",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "* ",
        "1. ",
        "  ",
        "> ",
        ": ",
        "| a | b |\n",
        "|---|\n",
        "<div>",
        "</div>",
        "<div markdown=\"1\">\n",
        "<a name=\"a\">",
        "</a>",
        "<!--",
        "-->",
        "[a]: b\n",
        "[a](b)",
        "![",
        "[^1]: ",
        "[^1]",
        "$$",
        "**",
        "_",
        "`",
        "``",
        "~~",
        "&eacute;",
        "&#0;",
        "\\",
        "é",
        "\u{a0}",
        "\r",
        "\r\n",
        "^\n",
        "---\n",
        "{::comment}\n",
        "{:/}\n",
        "<script>",
        "<pre>",
        "-- ",
        "\"",
        "word",
    ])
}
