//! A network of our own: four namespaces in a row, `prober - r1 - r2 - target`, joined by virtual
//! wires. Nothing leads out of it, and it is gone with its owner.

use std::io::{self, Write};
use std::path::Path;
use std::process::{self, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::process::look_up;

/// A running network.
pub(crate) struct Network {
    prefix: String,
}

/// A place of the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Prober,
    Near,
    Far,
    Target,
}

/// What the hops from the prober to the target are called, in their order.
pub(crate) const HOPS: [&str; 3] = ["192.0.2.2", "198.51.100.2", "203.0.113.2"];

/// The same by IPv6.
pub(crate) const HOPS_6: [&str; 3] = ["2001:db8:1::2", "2001:db8:2::2", "2001:db8:3::2"];

const PLACES: [Place; 4] = [Place::Prober, Place::Near, Place::Far, Place::Target];

impl Network {
    /// Builds the network; `None` and a line that says so where that is not possible.
    pub(crate) fn build() -> Option<Self> {
        static BUILT: AtomicU32 = AtomicU32::new(0);
        let number = BUILT.fetch_add(1, Ordering::Relaxed);
        let network = Self { prefix: format!("fingerpost-{}-{number}", process::id()) };
        let allowed = look_up("ip").is_some()
            && look_up("setpriv").is_some()
            && PLACES.iter().all(|it| ip(&["netns", "add", &network.name(*it)], "").status.success());
        if !allowed {
            // Not `eprintln!`: that is kept from the reader when the test passes.
            writeln!(io::stderr(), "skipped: no network namespaces").expect("standard error is open");
            return None;
        }
        network.wire();
        Some(network)
    }

    /// A program that runs at that place, as the user that runs the test.
    pub(crate) fn command(&self, place: Place, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(place)]).arg(program);
        command
    }

    /// A program that runs at that place as nobody, without any privilege.
    pub(crate) fn command_of_nobody(&self, place: Place, program: &Path) -> Command {
        let mut command = self.command(place, Path::new("setpriv"));
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"]);
        command.args(["--bounding-set", "-all", "--inh-caps", "-all", "--"]).arg(program);
        command
    }

    /// Loads rules of nftables at that place.
    pub(crate) fn filter(&self, place: Place, nft: &Path, rules: &str) {
        let told = run(self.command(place, nft).args(["-f", "-"]), rules);
        assert!(told.status.success(), "{rules}\n{}", String::from_utf8_lossy(&told.stderr));
    }

    /// Sets a value under `/proc/sys/net` at that place.
    pub(crate) fn set(&self, place: Place, key: &str, value: &str) {
        let shell = look_up("sh").expect("every Unix has a shell");
        let told = run(self.command(place, &shell).args(["-c", "cat > /proc/sys/net/$0", key]), value);
        assert!(told.status.success(), "{key}: {}", String::from_utf8_lossy(&told.stderr));
    }

    fn wire(&self) {
        let [prober, near, far, target] = PLACES.map(|it| self.name(it));
        for (link, (left, right)) in [(&prober, &near), (&near, &far), (&far, &target)].iter().enumerate() {
            let ends = [format!("02:00:00:00:0{link}:01"), format!("02:00:00:00:0{link}:02")];
            let [here, there] = &ends;
            configure(
                left,
                &format!("link add right address {here} type veth peer left address {there} netns {right}\n"),
            );
            for (name, side, own, other) in [(left, "right", 1, 2), (right, "left", 2, 1)] {
                let (net, net_6) = (NETS[link], format!("2001:db8:{}:", link + 1));
                let other_end = &ends[other - 1];
                // Neighbours know each other from the start: looking for one another, and waiting
                // for a second when that fails, would look like loss.
                configure(
                    name,
                    &format!(
                        "link set lo up\nlink set {side} up\n\
                         address add {net}.{own}/24 dev {side}\n\
                         address add {net_6}:{own}/64 dev {side} nodad\n\
                         neighbour add {net}.{other} lladdr {other_end} dev {side}\n\
                         neighbour add {net_6}:{other} lladdr {other_end} dev {side}\n"
                    ),
                );
            }
        }
        let [a, b, c] = NETS;
        configure(&prober, &format!("route add default via {a}.2\nroute add default via 2001:db8:1::2\n"));
        configure(
            &near,
            &format!("route add {c}.0/24 via {b}.2\nroute add 2001:db8:3::/64 via 2001:db8:2::2\n"),
        );
        configure(
            &far,
            &format!("route add {a}.0/24 via {b}.1\nroute add 2001:db8:1::/64 via 2001:db8:2::1\n"),
        );
        configure(&target, &format!("route add default via {c}.1\nroute add default via 2001:db8:3::1\n"));
        for place in [Place::Near, Place::Far] {
            self.set(place, "ipv4/ip_forward", "1");
            self.set(place, "ipv6/conf/all/forwarding", "1");
            // Routers that save their words would look like loss.
            self.set(place, "ipv4/icmp_ratelimit", "0");
            self.set(place, "ipv6/icmp/ratelimit", "0");
        }
    }

    fn name(&self, place: Place) -> String {
        format!("{}-{place:?}", self.prefix)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for place in PLACES {
            // What was never made cannot be taken away, and that is as good.
            ip(&["netns", "delete", &self.name(place)], "");
        }
    }
}

/// Addresses that are set aside for documentation: nobody else has them.
const NETS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

/// Has `ip` do these lines in that namespace.
fn configure(name: &str, lines: &str) {
    let told = ip(&["-n", name, "-batch", "-"], lines);
    assert!(told.status.success(), "{name}: {lines}\n{}", String::from_utf8_lossy(&told.stderr));
}

fn ip(arguments: &[&str], input: &str) -> Output {
    run(Command::new("ip").args(arguments), input)
}

/// Runs a program to its end, with `input` on its standard input.
fn run(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("a program that was found starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A program that ends before it has read everything says why by itself.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    child.wait_with_output().expect("a child of ours can be waited for")
}
