//! A file of targets in Prometheus's file_sd format. JSON is read as the YAML that it is.

use super::complaint::Complaint;
use super::desk::Desk;
use super::raw::{self, Value};
use super::word;
use super::{Source, TargetGroup, probe};

/// The groups that a file of targets holds. Whether its addresses can be asked is not known here:
/// relabelling may change them.
///
/// # Errors
///
/// Everything that is wrong with the file, each with its place.
pub fn target_groups(source: &Source) -> Result<Vec<TargetGroup>, Vec<Complaint>> {
    let text = source.text.clone().map_err(|it| vec![it])?;
    let mut desk = Desk::new(source.name.clone(), text);
    let mut groups = Vec::new();
    if let Some(root) = raw::read_up_to(TARGET_FILE_BYTES_MAX, &mut desk) {
        if let Value::List(_) = &root.value {
            groups.extend(word::list(&root, &mut desk).iter().map(|it| probe::group(it, &mut desk)));
        } else {
            let help = "write `- targets: [\"host:port\"]`, or `[]` for nobody";
            desk.error(&root.span, "a file of targets is a list of groups", help);
        }
    }
    let gathered = desk.take();
    if gathered.has_errors() { Err(gathered.complaints) } else { Ok(groups) }
}

/// The longest file of targets that is read.
pub const TARGET_FILE_BYTES_MAX: usize = 64 << 20;
