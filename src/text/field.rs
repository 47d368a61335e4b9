//! The closed list of what can be found in a text by name.

/// Makes the enum, its order and its documentation out of one table.
macro_rules! fields {
    ($($variant:ident $name:literal $meaning:literal;)*) => {
        /// Something that can be found in a text: `fields.<name>` in conditions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $(#[doc = $meaning] $variant,)* }

        /// Every field, in the order in which people read them.
        pub const FIELDS: &[FieldDoc] =
            &[$(FieldDoc { field: Field::$variant, name: $name, meaning: $meaning },)*];
    };
}

/// A field and what it says.
#[derive(Clone, Copy, Debug)]
pub struct FieldDoc {
    /// The field.
    pub field: Field,
    /// What conditions call it.
    pub name: &'static str,
    /// What its text says.
    pub meaning: &'static str,
}

fields! {
    Operation "operation" "the operation that failed: `deploy`, `delete`, `upgrade`, …";
    Carrier "carrier" "the carrier on which it failed";
    Node "node" "the address of the node on which it failed";
    Time "time" "when it ended, as RFC 3339 writes it";
    Region "region" "the region: of the failed operation, else of the service endpoints where all are of one";
    Cluster "cluster" "the ID of the cluster";
    Master "master" "the ID of the cluster's master";
    Bom "bom" "the BOM version";
    IsPaid "is_paid" "`true` or `false`";
    Request "request" "the ID of the request, a UUID";
    Attempts "attempts" "how many attempts were made";
    Elapsed "elapsed" "how long they took, in seconds";
    Failures "failures" "how many failed operations the text tells of that ended within one hour, where there is one";
    Provider "provider" "whose key-management endpoint is named: `Key Protect` or `Hyper Protect Crypto`";
    KmsHost "kms_host" "the host of that endpoint";
    KmsPort "kms_port" "the port of that endpoint, where the URL has one";
    KmsPath "kms_path" "of a log of key management: `2.0`, `1.0`, or `1.0 or legacy` where it does not say";
    StatusCluster "status_cluster" "the cluster that the `ServiceEndpointStatus` job was asked for";
    States "states" "`<se>:<upstream>` of each service endpoint with a blank between them, where all are of one region";
}

impl Field {
    /// What conditions call it.
    pub fn name(self) -> &'static str {
        // The table and the enum are made of the same rows, in the same order.
        FIELDS[self as usize].name
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        FIELDS.iter().find(|it| it.name == name).map(|it| it.field)
    }
}

/// The fields that were found in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// In the order of [`FIELDS`]; none is empty.
    found: Vec<(Field, String)>,
}

impl Fields {
    /// What was found, or `""`.
    pub fn get(&self, field: Field) -> &str {
        self.found.iter().find(|(it, _)| *it == field).map_or("", |(_, value)| value)
    }

    /// All that was found, in the order of [`FIELDS`].
    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        self.found.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// Notes what was found, unless it is empty or was found before.
    pub(super) fn put(&mut self, field: Field, value: impl Into<String>) {
        let value = value.into();
        if value.is_empty() {
            return;
        }
        if let Err(at) = self.found.binary_search_by_key(&field, |(it, _)| *it) {
            self.found.insert(at, (field, value));
        }
    }
}
