//! The questions about other alerts as CEL's values: `firing(…)` and `firing_prefix(…)` ask the view, and
//! only what is asked is looked up.

use std::fmt;

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString, Type};
use cel::common::value::{CowVal, Val};

use super::world::no_text;
use crate::labels::Labels;
use crate::view::View;

/// The variable behind `firing(name, labels)`, which is indexed by both.
pub(super) const FIRING: &str = "@firing";
/// The variable behind `firing_prefix(text)`, which is indexed by it.
pub(super) const FIRING_PREFIX: &str = "@firing_prefix";

/// The question whether an alert fires.
pub(super) struct Firing<'v> {
    pub(super) view: &'v dyn View,
    pub(super) by: Naming,
}

/// How the question names the alert.
#[derive(Clone, Copy, Debug)]
pub(super) enum Naming {
    /// By its name, and by labels where some are given: the index is a list of both.
    Name,
    /// By how its name begins: the index is that text.
    Prefix,
}

impl fmt::Debug for Firing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Firing").field("by", &self.by).finish_non_exhaustive()
    }
}

impl Val for Firing<'_> {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        &QUESTION
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Self { view: self.view, by: self.by })
    }
}

impl Firing<'_> {
    fn fires(&self, index: &dyn Val) -> Result<bool, ExecutionError> {
        let parts = index.downcast_ref::<CelList>().ok_or_else(|| no_text(index))?.inner();
        let name = parts.first().and_then(|it| it.downcast_ref::<CelString>());
        let name = name.ok_or_else(|| no_text(index))?;
        let labels = match parts.get(1) {
            Some(map) => labels_of(&**map)?,
            None => Labels::default(),
        };
        Ok(self.view.firing(name.inner(), &labels))
    }
}

impl Indexer for Firing<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let fires = match self.by {
            Naming::Name => self.fires(index)?,
            Naming::Prefix => {
                let prefix = index.downcast_ref::<CelString>().ok_or_else(|| no_text(index))?;
                self.view.firing_prefix(prefix.inner())
            }
        };
        Ok(CowVal::owned(CelBool::from(fires)))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

fn labels_of(map: &dyn Val) -> Result<Labels, ExecutionError> {
    let map = map.downcast_ref::<CelMap>().ok_or_else(|| no_text(map))?;
    let mut labels = Vec::new();
    for (name, value) in map.inner() {
        let CelMapKey::String(name) = name else {
            return Err(ExecutionError::function_error("firing", "the names of labels are texts"));
        };
        let value = value.downcast_ref::<CelString>().ok_or_else(|| no_text(&**value))?;
        labels.push((name.inner(), value.inner()));
    }
    Ok(labels.into_iter().collect())
}

static QUESTION: Type = Type::new_unspecified_type("question");
