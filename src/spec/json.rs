//! A condition on a JSON document, in CEL. Its one variable is `body`; numbers are those of JSON, all
//! with a fraction.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::objects::{Key, Map};
use cel::{Context, Env, Value};

/// A condition that was looked at and found sound.
#[derive(Clone, Debug)]
pub struct JsonCondition {
    tree: IdedExpr,
}

impl JsonCondition {
    /// A condition made of a tree in which nothing but [`JsonCondition::BODY`] is named.
    pub(crate) fn new(tree: IdedExpr) -> Self {
        Self { tree }
    }

    /// The name of the document.
    pub const BODY: &str = "body";

    /// Whether it holds of that document.
    ///
    /// # Errors
    ///
    /// Why it has no answer, in words: a field that is not there, or an answer that is neither true
    /// nor false.
    pub fn holds(&self, document: &serde_json::Value) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.add_variable_from_value(Self::BODY, value(document));
        match Value::resolve(&self.tree, &context) {
            Ok(Value::Bool(it)) => Ok(it),
            Ok(other) => Err(format!("it gives {}, and true or false is wanted", other.type_of())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The language: CEL's own library, as the exporter has it.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

fn value(document: &serde_json::Value) -> Value {
    match document {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(it) => Value::Bool(*it),
        serde_json::Value::Number(it) => Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(it) => Value::String(it.clone().into()),
        serde_json::Value::Array(all) => Value::List(all.iter().map(value).collect::<Vec<_>>().into()),
        serde_json::Value::Object(all) => {
            let entries = all.iter().map(|(name, it)| (Key::String(name.clone().into()), value(it)));
            Value::Map(Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
        }
    }
}
