//! The values of a script, and how they turn into one another. ECMA-262 7.1, as far as the subset goes.

use std::rc::Rc;

#[derive(Clone, Debug)]
pub enum Value {
    Text(Rc<str>),
    Number(f64),
    Bool(bool),
    /// null and undefined.
    Null,
    Array(Rc<Vec<Value>>),
}

impl Value {
    pub fn truthy(&self) -> bool {
        match self {
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Bool(it) => *it,
            Value::Null => false,
            Value::Array(_) => true,
        }
    }

    pub fn text(&self) -> Rc<str> {
        match self {
            Value::Text(text) => text.clone(),
            Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}").into(),
            Value::Number(number) => number.to_string().into(),
            Value::Bool(it) => it.to_string().into(),
            Value::Null => "null".into(),
            Value::Array(all) => all.iter().map(Value::text).collect::<Vec<_>>().join(",").into(),
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Value::Text(text) if text.trim().is_empty() => 0.0,
            Value::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Value::Number(number) => *number,
            Value::Bool(it) => f64::from(u8::from(*it)),
            Value::Null => 0.0,
            Value::Array(_) => f64::NAN,
        }
    }

    /// `===`
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Null, Value::Null) => true,
            (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// `==`
    pub fn equal(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, _) | (_, Value::Null) => self.same(other),
            (Value::Text(_), Value::Text(_)) | (Value::Array(_), Value::Array(_)) => self.same(other),
            (Value::Array(_), other) | (other, Value::Array(_)) => match (self, other) {
                (Value::Array(_), _) => Value::Text(self.text()).equal(other),
                _ => Value::Text(other.text()).equal(self),
            },
            _ => self.number() == other.number(),
        }
    }
}
