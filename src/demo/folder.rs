//! The configuration folder of the demo: the shipped drop-ins, the fleet as a targets file, and a
//! runbook of the demo's own. All of it is in the program; it is written to a folder that is gone
//! again when the demo ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder as `--config.dir` wants it. Dropping it takes it away.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// Writes everything, with these targets of each folder under `targets`.
    ///
    /// # Errors
    ///
    /// Where the system's folder for temporary files does not take it.
    pub fn write<'a>(targets: impl IntoIterator<Item = (&'a str, &'a str)>) -> io::Result<Self> {
        let it = Self(tempfile::Builder::new().prefix("fingerpost-demo-").tempdir()?);
        for (folder, files) in [("probes.d", DROP_INS), ("runbook", PAGES)] {
            for (name, text) in files {
                it.put(folder, name, text)?;
            }
        }
        for (folder, text) in targets {
            it.put(&format!("targets/{folder}"), "demo.yaml", text)?;
        }
        Ok(it)
    }

    fn put(&self, folder: &str, name: &str, text: &str) -> io::Result<()> {
        let folder = self.path().join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), text)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the pages of its runbook are.
    pub fn runbook(&self) -> PathBuf {
        self.path().join("runbook")
    }
}

macro_rules! drop_ins {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../probes.d/", $name)))),*] };
}

/// The shipped drop-ins, by the names they have in `probes.d`.
const DROP_INS: &[(&str, &str)] = drop_ins! { "10-scrape.yaml" "20-prom-proxy.yaml" "30-registry-se.yaml" "40-bootstrap.yaml" "50-deploy.yaml" "60-certificates.yaml" };

macro_rules! pages {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("runbook/", $name)))),*] };
}

/// One page for each that a shipped drop-in names.
const PAGES: &[(&str, &str)] = pages! {
    "all-se-endpoints-down.md"
    "armada-bootstrap-collect-info-before-escalation.md"
    "armada-bootstrap-failures.md"
    "armada-bootstrap-worker-verification.md"
    "armada-carrier-vip-failover.md"
    "armada-deploy-operation-failures.md"
    "armada-etcd-general-troubleshooting.md"
    "armada-global-scrape-failure.md"
    "armada-kubx-prom-proxy-down.md"
    "armada-network-calico-node-troubleshooting.md"
    "armada-ops-node-exporter-on-carrier-master-troubled.md"
    "armada-tugboats.md"
    "certificates.md"
    "jenkins-cse-operations.md"
    "netint_vyatta_healthcheck.md"
    "netint_vyatta_highping.md"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;
    use url::Url;

    use super::*;
    use crate::config::{self, LastGood, Source};
    use crate::runbook::{DEFAULT_BASE_URL, Page, PageRef, Proof, Runbook, Unproved};

    fn runbook() -> Runbook {
        let pages = PAGES.iter().map(|(name, text)| Page::parse(name, text).unwrap());
        let (runbook, faults) = Runbook::from_pages(Url::parse(DEFAULT_BASE_URL).unwrap(), pages);
        assert_eq!(faults, []);
        runbook
    }

    fn listed(folder: &str, extension: &str) -> Vec<String> {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|it| it.ends_with(extension)).collect();
        names.sort();
        names
    }

    fn names(files: &[(&str, &str)]) -> Vec<String> {
        files.iter().map(|it| it.0.to_owned()).collect()
    }

    #[test]
    fn every_drop_in_that_is_shipped_and_every_page_is_in_the_program() {
        assert_eq!(names(DROP_INS), listed("probes.d", ".yaml"));
        assert_eq!(names(PAGES), listed("src/demo/runbook", ".md"));
    }

    #[test]
    fn every_page_and_step_that_a_drop_in_names_is_in_the_runbook_of_the_demo() {
        let runbook = runbook();
        let sources =
            DROP_INS.iter().map(|(name, text)| Source { name: (*name).into(), text: Ok((*text).into()) });
        let loaded = config::load(&sources.collect::<Vec<_>>(), &LastGood::default());
        let mut pages = BTreeSet::new();
        for it in &loaded.pages {
            match runbook.prove(&it.page, it.anchor.as_deref()) {
                Proof::Found { .. } => {
                    pages.insert(runbook.page(&it.page).unwrap().file_name().to_owned());
                }
                Proof::Unproved(Unproved::OtherSite) => {}
                other => panic!("{}: {other:?}", it.place),
            }
        }
        assert_eq!(pages.into_iter().collect::<Vec<_>>(), names(PAGES));
    }

    #[test]
    fn no_link_within_the_runbook_leads_nowhere() {
        let runbook = runbook();
        let link = Regex::new(r"\]\(([^)]+)\)").unwrap();
        for (name, text) in PAGES {
            for found in link.captures_iter(text) {
                let page = PageRef::parse(&found[1]).unwrap();
                assert!(matches!(runbook.prove(&page, None), Proof::Found { .. }), "{name}: {page}");
            }
        }
    }

    #[test]
    fn the_folder_is_gone_when_the_demo_is() {
        let folder = Folder::write([("scrape", "[]\n")]).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::read_to_string(path.join("targets/scrape/demo.yaml")).unwrap(), "[]\n");
        assert!(path.join("probes.d/10-scrape.yaml").is_file() && folder.runbook().is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
