//! Interface only.
use crate::condition::{Failed, Known, Mistake};
use crate::view::View;
/// A text with `{{ … }}`.
#[derive(Debug)]
pub struct Template(());
/// What a template may speak of.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    LabelsOnly,
    Everything,
}
impl Template {
    /// Compiles.
    pub fn compile(_source: &str, _known: &Known, _reach: Reach) -> Result<Self, Vec<Mistake>> {
        unimplemented!()
    }
    /// Fills it in.
    pub fn render(&self, _view: &dyn View) -> Result<String, Failed> {
        unimplemented!()
    }
}
