//! How fast expositions are judged, in bytes a second: a page as a node exporter serves it, one where
//! labels are most of it, and OpenMetrics with exemplars. Each is about 1 MB and comes in chunks of
//! 16 KiB, as a body comes from a socket.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fingerpost::exposition::{Format, Limits, Scan, Summary};

fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exposition");
    for (name, format, page) in [
        ("node exporter", Format::Text, node_exporter()),
        ("many labels", Format::Text, many_labels()),
        ("OpenMetrics with exemplars", Format::OpenMetrics, exemplars()),
    ] {
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| judge(format, black_box(page.as_bytes()))));
    }
    group.finish();
}

fn judge(format: Format, page: &[u8]) -> Summary {
    let mut scan = Scan::new(format, Limits::default());
    for chunk in page.chunks(CHUNK_BYTES) {
        scan.push(chunk).expect("the page is good");
    }
    scan.finish().expect("the page is good")
}

/// Families with help and type, few labels, and values of every length.
fn node_exporter() -> String {
    fill(|page, family| {
        let name = format!("node_subsystem{family}_operation_seconds_total");
        writeln!(page, "# HELP {name} Seconds that the subsystem {family} spent in each of its modes.")?;
        writeln!(page, "# TYPE {name} counter")?;
        for cpu in 0..8 {
            for (mode, factor) in [("idle", 7919.0), ("iowait", 0.53), ("irq", 0.0), ("user", 31.07)] {
                let value = factor * f64::from(cpu * 1000 + family % 1000);
                writeln!(page, "{name}{{cpu=\"{cpu}\",mode=\"{mode}\"}} {value}")?;
            }
        }
        let name = format!("node_memory_area{family}_bytes");
        writeln!(page, "# HELP {name} Memory information field of area {family}.\n# TYPE {name} gauge")?;
        writeln!(page, "{name} {:e}", 1.048_576e9 + f64::from(family))
    })
}

/// What a cluster's state metrics look like: eight labels and the value 1.
fn many_labels() -> String {
    fill(|page, pod| {
        write!(page, "kube_pod_container_info{{namespace=\"kube-system\",pod=\"calico-node-{pod:05x}\",")?;
        write!(page, "uid=\"6f7a1c{pod:06x}-4d1e-9b0a-{pod:012x}\",container=\"calico-node\",")?;
        write!(page, "image=\"registry.example.net/calico/node:v3.27.{}\",", pod % 10)?;
        write!(page, "container_id=\"containerd://{pod:064x}\",node=\"10.184.{}.7\",", pod % 250)?;
        writeln!(page, "label=\"quoted \\\"{pod}\\\"\"}} 1")
    })
}

/// Histograms with an exemplar on each bucket.
fn exemplars() -> String {
    let page = fill(|page, family| {
        let name = format!("http_request_{family}_duration_seconds");
        writeln!(page, "# HELP {name} How long requests took.\n# TYPE {name} histogram")?;
        writeln!(page, "# UNIT {name} seconds")?;
        for bucket in ["0.005", "0.01", "0.1", "1.0", "10.0", "+Inf"] {
            write!(page, "{name}_bucket{{path=\"/api/v1/{family}\",le=\"{bucket}\"}} {} ", family * 17)?;
            writeln!(page, "# {{trace_id=\"{family:032x}\"}} 0.0{family} 1700000{:03}.123", family % 1000)?;
        }
        writeln!(page, "{name}_sum {}.25 1700000000.5\n{name}_count {family} 1700000000.5", family * 3)
    });
    page + "# EOF\n"
}

/// Writes part after part until the page has its size.
fn fill(part: impl Fn(&mut String, i32) -> std::fmt::Result) -> String {
    let mut page = String::new();
    for number in 0.. {
        if page.len() >= PAGE_BYTES {
            break;
        }
        part(&mut page, number).expect("a string takes what is written");
    }
    page
}

const PAGE_BYTES: usize = 1 << 20;
const CHUNK_BYTES: usize = 16 << 10;

criterion_group!(benches, pages);
criterion_main!(benches);
