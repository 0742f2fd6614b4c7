//! A script as it was read.

use std::rc::Rc;

/// A statement and the line where it begins.
#[derive(Clone, Debug)]
pub struct Stmt {
    pub line: usize,
    pub kind: StmtKind,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    Var(Vec<(String, Option<Expr>)>),
    /// `if`, every `else if`, and the last `else`.
    If(Vec<(Expr, Stmt)>, Option<Box<Stmt>>),
    Loop {
        init: Option<Box<Stmt>>,
        test: Option<Expr>,
        step: Option<Expr>,
        body: Box<Stmt>,
    },
    Return(Option<Expr>),
    Block(Vec<Stmt>),
    Expr(Expr),
    Break,
    Continue,
    Function(Rc<Function>),
}

#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub params: Vec<String>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Debug)]
pub enum Expr {
    Text(Rc<str>),
    Number(f64),
    Bool(bool),
    Null,
    Name(String),
    Array(Vec<Expr>),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Either(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A function by its name.
    Call(String, Vec<Expr>),
    /// A method of a value.
    Method(Box<Expr>, String, Vec<Expr>),
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Assign(String, Box<Expr>),
}
