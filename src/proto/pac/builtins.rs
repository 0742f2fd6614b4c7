//! The functions that every script may call, and the methods of its values.

use super::World;
use super::value::Value;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// What is missing for an answer.
#[derive(Debug)]
pub enum Need {
    /// The address of this name.
    Name(String),
    /// It cannot be answered, and why.
    Says(String),
}

type Answer = Result<Value, Need>;

/// Calls the function of that name; nothing when there is none.
pub fn call(name: &str, arguments: &[Value], world: &World) -> Option<Answer> {
    let text = |i: usize| arguments.get(i).unwrap_or(&Value::Null).text();
    let yes = |it: bool| Ok(Value::Bool(it));
    Some(match name {
        "isPlainHostName" => yes(!text(0).contains(['.', ':'])),
        "dnsDomainIs" => yes(text(0).to_lowercase().ends_with(&text(1).to_lowercase())),
        "localHostOrDomainIs" => {
            let (host, whole) = (text(0).to_lowercase(), text(1).to_lowercase());
            yes(host == whole || !host.contains('.') && whole.split('.').next() == Some(&host))
        }
        "isResolvable" => resolved(arguments.first(), world).map(|address| Value::Bool(address.is_some())),
        "dnsResolve" => resolved(arguments.first(), world).map(|address| address.map_or(Value::Null, written)),
        "isInNet" => resolved(arguments.first(), world).map(|address| Value::Bool(in_net(address, &text(1), &text(2)))),
        "myIpAddress" => Ok(written(world.ours)),
        "dnsDomainLevels" => Ok(Value::Number(text(0).matches('.').count() as f64)),
        "shExpMatch" => yes(shell_match(&text(0), &text(1))),
        "weekdayRange" => weekdays(arguments, world),
        "timeRange" => hours(arguments, world),
        "alert" => Ok(Value::Null),
        "dateRange" => Err(Need::Says("dateRange is outside the subset that is evaluated".into())),
        "parseInt" => Ok(Value::Number(leading_number(&text(0)))),
        "String" => Ok(Value::Text(text(0))),
        "Number" => Ok(Value::Number(arguments.first().unwrap_or(&Value::Null).number())),
        _ => return None,
    })
}

/// The method of a text or an array; nothing when there is none.
pub fn method(of: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    match of {
        Value::Array(all) => array_method(all, name, arguments),
        Value::Null => None,
        of => text_method(&of.text(), name, arguments),
    }
}

fn array_method(all: &Rc<Vec<Value>>, name: &str, arguments: &[Value]) -> Option<Value> {
    let sought = arguments.first().unwrap_or(&Value::Null);
    let place = || all.iter().position(|one| one.same(sought));
    Some(match name {
        "indexOf" => Value::Number(place().map_or(-1.0, |at| at as f64)),
        "includes" => Value::Bool(place().is_some()),
        "join" => {
            let between = if arguments.is_empty() { ",".into() } else { sought.text() };
            Value::Text(all.iter().map(Value::text).collect::<Vec<_>>().join(&between).into())
        }
        _ => return None,
    })
}

fn text_method(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let argument = |i: usize| arguments.get(i).unwrap_or(&Value::Null);
    let number = |i: usize, default: f64| arguments.get(i).map_or(default, |value| value.number());
    let sought = argument(0).text();
    let (len, index) = (text.chars().count() as f64, |at: usize| text.get(..at).map_or(0, |head| head.chars().count()) as f64);
    let cut = |from: f64, to: f64| {
        let (from, to) = (from.clamp(0.0, len) as usize, to.clamp(0.0, len) as usize);
        Value::Text(text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>().into())
    };
    let back = |at: f64| if at < 0.0 { len + at } else { at };
    Some(match name {
        "toLowerCase" => Value::Text(text.to_lowercase().into()),
        "toUpperCase" => Value::Text(text.to_uppercase().into()),
        "trim" => Value::Text(text.trim().into()),
        "toString" => Value::Text(text.into()),
        "indexOf" => Value::Number(text.find(&*sought).map_or(-1.0, index)),
        "lastIndexOf" => Value::Number(text.rfind(&*sought).map_or(-1.0, index)),
        "includes" => Value::Bool(text.contains(&*sought)),
        "startsWith" => Value::Bool(text.starts_with(&*sought)),
        "endsWith" => Value::Bool(text.ends_with(&*sought)),
        "charAt" => cut(number(0, 0.0), number(0, 0.0) + 1.0),
        "substring" => {
            let (a, b) = (number(0, 0.0).clamp(0.0, len), number(1, len).clamp(0.0, len));
            cut(a.min(b), a.max(b))
        }
        "substr" => cut(back(number(0, 0.0)), back(number(0, 0.0)) + number(1, len).max(0.0)),
        "slice" => cut(back(number(0, 0.0)), back(number(1, len))),
        "replace" => Value::Text(text.replacen(&*sought, &argument(1).text(), 1).into()),
        "concat" => Value::Text(arguments.iter().fold(text.to_string(), |all, one| all + &one.text()).into()),
        "split" if sought.is_empty() => Value::Array(Rc::new(text.chars().map(|c| Value::Text(c.to_string().into())).collect())),
        "split" => Value::Array(Rc::new(text.split(&*sought).map(|part| Value::Text(part.into())).collect())),
        _ => return None,
    })
}

fn written(address: Ipv4Addr) -> Value {
    Value::Text(address.to_string().into())
}

/// null is what dnsResolve gives for a name without an address.
fn resolved(host: Option<&Value>, world: &World) -> Result<Option<Ipv4Addr>, Need> {
    let host = match host {
        None | Some(Value::Null) => return Ok(None),
        Some(host) => host.text(),
    };
    match host.parse() {
        Ok(address) => Ok(Some(address)),
        Err(_) => world.names.get(&*host).copied().ok_or_else(|| Need::Name(host.to_string())),
    }
}

fn in_net(address: Option<Ipv4Addr>, network: &str, mask: &str) -> bool {
    let read = |text: &str| text.trim().parse::<Ipv4Addr>().ok();
    match (address, read(network), read(mask)) {
        (Some(address), Some(network), Some(mask)) => address.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits(),
        _ => false,
    }
}

/// `*` and `?`, in time proportional to the product of the lengths.
fn shell_match(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => (t, p) = (t + 1, p + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (t, p) = (from + 1, at + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// `weekdayRange("MON")` or `weekdayRange("MON", "FRI")`, perhaps with `"GMT"`.
fn weekdays(arguments: &[Value], world: &World) -> Answer {
    let days: Vec<Rc<str>> = arguments.iter().map(Value::text).filter(|text| &**text != "GMT").collect();
    let day = |text: &Rc<str>| DAYS.iter().position(|day| *day == &**text);
    let days: Option<Vec<usize>> = days.iter().map(day).collect();
    // 1970-01-01 was a Thursday.
    let today = (world.now_unix.div_euclid(86_400) + 4).rem_euclid(7) as usize;
    match days.as_deref() {
        Some([one]) => Ok(Value::Bool(*one == today)),
        Some([from, to]) => Ok(Value::Bool(within(today, *from, *to))),
        _ => Err(Need::Says("weekdayRange wants one or two of SUN to SAT".into())),
    }
}

/// `timeRange(hour)` or `timeRange(hour, hour)`, perhaps with `"GMT"`.
fn hours(arguments: &[Value], world: &World) -> Answer {
    let hours: Vec<f64> = arguments.iter().filter(|value| !matches!(value, Value::Text(_))).map(Value::number).collect();
    let hour = world.now_unix.rem_euclid(86_400) / 3600;
    match hours.as_slice() {
        [one] => Ok(Value::Bool(*one == hour as f64)),
        [from, to] if (0.0..=24.0).contains(from) && (0.0..=24.0).contains(to) => {
            Ok(Value::Bool(within(hour as usize, *from as usize, *to as usize)))
        }
        _ => Err(Need::Says("timeRange with minutes is outside the subset that is evaluated".into())),
    }
}

fn within(it: usize, from: usize, to: usize) -> bool {
    if from <= to { (from..=to).contains(&it) } else { it >= from || it <= to }
}

fn leading_number(text: &str) -> f64 {
    let text = text.trim();
    let end = text.char_indices().find(|(i, c)| !(c.is_ascii_digit() || *i == 0 && *c == '-')).map_or(text.len(), |(i, _)| i);
    text.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(f64::NAN)
}

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
