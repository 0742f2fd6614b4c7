//! Tokens to a tree, by recursive descent of bounded depth.

use super::PacError;
use super::lex::{Kind, Token};
use super::tree::{Expr, Function, Stmt, StmtKind};
use std::rc::Rc;

/// A whole script; `tokens` end with `End`.
pub fn program(tokens: Vec<Token>) -> Result<Vec<Stmt>, PacError> {
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let mut body = Vec::new();
    while parser.peek() != &Kind::End {
        body.push(parser.statement()?);
    }
    Ok(body)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

type Got<T> = Result<T, PacError>;

impl Parser {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |token| &token.kind)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |token| token.line)
    }

    fn fail<T>(&self, expected: &str) -> Got<T> {
        let found = match self.peek() {
            Kind::Name(name) if BEYOND.contains(&name.as_str()) => {
                let says = format!("{name:?} is not understood: it is outside the subset that is evaluated");
                return Err(PacError { line: self.line(), says });
            }
            Kind::Name(name) => format!("{name:?}"),
            Kind::Text(_) => "a text".into(),
            Kind::Number(number) => number.to_string(),
            Kind::Sign(sign) => format!("{sign:?}"),
            Kind::End => "the end".into(),
        };
        Err(PacError { line: self.line(), says: format!("{expected} was expected, {found} was found") })
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    fn word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Name(name) if name == word)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Got<()> {
        if self.take(sign) { Ok(()) } else { self.fail(&format!("{sign:?}")) }
    }

    fn name(&mut self) -> Got<String> {
        match self.peek().clone() {
            Kind::Name(name) if !BEYOND.contains(&name.as_str()) && !KEPT.contains(&name.as_str()) => {
                self.at += 1;
                Ok(name)
            }
            _ => self.fail("a name"),
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Parser) -> Got<T>) -> Got<T> {
        if self.depth >= DEEPEST {
            return Err(PacError { line: self.line(), says: format!("nested deeper than {DEEPEST}") });
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn statement(&mut self) -> Got<Stmt> {
        let line = self.line();
        let kind = self.deeper(Parser::statement_kind)?;
        Ok(Stmt { line, kind })
    }

    fn statement_kind(&mut self) -> Got<StmtKind> {
        if self.is("{") {
            return self.block().map(StmtKind::Block);
        }
        if self.take(";") {
            return Ok(StmtKind::Block(Vec::new()));
        }
        if self.take_word("function") {
            return self.function();
        }
        if self.take_word("if") {
            let mut branches = vec![(self.parenthesised()?, self.statement()?)];
            while self.take_word("else") {
                if !self.take_word("if") {
                    return Ok(StmtKind::If(branches, Some(Box::new(self.statement()?))));
                }
                branches.push((self.parenthesised()?, self.statement()?));
            }
            return Ok(StmtKind::If(branches, None));
        }
        if self.take_word("while") {
            let test = Some(self.parenthesised()?);
            return Ok(StmtKind::Loop { init: None, test, step: None, body: Box::new(self.statement()?) });
        }
        if self.take_word("for") {
            return self.for_loop();
        }
        let kind = self.simple()?;
        // Semicolons may be left out before a brace and at the end of a line.
        self.take(";");
        Ok(kind)
    }

    fn simple(&mut self) -> Got<StmtKind> {
        if self.take_word("return") {
            let none = self.is(";") || self.is("}") || self.peek() == &Kind::End;
            return Ok(StmtKind::Return(if none { None } else { Some(self.expression()?) }));
        }
        if self.take_word("break") {
            return Ok(StmtKind::Break);
        }
        if self.take_word("continue") {
            return Ok(StmtKind::Continue);
        }
        if self.take_word("var") || self.take_word("let") || self.take_word("const") {
            let mut all = Vec::new();
            loop {
                let name = self.name()?;
                all.push((name, if self.take("=") { Some(self.expression()?) } else { None }));
                if !self.take(",") {
                    return Ok(StmtKind::Var(all));
                }
            }
        }
        self.expression().map(StmtKind::Expr)
    }

    fn block(&mut self) -> Got<Vec<Stmt>> {
        self.expect("{")?;
        let mut body = Vec::new();
        while !self.take("}") {
            if self.peek() == &Kind::End {
                return self.fail("\"}\"");
            }
            body.push(self.statement()?);
        }
        Ok(body)
    }

    fn function(&mut self) -> Got<StmtKind> {
        let name = self.name()?;
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.take(")") {
            params.push(self.name()?);
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        Ok(StmtKind::Function(Rc::new(Function { name, params, body: self.block()? })))
    }

    fn for_loop(&mut self) -> Got<StmtKind> {
        self.expect("(")?;
        let line = self.line();
        let init = if self.is(";") { None } else { Some(Box::new(Stmt { line, kind: self.simple()? })) };
        self.expect(";")?;
        let test = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        let step = if self.is(")") { None } else { Some(self.expression()?) };
        self.expect(")")?;
        Ok(StmtKind::Loop { init, test, step, body: Box::new(self.statement()?) })
    }

    fn parenthesised(&mut self) -> Got<Expr> {
        self.expect("(")?;
        let inner = self.expression()?;
        self.expect(")").map(|()| inner)
    }

    fn expression(&mut self) -> Got<Expr> {
        self.deeper(Parser::assignment)
    }

    fn assignment(&mut self) -> Got<Expr> {
        let left = self.either()?;
        let operator = ["=", "+=", "-="].into_iter().find(|sign| self.is(sign));
        let Some(operator) = operator else { return Ok(left) };
        let Expr::Name(name) = left else { return self.fail("a name before \"=\"") };
        self.at += 1;
        let value = self.expression()?;
        let value = match operator.strip_suffix('=') {
            Some("+") => Expr::Binary("+", Box::new(Expr::Name(name.clone())), Box::new(value)),
            Some("-") => Expr::Binary("-", Box::new(Expr::Name(name.clone())), Box::new(value)),
            _ => value,
        };
        Ok(Expr::Assign(name, Box::new(value)))
    }

    fn either(&mut self) -> Got<Expr> {
        let test = self.binary(0)?;
        if !self.take("?") {
            return Ok(test);
        }
        let yes = self.expression()?;
        self.expect(":")?;
        Ok(Expr::Either(Box::new(test), Box::new(yes), Box::new(self.expression()?)))
    }

    /// Operators of this level and the tighter ones.
    fn binary(&mut self, level: usize) -> Got<Expr> {
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        if level < LOGICAL {
            return self.logical(level, left);
        }
        // A chain nests as deeply as it is long, and is walked as deeply.
        let mut length = 0;
        while let Some(sign) = signs.iter().copied().find(|sign| self.is(sign)) {
            self.at += 1;
            length += 1;
            if length > LONGEST_CHAIN {
                return Err(PacError { line: self.line(), says: format!("more than {LONGEST_CHAIN} operators in a row") });
            }
            left = Expr::Binary(sign, Box::new(left), Box::new(self.binary(level + 1)?));
        }
        Ok(left)
    }

    /// `||` and `&&`, of which scripts have long lists.
    fn logical(&mut self, level: usize, first: Expr) -> Got<Expr> {
        let sign = if level == 0 { "||" } else { "&&" };
        let mut all = vec![first];
        while self.take(sign) {
            all.push(self.binary(level + 1)?);
        }
        Ok(match (all.len(), level) {
            (1, _) => all.remove(0),
            (_, 0) => Expr::Or(all),
            _ => Expr::And(all),
        })
    }

    fn unary(&mut self) -> Got<Expr> {
        if self.take("!") {
            return self.deeper(Parser::unary).map(|inner| Expr::Not(Box::new(inner)));
        }
        if self.take("-") {
            return self.deeper(Parser::unary).map(|inner| Expr::Minus(Box::new(inner)));
        }
        let before = ["++", "--"].into_iter().find(|sign| self.take(sign));
        let inner = self.postfix()?;
        let after = ["++", "--"].into_iter().find(|sign| self.take(sign));
        match (before.or(after), inner) {
            (None, inner) => Ok(inner),
            (Some(sign), Expr::Name(name)) => {
                let sign = if sign == "++" { "+" } else { "-" };
                let next = Expr::Binary(sign, Box::new(Expr::Name(name.clone())), Box::new(Expr::Number(1.0)));
                let assigned = Expr::Assign(name, Box::new(next));
                // x++ gives what x was before.
                let back = if sign == "+" { "-" } else { "+" };
                let one = || Box::new(Expr::Number(1.0));
                Ok(if before.is_some() { assigned } else { Expr::Binary(back, Box::new(assigned), one()) })
            }
            _ => self.fail("a name beside \"++\" or \"--\""),
        }
    }

    fn postfix(&mut self) -> Got<Expr> {
        let mut it = self.primary()?;
        let mut length = 0;
        loop {
            length += 1;
            if length > LONGEST_CHAIN {
                return self.fail("the end of the expression");
            }
            if self.take(".") {
                let name = self.name()?;
                it = match self.is("(") {
                    true => Expr::Method(Box::new(it), name, self.arguments()?),
                    false => Expr::Member(Box::new(it), name),
                };
            } else if self.take("[") {
                it = Expr::Index(Box::new(it), Box::new(self.expression()?));
                self.expect("]")?;
            } else if self.is("(") {
                let Expr::Name(name) = it else { return self.fail("the name of a function before \"(\"") };
                it = Expr::Call(name, self.arguments()?);
            } else {
                return Ok(it);
            }
        }
    }

    fn arguments(&mut self) -> Got<Vec<Expr>> {
        self.expect("(")?;
        self.list(")")
    }

    fn list(&mut self, end: &str) -> Got<Vec<Expr>> {
        let mut all = Vec::new();
        while !self.take(end) {
            all.push(self.expression()?);
            if !self.is(end) {
                self.expect(",")?;
            }
        }
        Ok(all)
    }

    fn primary(&mut self) -> Got<Expr> {
        let expr = match self.peek().clone() {
            Kind::Text(text) => Expr::Text(text.into()),
            Kind::Number(number) => Expr::Number(number),
            Kind::Name(name) => match name.as_str() {
                "true" => Expr::Bool(true),
                "false" => Expr::Bool(false),
                "null" | "undefined" => Expr::Null,
                _ => return self.name().map(Expr::Name),
            },
            Kind::Sign("(") => return self.parenthesised(),
            Kind::Sign("[") => {
                self.at += 1;
                return self.list("]").map(Expr::Array);
            }
            _ => return self.fail("a value"),
        };
        self.at += 1;
        Ok(expr)
    }
}

/// From the loosest to the tightest.
const LEVELS: &[&[&str]] = &[&["||"], &["&&"], &["===", "!==", "==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
/// So many levels are logical.
const LOGICAL: usize = 2;
/// Words of the language that are outside the subset.
const BEYOND: &[&str] = &[
    "new",
    "this",
    "switch",
    "case",
    "try",
    "catch",
    "throw",
    "typeof",
    "instanceof",
    "delete",
    "void",
    "with",
    "do",
    "class",
    "eval",
    "import",
    "export",
    "async",
    "await",
    "yield",
];
/// Words that are no names.
const KEPT: &[&str] = &["if", "else", "for", "while", "return", "break", "continue", "function", "var", "let", "const", "in"];
/// Ours: deeper nesting is refused.
const DEEPEST: usize = 64;
/// Ours: longer chains of one operator are refused.
const LONGEST_CHAIN: usize = 100;
