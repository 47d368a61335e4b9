//! What kind of thing an expression gives, so that a mistake is found where it stands, also behind
//! an `&&` that no trial would ever get past.

/// The kind of what an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only the night can tell.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Double,
    /// A text.
    Text,
    /// A text out of the list of causes, or `''`.
    Cause,
    /// A text out of the list of phases, or `''`.
    Phase,
    /// A length of time.
    Duration,
    /// A point in time.
    Timestamp,
    /// `null`.
    Null,
    /// A list of whatever.
    List,
    /// A list of texts.
    Texts,
    /// A list of readings.
    Targets,
    /// A list of hops.
    Hops,
    /// A map that was written down: `{'name': 'value'}`.
    Map,
    /// `labels`.
    Labels,
    /// `target`, and each of `targets`.
    Target,
    /// `checks.<name>`.
    Check,
    /// Each of `hops`.
    Hop,
    /// `scope.<name>`.
    Tally,
    /// `scope.<name>.causes`.
    Causes,
    /// `scope.<name>.distinct`.
    Distinct,
    /// `scope`.
    Scopes,
    /// `checks`.
    Checks,
    /// `queries`.
    Queries,
    /// `facts`.
    Facts,
    /// `fields`.
    Fields,
    /// `alert`.
    Alert,
    /// `joined` of a member of a group.
    Joined,
}

impl Kind {
    /// What a person calls it, with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number with a fraction",
            Self::Text => "a text",
            Self::Cause => "the name of a cause",
            Self::Phase => "the name of a phase",
            Self::Duration => "a duration",
            Self::Timestamp => "a point in time",
            Self::Null => "null",
            Self::List => "a list",
            Self::Texts => "a list of texts",
            Self::Targets => "a list of targets",
            Self::Hops => "a list of hops",
            Self::Map => "a map",
            Self::Labels => "a set of labels",
            Self::Target => "a target",
            Self::Check => "a check",
            Self::Hop => "a hop",
            Self::Tally => "a scope",
            Self::Causes => "a count for each cause",
            Self::Distinct => "a count for each label",
            Self::Scopes => "all scopes",
            Self::Checks => "all checks",
            Self::Queries => "all queries",
            Self::Facts => "all facts",
            Self::Fields => "all fields of a text",
            Self::Alert => "the alert",
            Self::Joined => "all partners",
        }
    }

    /// Its family: kinds of one family compare with each other.
    fn family(self) -> Self {
        match self {
            Self::Int | Self::Double => Self::Double,
            Self::Text | Self::Cause | Self::Phase => Self::Text,
            Self::List | Self::Texts | Self::Targets | Self::Hops => Self::List,
            Self::Any
            | Self::Bool
            | Self::Duration
            | Self::Timestamp
            | Self::Null
            | Self::Map
            | Self::Labels
            | Self::Target
            | Self::Check
            | Self::Hop
            | Self::Tally
            | Self::Causes
            | Self::Distinct
            | Self::Scopes
            | Self::Checks
            | Self::Queries
            | Self::Facts
            | Self::Fields
            | Self::Alert
            | Self::Joined => self,
        }
    }

    /// Whether it is a text of some sort, or may be one.
    pub(super) fn is_text(self) -> bool {
        matches!(self.family(), Self::Text | Self::Any)
    }

    /// Whether it is a number of some sort.
    pub(super) fn is_number(self) -> bool {
        self.family() == Self::Double
    }

    /// Whether it is a list of some sort.
    pub(super) fn is_list(self) -> bool {
        self.family() == Self::List
    }

    /// Whether it has an order, or may have one.
    pub(super) fn is_ordered(self) -> bool {
        let family = self.family();
        matches!(family, Self::Double | Self::Text | Self::Duration | Self::Timestamp | Self::Any)
    }

    /// Whether a person can read it in the middle of a sentence.
    pub(super) fn is_written_out(self) -> bool {
        self.is_ordered() || self == Self::Bool
    }

    /// Whether it is only a way to its fields, and no value by itself.
    pub(super) fn is_way(self) -> bool {
        match self {
            Self::Labels
            | Self::Check
            | Self::Tally
            | Self::Causes
            | Self::Distinct
            | Self::Scopes
            | Self::Checks
            | Self::Queries
            | Self::Facts
            | Self::Fields
            | Self::Alert
            | Self::Joined => true,
            Self::Any
            | Self::Bool
            | Self::Int
            | Self::Double
            | Self::Text
            | Self::Cause
            | Self::Phase
            | Self::Duration
            | Self::Timestamp
            | Self::Null
            | Self::List
            | Self::Texts
            | Self::Targets
            | Self::Hops
            | Self::Map
            | Self::Target
            | Self::Hop => false,
        }
    }

    /// Whether one of this kind can be equal to one of the other.
    pub(super) fn compares_with(self, other: Self) -> bool {
        self == Self::Any || other == Self::Any || self.family() == other.family()
    }

    /// Whether `given` can stand where this kind is wanted.
    pub(super) fn takes(self, given: Self) -> bool {
        self == Self::Any
            || given == Self::Any
            || self == given
            || (self == Self::Text && given.is_text())
            || (self == Self::List && given.is_list())
    }

    /// The kind of the elements of a list, of the keys of a map.
    pub(super) fn element(self) -> Option<Self> {
        match self {
            Self::Any | Self::List | Self::Map => Some(Self::Any),
            Self::Texts => Some(Self::Text),
            Self::Targets => Some(Self::Target),
            Self::Hops => Some(Self::Hop),
            Self::Bool
            | Self::Int
            | Self::Double
            | Self::Text
            | Self::Cause
            | Self::Phase
            | Self::Duration
            | Self::Timestamp
            | Self::Null
            | Self::Labels
            | Self::Target
            | Self::Check
            | Self::Hop
            | Self::Tally
            | Self::Causes
            | Self::Distinct
            | Self::Scopes
            | Self::Checks
            | Self::Queries
            | Self::Facts
            | Self::Fields
            | Self::Alert
            | Self::Joined => None,
        }
    }

    /// The list of elements of this kind.
    pub(super) fn listed(self) -> Self {
        match self.family() {
            Self::Text => Self::Texts,
            Self::Target => Self::Targets,
            Self::Hop => Self::Hops,
            Self::Any
            | Self::Bool
            | Self::Int
            | Self::Double
            | Self::Cause
            | Self::Phase
            | Self::Duration
            | Self::Timestamp
            | Self::Null
            | Self::List
            | Self::Texts
            | Self::Targets
            | Self::Hops
            | Self::Map
            | Self::Labels
            | Self::Check
            | Self::Tally
            | Self::Causes
            | Self::Distinct
            | Self::Scopes
            | Self::Checks
            | Self::Queries
            | Self::Facts
            | Self::Fields
            | Self::Alert
            | Self::Joined => Self::List,
        }
    }
}
