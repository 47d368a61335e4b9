use super::*;

fn door(words: &[&str]) -> Guard {
    Guard::Door(Arc::new(Allowed::of(words.iter().copied()).unwrap()))
}

fn admits(guard: &Guard, address: &str) -> bool {
    guard.admits(address, address.parse().unwrap())
}

const NEXT_TO_US: &[&str] = &[
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fe80::1",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:5601:5601",
];

const OURS: &[&str] = &[
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1:2:3:4:7f00:1",
    "2002:7f00:1::",
    "2001:0:1:2:3:4:80ff:fffe",
];

const ANYBODYS: &[&str] = &[
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "1.0.0.0",
    "223.255.255.255",
    "8.8.8.8",
    "2001:db8::1",
    "fd00::1",
    "fec0::1",
    "2002:808:808::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
];

#[test]
fn the_door_opens_to_what_anybody_can_reach_and_to_nothing_else() {
    for address in NEXT_TO_US.iter().chain(OURS) {
        assert!(!admits(&door(&[]), address), "{address}");
        assert!(admits(&Guard::Open, address), "{address}");
    }
    for address in ANYBODYS {
        assert!(admits(&door(&[]), address), "{address}");
    }
}

#[test]
fn a_target_that_is_not_on_the_link_leads_nobody_there() {
    let led = Guard::Open.beyond(Some("10.0.0.1".parse().unwrap()));
    for address in NEXT_TO_US {
        assert!(!admits(&led, address), "{address}");
    }
    for address in OURS.iter().chain(ANYBODYS) {
        assert!(admits(&led, address), "{address}");
    }
    let neighbour = Guard::Open.beyond(Some("169.254.1.1".parse().unwrap()));
    assert!(admits(&neighbour, "169.254.1.2"));
    let from_the_door = door(&[]).beyond(Some("10.0.0.1".parse().unwrap()));
    assert!(!admits(&from_the_door, "127.0.0.1"));
}

#[test]
fn what_is_allowed_is_allowed_however_it_is_spelled() {
    let guard = door(&["127.0.0.0/8", "Localhost.", "fe80::/10", "169.254.7.7"]);
    for address in ["127.1.2.3", "::ffff:127.0.0.1", "fe80::5", "169.254.7.7"] {
        assert!(admits(&guard, address), "{address}");
    }
    for address in ["169.254.7.8", "::1", "0.0.0.0", "fec0::1:0", "ff02::1"] {
        assert_eq!(admits(&guard, address), address == "fec0::1:0", "{address}");
    }
    let loopback = "::1".parse().unwrap();
    for (host, allowed) in [("localhost", true), ("LOCALHOST.", true), ("a.localhost", false), ("x", false)] {
        assert_eq!(guard.admits(host, loopback), allowed, "{host}");
    }
}

#[test]
fn a_word_that_names_no_place_is_refused() {
    for word in ["", "127.0.0.1/33", "::/129", "http://x", "a:80", "10.0.0.0/", "10.0.0.0/x", "a/8", "ä"] {
        assert_eq!(Allowed::of([word]), Err(NoSuchPlace(word.to_owned())), "{word}");
    }
    for word in ["0.0.0.0/0", "::/0", "[::1]", "10.0.0.0/8", "a.example", "a_b"] {
        assert!(Allowed::of([word]).is_ok(), "{word}");
    }
    assert!(admits(&door(&["0.0.0.0/0"]), "127.0.0.1") && !admits(&door(&["0.0.0.0/0"]), "::1"));
    assert!(admits(&door(&["::/0"]), "::1") && !admits(&door(&["::/0"]), "127.0.0.1"));
}
