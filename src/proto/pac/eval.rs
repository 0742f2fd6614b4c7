//! The tree, walked, within bounds of steps, depth and memory.

use super::tree::{Expr, Function, Stmt, StmtKind};
use super::value::Value;
use super::{PacError, World, builtins};
use std::collections::HashMap;
use std::rc::Rc;

/// Why a run ended without an answer.
#[derive(Debug)]
pub enum Stop {
    /// This name must be looked up.
    Name(String),
    Error(PacError),
}

pub type Run<T> = Result<T, Stop>;

/// Runs the body, then calls one of its functions; its answer as text.
pub fn call(body: &[Stmt], function: &str, arguments: &[&str], world: &World) -> Run<String> {
    let mut machine =
        Machine { world, functions: HashMap::new(), globals: HashMap::new(), frames: Vec::new(), steps: 0, bytes: 0, line: 0, depth: 0 };
    machine.declare(body);
    machine.block(body)?;
    let arguments = arguments.iter().map(|text| Value::Text((*text).into())).collect();
    match machine.function(function, arguments)? {
        Value::Null => Ok(String::new()),
        answer => Ok(answer.text().to_string()),
    }
}

/// How a statement ends.
enum Flow {
    On,
    Break,
    Continue,
    Return(Value),
}

struct Machine<'a> {
    world: &'a World,
    functions: HashMap<String, Rc<Function>>,
    globals: HashMap<String, Value>,
    frames: Vec<HashMap<String, Value>>,
    steps: usize,
    bytes: usize,
    line: usize,
    depth: usize,
}

impl Machine<'_> {
    fn fail<T>(&self, says: impl Into<String>) -> Run<T> {
        Err(Stop::Error(PacError { line: self.line, says: says.into() }))
    }

    fn step(&mut self) -> Run<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS { self.fail(format!("it does not end within {MOST_STEPS} steps")) } else { Ok(()) }
    }

    fn made(&mut self, value: Value) -> Run<Value> {
        self.bytes += match &value {
            Value::Text(text) => text.len(),
            Value::Array(all) => all.len() * std::mem::size_of::<Value>(),
            _ => 0,
        };
        if self.bytes > MOST_MADE { self.fail(format!("it makes more than {MOST_MADE} bytes of text")) } else { Ok(value) }
    }

    /// Functions may be called before the line where they stand.
    fn declare(&mut self, body: &[Stmt]) {
        for statement in body {
            if let StmtKind::Function(function) = &statement.kind {
                self.functions.insert(function.name.clone(), function.clone());
            }
        }
    }

    fn block(&mut self, body: &[Stmt]) -> Run<Flow> {
        for statement in body {
            match self.statement(statement)? {
                Flow::On => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    /// Goes one level deeper for as long as `doing` takes.
    fn deeper<T>(&mut self, doing: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        if self.depth >= DEEPEST {
            return self.fail(format!("statements and expressions nested deeper than {DEEPEST}"));
        }
        self.depth += 1;
        let result = doing(self);
        self.depth -= 1;
        result
    }

    fn statement(&mut self, statement: &Stmt) -> Run<Flow> {
        self.deeper(|machine| machine.statement_here(statement))
    }

    fn statement_here(&mut self, statement: &Stmt) -> Run<Flow> {
        self.step()?;
        self.line = statement.line;
        match &statement.kind {
            StmtKind::Function(_) => self.declare(std::slice::from_ref(statement)),
            StmtKind::Var(all) => {
                for (name, value) in all {
                    let value = value.as_ref().map_or(Ok(Value::Null), |value| self.value(value))?;
                    match self.frames.last_mut() {
                        Some(frame) => frame.insert(name.clone(), value),
                        None => self.globals.insert(name.clone(), value),
                    };
                }
            }
            StmtKind::If(branches, other) => {
                for (test, then) in branches {
                    if self.value(test)?.truthy() {
                        return self.statement(then);
                    }
                }
                return other.as_ref().map_or(Ok(Flow::On), |other| self.statement(other));
            }
            StmtKind::Loop { init, test, step, body } => return self.around(init.as_deref(), test.as_ref(), step.as_ref(), body),
            StmtKind::Return(value) => {
                return Ok(Flow::Return(value.as_ref().map_or(Ok(Value::Null), |value| self.value(value))?));
            }
            StmtKind::Block(body) => return self.block(body),
            StmtKind::Expr(expr) => drop(self.value(expr)?),
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn around(&mut self, init: Option<&Stmt>, test: Option<&Expr>, step: Option<&Expr>, body: &Stmt) -> Run<Flow> {
        if let Some(init) = init {
            self.statement(init)?;
        }
        while test.map_or(Ok(true), |test| self.value(test).map(|value| value.truthy()))? {
            match self.statement(body)? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::On | Flow::Continue => {}
            }
            if let Some(step) = step {
                self.value(step)?;
            }
        }
        Ok(Flow::On)
    }

    fn function(&mut self, name: &str, arguments: Vec<Value>) -> Run<Value> {
        let Some(function) = self.functions.get(name).cloned() else {
            return match builtins::call(name, &arguments, self.world) {
                Some(Ok(value)) => self.made(value),
                Some(Err(builtins::Need::Name(name))) => Err(Stop::Name(name)),
                Some(Err(builtins::Need::Says(says))) => self.fail(says),
                None => self.fail(format!("there is no function {name:?} in the script, nor in the subset that is evaluated")),
            };
        };
        if self.frames.len() >= DEEPEST_CALL {
            return self.fail(format!("calls nested deeper than {DEEPEST_CALL}"));
        }
        let given = arguments.into_iter().chain(std::iter::repeat(Value::Null));
        self.frames.push(function.params.iter().cloned().zip(given).collect());
        self.declare(&function.body);
        let back = self.line;
        let flow = self.block(&function.body);
        self.frames.pop();
        let value = match flow? {
            Flow::Return(value) => value,
            _ => Value::Null,
        };
        self.line = back;
        Ok(value)
    }

    fn value(&mut self, expr: &Expr) -> Run<Value> {
        self.deeper(|machine| machine.value_here(expr))
    }

    fn value_here(&mut self, expr: &Expr) -> Run<Value> {
        self.step()?;
        Ok(match expr {
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Bool(it) => Value::Bool(*it),
            Expr::Null => Value::Null,
            Expr::Name(name) => match self.frames.last().and_then(|frame| frame.get(name)).or_else(|| self.globals.get(name)) {
                Some(value) => value.clone(),
                None => return self.fail(format!("{name:?} is not defined")),
            },
            Expr::Array(all) => {
                let all = self.values(all)?;
                self.made(Value::Array(Rc::new(all)))?
            }
            Expr::Not(inner) => Value::Bool(!self.value(inner)?.truthy()),
            Expr::Minus(inner) => Value::Number(-self.value(inner)?.number()),
            Expr::And(all) => self.until(all, false)?,
            Expr::Or(all) => self.until(all, true)?,
            Expr::Either(test, yes, no) => {
                if self.value(test)?.truthy() {
                    self.value(yes)?
                } else {
                    self.value(no)?
                }
            }
            Expr::Binary(sign, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                let value = binary(sign, &a, &b);
                self.made(value)?
            }
            Expr::Call(name, arguments) => {
                let arguments = self.values(arguments)?;
                self.function(name, arguments)?
            }
            Expr::Method(of, name, arguments) => {
                let (of, arguments) = (self.value(of)?, self.values(arguments)?);
                match builtins::method(&of, name, &arguments) {
                    Some(value) => self.made(value)?,
                    None => return self.fail(format!("the method {name:?} is outside the subset that is evaluated")),
                }
            }
            Expr::Member(of, name) => match (self.value(of)?, name.as_str()) {
                (Value::Text(text), "length") => Value::Number(text.chars().count() as f64),
                (Value::Array(all), "length") => Value::Number(all.len() as f64),
                _ => return self.fail(format!("the member {name:?} is outside the subset that is evaluated")),
            },
            Expr::Index(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?.number());
                let at = if at >= 0.0 && at.fract() == 0.0 { at as usize } else { usize::MAX };
                match of {
                    Value::Array(all) => all.get(at).cloned().unwrap_or(Value::Null),
                    Value::Text(text) => text.chars().nth(at).map_or(Value::Null, |c| Value::Text(c.to_string().into())),
                    _ => return self.fail("only arrays and texts have elements"),
                }
            }
            Expr::Assign(name, value) => {
                let value = self.value(value)?;
                let local = self.frames.last_mut().and_then(|frame| frame.get_mut(name));
                match local {
                    Some(place) => *place = value.clone(),
                    None => drop(self.globals.insert(name.clone(), value.clone())),
                }
                value
            }
        })
    }

    /// The first value that is as sought, else the last.
    fn until(&mut self, all: &[Expr], sought: bool) -> Run<Value> {
        let mut last = Value::Null;
        for one in all {
            last = self.value(one)?;
            if last.truthy() == sought {
                break;
            }
        }
        Ok(last)
    }

    fn values(&mut self, all: &[Expr]) -> Run<Vec<Value>> {
        all.iter().map(|one| self.value(one)).collect()
    }
}

fn binary(sign: &str, a: &Value, b: &Value) -> Value {
    let texts = matches!(a, Value::Text(_) | Value::Array(_)) || matches!(b, Value::Text(_) | Value::Array(_));
    let ordered = |holds: fn(std::cmp::Ordering) -> bool| {
        let order = match (a, b) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            _ => a.number().partial_cmp(&b.number()),
        };
        Value::Bool(order.is_some_and(holds))
    };
    match sign {
        "+" if texts => Value::Text([a.text(), b.text()].concat().into()),
        "+" => Value::Number(a.number() + b.number()),
        "-" => Value::Number(a.number() - b.number()),
        "*" => Value::Number(a.number() * b.number()),
        "/" => Value::Number(a.number() / b.number()),
        "%" => Value::Number(a.number() % b.number()),
        "===" => Value::Bool(a.same(b)),
        "!==" => Value::Bool(!a.same(b)),
        "==" => Value::Bool(a.equal(b)),
        "!=" => Value::Bool(!a.equal(b)),
        "<" => ordered(std::cmp::Ordering::is_lt),
        ">" => ordered(std::cmp::Ordering::is_gt),
        "<=" => ordered(std::cmp::Ordering::is_le),
        ">=" => ordered(std::cmp::Ordering::is_ge),
        _ => Value::Null,
    }
}

/// Ours: a run of more steps is stopped; a long list of hosts takes some ten thousand.
const MOST_STEPS: usize = 1_000_000;
/// Ours: bytes of texts and arrays made in one run.
const MOST_MADE: usize = 16 << 20;
/// Ours: statements and expressions within one another, those of the callers included; the stack holds ten times as many.
const DEEPEST: usize = 400;
/// Ours: deeper recursion is stopped.
const DEEPEST_CALL: usize = 32;
