//! What is done to a call that stands: sizes, bytes, speed, time.

use super::{Culprit, Hit, Level, Row, View, told};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, BULK_ECHO, ECHO_SIZES, Ending, Trial};
use std::time::Duration;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "DPI-SSTP-SIZE-FILTER",
        layer: Layer::Sstp,
        title: "Connections with the record lengths of SSTP are cut",
        mechanism: "a filter knows SSTP by the lengths of its first TLS records",
        evidence: "in eight rounds the call is cut behind the Call Connect Request, and not when that request has other record lengths",
        most: Level::Probable,
        raise: "a witness at the server",
        fix: "The operator of the network: it tolerates TLS and cuts this tunnel by its pattern; ask for an exception.",
        explains: &["DATA-RECORD-SIZE-FILTER"],
        look: by_sizes,
        ..CALL
    },
    Row {
        id: "DATA-RECORD-SIZE-FILTER",
        title: "Long packets do not come through, in short segments neither",
        mechanism: "something stops the connection at a long TLS record",
        evidence: "LCP echoes up to one length come back, longer ones never, whatever the length of the segments, and as many bytes in short echoes do; or hellos are answered at short length and never at length",
        most: Level::Probable,
        raise: "a witness at the server tells the box from the server",
        fix: "The owner of the box: TLS records have up to 16 KiB; it stops at shorter ones.",
        look: long_records,
        ..CALL
    },
    Row {
        id: "DATA-LENGTH-BAND",
        title: "Packets of certain lengths do not come through, longer ones do",
        mechanism: "something stops the connection at a packet, or a TLS record, of a certain length; shorter and longer ones pass",
        evidence: "LCP echoes up to one length come back, the next longer one never, whatever the length of the segments; many echoes that are longer still do",
        most: Level::Probable,
        raise: "a witness at the server tells the box from the server",
        fix: "The owner of the box: look for a rule about packets from one length to another (a signature, a rate limit by length), and not for an upper limit; the report has the lengths.",
        explains: &["DATA-RECORD-SIZE-FILTER"],
        look: band,
        ..CALL
    },
    Row {
        id: "DATA-BYTE-CAP",
        title: "Transfers stop behind a number of bytes",
        mechanism: "a connection is frozen or cut when it carried so much",
        evidence: "five transfers stopped within a fifth of the same number of bytes, or within a window's where they were reset or closed, or where pages stopped at one number of bytes as well; where that is before the longest echoes, short ones stop too",
        most: Level::Probable,
        raise: "the same transfer from elsewhere",
        fix: "The operator of the network: connections stop behind this number of bytes; give them this report.",
        explains: &["DATA-RECORD-SIZE-FILTER"],
        look: |view| byte_cap(view).or_else(|| cut_off(view)).or_else(|| series(view)),
        ..CALL
    },
    Row {
        id: "DATA-THROTTLED",
        severity: Severity::Warn,
        title: "The tunnel is slowed down, and nothing else",
        mechanism: "a shaper knows SSTP by its record lengths, or tunnels by what they carry",
        evidence: "in eight rounds the call had less than half the speed of one with other record lengths, or of what pages that come down and long requests that go up leave room for",
        most: Level::Probable,
        raise: "more rounds with --rounds, at another time of day",
        fix: "The operator of the network: the tunnel gets a part of the speed that the same connection gets otherwise.",
        explains: &["DATA-RATE-LIMITED"],
        look: throttled,
        ..CALL
    },
    Row {
        id: "DATA-RATE-LIMITED",
        severity: Severity::Warn,
        title: "The line is slow, and steadily so",
        mechanism: "a shaper, or a thin line",
        evidence: "answers come at once, transfers are slow, and their packets come at even intervals",
        most: Level::Probable,
        raise: "the same from elsewhere",
        fix: "The operator of the network: what rate does this line have? It goes for every connection.",
        look: rate_limited,
        ..CALL
    },
    Row {
        id: "TEAR-IDLE-MIDDLEBOX",
        title: "Quiet calls are forgotten",
        mechanism: "a box drops connections on which nothing is said",
        evidence: "all quiet calls from one age on are gone, younger ones and busy ones are not",
        raise: "a finer search with a longer --max-idle",
        fix: "The owner of the firewall or balancer: raise the idle timer for this host. The server's owner: or send keepalives more often.",
        look: idle,
        ..CALL
    },
    Row {
        id: "TEAR-LIFETIME-CAP",
        title: "Calls end at a certain age",
        mechanism: "a box ends connections of that age, busy or not",
        evidence: "busy calls end at the age at which quiet ones do",
        most: Level::Probable,
        raise: "a finer search with a longer --max-idle",
        fix: "The owner of the proxy, balancer or firewall: look for a maximum lifetime of sessions.",
        look: lifetime,
        ..CALL
    },
    Row {
        id: "NET-NO-INTERFERENCE-SEEN",
        layer: Layer::Teardown,
        severity: Severity::Note,
        culprit: Culprit::Nobody,
        title: "No interference was seen",
        mechanism: "none",
        evidence: "every experiment that was run came through; that is no proof that there is none",
        most: Level::Probable,
        raise: "--max-idle for idle timers, --user for crypto binding, --control and --reference for certificates",
        fix: "Nobody has to change anything on the way, as far as these experiments see.",
        ..CALL
    },
];

const CALL: Row = Row { layer: Layer::Data, ..Row::ROW };

fn by_sizes(view: &View<'_>) -> Option<Hit> {
    let cut = view.cut(Arm::Call) && view.open(Arm::CallSplit);
    let level = view.contrast(Arm::CallSplit, Arm::Call).level(8).filter(|_| cut)?;
    let how = view.ending(Arm::Call).map(Ending::word).unwrap_or_default();
    Some(Hit::new(
        level,
        format!("{} calls ended in {how} behind the Call Connect Request; with other record lengths none did", view.of_all(Arm::Call)),
    ))
}

/// The longest echo that came back, where a longer one never did.
fn longest(view: &View<'_>, arm: Arm) -> Option<u64> {
    let stopped = view.shut(arm) && view.trials(arm).all(|trial| trial.ending.is_wordless() && trial.reached == Some(Layer::Lcp));
    stopped.then(|| view.trials(arm).filter_map(|trial| trial.saw.value).max())?
}

fn long_records(view: &View<'_>) -> Option<Hit> {
    if super::shape::long_answers(view) {
        let says = format!(
            "hellos whose answer is short pass, {} whole handshakes and those hellos whose answer is long end in silence, in short segments too",
            view.of_all(Arm::Tls)
        );
        let level = if view.tally(Arm::Tls).failed >= 3 { Level::Probable } else { Level::Suspected };
        return Some(Hit::new(level, says).at(Layer::Tls).or_else("a server that stops at its certificate"));
    }
    let (plain, short) = (longest(view, Arm::Echo)?, longest(view, Arm::EchoShortSegments)?);
    // As many bytes in short echoes tell a length from a number of bytes.
    let (many, failed) = (view.tally(Arm::EchoMany), view.tally(Arm::Echo).failed);
    let same =
        plain == short && plain >= SMALL && failed >= 2 && !short_ones_stop(view) && many.failed == 0 && !longer_ones_pass(view, plain);
    same.then(|| {
        let beside = if many.passed > 0 { "; as many bytes in short ones do" } else { "" };
        Hit::new(
            if failed >= 3 && many.passed > 0 { Level::Probable } else { Level::Suspected },
            format!("echoes of {plain} bytes come back, longer ones {failed} times did not, in short segments neither{beside}"),
        )
        .or_else("a server that answers no longer echoes")
    })
}

/// Where short echoes stop as well it does not go by their length.
fn short_ones_stop(view: &View<'_>) -> bool {
    view.trials(Arm::Bulk).any(|trial| !trial.passed() && trial.saw.bytes.is_some() && trial.saw.beat.is_none())
}

/// Many echoes came back that are longer than the one that never did behind this one.
fn longer_ones_pass(view: &View<'_>, plain: u64) -> bool {
    let passed = [Arm::Bulk, Arm::BulkSplit].into_iter().any(|arm| view.open(arm));
    passed && next(plain).is_some_and(|next| next < BULK_ECHO as u64)
}

/// The length of the echo behind that one.
fn next(plain: u64) -> Option<u64> {
    ECHO_SIZES.into_iter().map(|size| size as u64).find(|size| *size > plain)
}

fn band(view: &View<'_>) -> Option<Hit> {
    let (plain, short) = (longest(view, Arm::Echo)?, longest(view, Arm::EchoShortSegments).or_else(|| longest(view, Arm::Echo))?);
    let failed = view.tally(Arm::Echo).failed;
    let stops = next(plain).filter(|_| plain == short && failed >= 2 && longer_ones_pass(view, plain))?;
    let says = format!(
        "echoes of {plain} bytes come back, those of {stops} {failed} times did not, in short segments neither; echoes of {BULK_ECHO} bytes come back, many in a row: \
         what is stopped begins between {plain} and {stops} bytes of payload and ends between {stops} and {BULK_ECHO}"
    );
    Some(
        Hit::new(if failed >= 3 { Level::Probable } else { Level::Suspected }, says)
            .or_else("a server that answers some lengths of echo only"),
    )
}

/// `6 transfers stopped behind 40000 to 41000 bytes`.
fn stops(transfers: usize, how: &str, least: u64, most: u64) -> String {
    let bytes = told::amount([least, most], "byte").unwrap_or_default();
    format!("{} {how} behind {bytes}", told::count(transfers, "transfer"))
}

fn byte_cap(view: &View<'_>) -> Option<Hit> {
    let stopped: Vec<u64> = [Arm::Bulk, Arm::BulkSplit]
        .into_iter()
        .flat_map(|arm| view.trials(arm))
        .filter(|trial| trial.ending.is_wordless() && trial.reached == Some(Layer::Lcp))
        .filter_map(|trial| trial.saw.bytes)
        .collect();
    let (least, most) = (*stopped.iter().min()?, *stopped.iter().max()?);
    let none_passed = view.tally(Arm::Bulk).passed == 0;
    // What carried more bytes and was not stopped says that it does not go by bytes.
    let carried_more = view.open(Arm::Echo) && most < SIZES;
    // Where long echoes do not come back short ones have to stop as well, when they carried as much.
    let short_ones = view.cut(Arm::EchoMany) && view.trials(Arm::EchoMany).all(|trial| trial.reached == Some(Layer::Lcp));
    let by_bytes = longest(view, Arm::Echo).is_none() || short_ones;
    // Of echoes a window is under way when it happens; pages are counted to the byte.
    let pages = told::pages(view).filter(|pages| most - least <= WINDOW && pages.last <= most * 2 && pages.first * 2 >= least);
    let close = least * 5 >= most * 4 || pages.as_ref().is_some_and(|pages| pages.silent);
    // One transfer is no number, and less than an echo is no cap. Long echoes that are all lost say less than the short ones before them.
    let few: Vec<u64> = view.trials(Arm::EchoMany).filter_map(|trial| trial.saw.bytes).filter(|_| short_ones).collect();
    let by_few = most < BULK_ECHO as u64 && few.len() >= 2 && few.iter().all(|bytes| *bytes >= BULK_ECHO as u64);
    let enough = stopped.len() >= 2 && (most >= BULK_ECHO as u64 || by_few);
    (none_passed && !carried_more && enough && close && by_bytes).then(|| {
        let level = if stopped.len() >= 5 || stopped.len() >= 3 && pages.is_some() { Level::Probable } else { Level::Suspected };
        if by_few {
            let bytes = told::amount(few.iter().copied(), "byte").unwrap_or_default();
            let longer = told::count(stopped.len(), "transfer");
            return Hit::new(
                level,
                format!("{} series of short echoes stopped behind {bytes}, and {longer} of long ones at the first of them", few.len()),
            );
        }
        let short_ones = if short_ones { ", and series of short echoes as well" } else { "" };
        let pages = pages.map_or(String::new(), |pages| pages.says());
        Hit::new(level, format!("{}{short_ones}{pages}", stops(stopped.len(), "stopped", least, most)))
    })
}

/// Transfers that are reset or closed behind about as many bytes. A reset takes along what was on its way, a window of it.
fn cut_off(view: &View<'_>) -> Option<Hit> {
    let tunnel: Vec<&Trial> = [Arm::Bulk, Arm::BulkSplit].into_iter().flat_map(|arm| view.trials(arm)).collect();
    let cut = |trial: &&Trial| matches!(trial.ending, Ending::Reset | Ending::Closed) && trial.reached == Some(Layer::Lcp);
    let stopped: Vec<u64> = tunnel.iter().filter(|trial| cut(trial)).filter_map(|trial| trial.saw.bytes).collect();
    let (least, most) = (*stopped.iter().min()?, *stopped.iter().max()?);
    let carried_more = view.open(Arm::Echo) && most < SIZES;
    if stopped.len() < tunnel.len().max(2) || most < BULK_ECHO as u64 || carried_more || most - least > WINDOW || least * 2 < most {
        return None;
    }
    // A server that ends its pages early may do so for its own reasons; here they stop where the tunnel does.
    let pages = told::pages(view).filter(|pages| pages.last <= most * 2 && pages.first * 2 >= least);
    let level = if stopped.len() >= 5 || stopped.len() >= 3 && pages.is_some() { Level::Probable } else { Level::Suspected };
    let how = format!("ended in {}", view.ending(Arm::Bulk).map(Ending::word).unwrap_or_default());
    let beside = pages.map_or(String::new(), |pages| pages.says());
    Some(Hit::new(level, format!("{}{beside}", stops(stopped.len(), &how, least, most))))
}

/// Series of echoes of two lengths that stop behind as many bytes, and not behind as many echoes.
fn series(view: &View<'_>) -> Option<Hit> {
    let stopped = |arm: Arm| -> Vec<&Trial> { view.trials(arm).filter(|trial| trial.reached == Some(Layer::Lcp)).collect() };
    let (rising, short) = (stopped(Arm::Echo), stopped(Arm::EchoMany));
    let lost = |trials: &[&Trial]| trials.len() >= 3 && trials.iter().all(|trial| trial.ending.is_wordless());
    if !lost(&rising) || !lost(&short) {
        return None;
    }
    // Of the rising ones the last that came back is known, and the next that did not.
    let carried = |longest: u64| ECHO_SIZES.iter().map(|size| *size as u64).filter(|size| *size <= longest).sum::<u64>();
    let longest: Vec<u64> = rising.iter().filter_map(|trial| trial.saw.value).collect();
    let from = carried(*longest.iter().min()?);
    let to = carried(next(*longest.iter().max()?)?);
    let few: Vec<u64> = short.iter().filter_map(|trial| trial.saw.bytes).collect();
    let (least, most) = (*few.iter().min()?, *few.iter().max()?);
    (least >= BULK_ECHO as u64 && least * 5 >= most * 4 && (from..=to).contains(&least)).then(|| {
        let bytes = told::amount([least, most], "byte").unwrap_or_default();
        let says = format!(
            "{} series of short echoes stopped behind {bytes}, and {} of a few long ones between {from} and {to}: the bytes are alike, and the echoes are not",
            few.len(),
            longest.len()
        );
        Hit::new(Level::Probable, says)
    })
}

fn mean(rates: &[f64]) -> f64 {
    rates.iter().sum::<f64>() / rates.len().max(1) as f64
}

/// Speeds of the call in parts of what another one has, or of what others leave room for, round by round.
fn ratios(view: &View<'_>, room: impl Fn(u16) -> Option<f64>) -> Vec<f64> {
    let calls = view.trials(Arm::Bulk).filter(|trial| trial.passed());
    calls.filter_map(|trial| Some(rate(trial)? / room(trial.round)?)).collect()
}

/// Speed of that arm in that round.
fn speed(view: &View<'_>, arm: Arm, round: u16) -> Option<f64> {
    view.trials(arm).find(|trial| trial.round == round && trial.passed()).and_then(rate)
}

/// What a flow that goes both ways can have, where pages come down and long requests go up as fast as that: at the worst both share one way.
fn both_ways(down: f64, up: Option<f64>) -> f64 {
    up.map_or(down / 2.0, |up| 1.0 / (1.0 / down.max(1.0) + 1.0 / up.max(1.0)))
}

fn throttled(view: &View<'_>) -> Option<Hit> {
    let fastest = view.rates(Arm::Bulk).into_iter().fold(0.0, f64::max);
    let slower = |pairs: &[f64]| {
        let (slow, all) = (pairs.iter().filter(|ratio| **ratio < 0.5).count(), pairs.len());
        // Who slows a flow down never lets it be the faster one; lost packets do now this, now that.
        let ever_faster = pairs.iter().any(|ratio| *ratio > 1.0);
        (slow * 5 >= all * 4 && slow >= 2 && !ever_faster).then_some((slow, all, 100.0 * mean(pairs)))
    };
    let level = |slow: usize| if slow >= 6 { Level::Probable } else { Level::Suspected };
    if let Some((slow, all, part)) = slower(&ratios(view, |round| speed(view, Arm::BulkSplit, round))) {
        let says = format!("in {slow} of {all} rounds the call had {part:.0} % of the speed of one that does not look like SSTP");
        return Some(Hit::new(level(slow), says));
    }
    // Servers give pages faster than echoes. Only where it goes by the bytes of an echo is it the way's doing.
    by_bytes(view, fastest).filter(|_| fastest < QUICK)?;
    // Where packets are lost, those between two losses come fast; who slows a flow down never lets so many pass.
    let runs = [Arm::Bulk, Arm::BulkSplit].into_iter().flat_map(|arm| view.trials(arm)).filter_map(|trial| trial.saw.run);
    if runs.min().is_some_and(|run| RUN * ECHO / run.duration().as_secs_f64().max(1e-6) > fastest * LEAPS) {
        return None;
    }
    let ups = view.rates(Arm::BulkUp);
    let up = |round| speed(view, Arm::BulkUp, round).or((!ups.is_empty()).then(|| mean(&ups)));
    let room = |round| speed(view, Arm::BulkPlain, round).map(|down| both_ways(down, up(round)));
    let (slow, all, part) = slower(&ratios(view, room))?;
    let down = mean(&view.rates(Arm::BulkPlain)) / 1000.0;
    let beside = format!("pages over TLS from the same server come down with {down:.0} kB/s");
    if ups.is_empty() {
        let says = format!(
            "in {slow} of {all} rounds the call had {part:.0} % of what they leave room for: {beside}; nothing tells how fast bytes go up"
        );
        return Some(Hit::new(Level::Suspected, says).or_else("a way up that is slow for everything").in_words(
            "the call goes both ways and is slow; pages come down only and are not",
            "The operator of the network: how fast is the way up of this line? If it is as fast as the way down, the tunnel gets a part of it.",
        ));
    }
    let up = mean(&ups) / 1000.0;
    let says =
        format!("in {slow} of {all} rounds the call had {part:.0} % of what is there: {beside}, long requests go up with {up:.0} kB/s");
    Some(Hit::new(level(slow), says))
}

fn rate(trial: &Trial) -> Option<f64> {
    Some(trial.saw.bytes? as f64 / trial.saw.within?.duration().as_secs_f64().max(1e-6))
}

/// Time of one short answer, where it goes by the bytes of an echo how fast echoes come.
fn by_bytes(view: &View<'_>, fastest: f64) -> Option<f64> {
    let trials = [Arm::Bulk, Arm::BulkSplit].into_iter().flat_map(|arm| view.trials(arm)).filter(|trial| trial.passed());
    // A server that answers one echo at each of its ticks is slow with short ones too.
    let single = trials.filter_map(|trial| trial.saw.beat).min()?.duration().as_secs_f64();
    let pace = ECHO / fastest.max(1.0);
    // Delayed acknowledgements and Nagle's algorithm, and the ticks of a server, give a pace of their own: half an echo takes as long.
    let halves = [Arm::Bulk, Arm::BulkSplit].into_iter().flat_map(|arm| view.trials(arm)).filter_map(|trial| trial.saw.half);
    let half = halves.min().map(|half| half.duration().as_secs_f64());
    let ticks = TICKS.contains(&pace) && half.is_none_or(|half| half > pace * AS_LONG);
    (pace > single * SLOWER && !ticks).then_some(single)
}

fn rate_limited(view: &View<'_>) -> Option<Hit> {
    let both = [Arm::Bulk, Arm::BulkSplit];
    let rates: Vec<f64> = both.into_iter().flat_map(|arm| view.rates(arm)).collect();
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    // Evenly spaced packets are a shaper's, and no three windows ever come faster than its rate, whatever it drops. Lost packets leave
    // gaps, and between them others come fast.
    let even = |trial: &&Trial| {
        if let Some(run) = trial.saw.run {
            return RUN * ECHO / run.duration().as_secs_f64().max(1e-6) < THIN * BUNCHED;
        }
        let mean = rate(trial).map(|rate| ECHO / rate);
        trial.saw.gap.zip(mean).is_some_and(|(gap, mean)| gap.duration().as_secs_f64() < mean * UNEVEN)
    };
    let trials: Vec<&Trial> = both.into_iter().flat_map(|arm| view.trials(arm)).filter(|trial| trial.passed()).collect();
    let steady = trials.iter().filter(|trial| even(trial)).count() * 2 > trials.len();
    let pages = view.rates(Arm::BulkPlain).into_iter().fold(0.0, f64::max);
    let up = Some(view.rates(Arm::BulkUp)).filter(|rates| !rates.is_empty()).map(|rates| mean(&rates));
    let single = by_bytes(view, fastest)?;
    // Pages that come much faster say that it is not the line, unless long requests go up as slowly.
    let line = pages < fastest * 2.0 || both_ways(pages, up) < fastest * 2.0;
    (rates.len() >= 4 && fastest < THIN && steady && line).then(|| {
        let mut beside = if pages > 0.0 { format!(", pages over TLS {:.0} kB/s", pages / 1000.0) } else { String::new() };
        if let Some(up) = up {
            beside += &format!(", long requests up {:.0} kB/s", up / 1000.0);
        }
        Hit::new(
            Level::Probable,
            format!(
                "{} transfers had {:.0} kB/s at most, in even steps{beside}; a short answer takes {:.1} ms",
                rates.len(),
                fastest / 1000.0,
                single * 1000.0
            ),
        )
    })
}

/// Ages of the quiet calls that lived and of those that did not.
fn ages(view: &View<'_>) -> Option<(Duration, Duration, usize)> {
    let aged = |trial: &Trial| trial.saw.value.map(Duration::from_millis);
    let gone: Vec<&Trial> =
        view.trials(Arm::Idle).filter(|trial| trial.reached == Some(Layer::Lcp) && trial.ending.is_wordless()).collect();
    let dies = gone.iter().filter_map(|trial| aged(trial)).min()?;
    let lives = view.trials(Arm::Idle).filter(|trial| trial.passed()).filter_map(aged).max().unwrap_or_default();
    (lives < dies).then_some((lives, dies, gone.len()))
}

fn idle(view: &View<'_>) -> Option<Hit> {
    let Some((lives, dies, gone)) = ages(view) else { return at_one_age(view) };
    let told = view
        .trials(Arm::Idle)
        .filter(|trial| !trial.passed())
        .filter_map(|trial| trial.saw.within)
        .map(|within| within.duration())
        .collect::<Vec<_>>();
    let busy = view.open(Arm::Busy);
    let at = match (told.iter().min(), told.iter().max()) {
        (Some(least), Some(most)) => format!("at {:.1} to {:.1} s", least.as_secs_f64(), most.as_secs_f64()),
        _ => format!("between {:.1} and {:.1} s", lives.as_secs_f64(), dies.as_secs_f64()),
    };
    busy.then(|| {
        let level = if gone >= 3 { Level::Confirmed } else { Level::Probable };
        let hit = Hit::new(level, format!("{gone} quiet calls were gone {at}; busy ones of the same age live"));
        if view.proxied() { hit.of(Culprit::Proxy) } else { hit }
    })
}

/// Quiet calls that were told of their end, all at one age. Some that were to be quiet for longer lived: the server spoke meanwhile.
fn at_one_age(view: &View<'_>) -> Option<Hit> {
    let seconds = |trial: &Trial| trial.saw.within.map(|within| within.duration().as_secs_f64());
    let cut = |trial: &&Trial| !trial.passed() && trial.ending.is_wordless() && trial.reached == Some(Layer::Lcp);
    let all: Vec<f64> = view.trials(Arm::Idle).filter(cut).map(seconds).collect::<Option<_>>()?;
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    // One or another may be older: its timer began anew when the server spoke.
    let gone: Vec<f64> = all.iter().copied().filter(|age| *age <= least * ONE_AGE).collect();
    let most = gone.iter().copied().fold(0.0, f64::max);
    let outlived = view.open(Arm::Busy) && view.trials(Arm::Busy).filter_map(seconds).any(|lived| lived > most * 2.0);
    (gone.len() >= 3 && gone.len() * 5 >= all.len() * 4 && outlived).then(|| {
        let says = format!(
            "{} quiet calls were gone at {least:.1} to {most:.1} s; busy ones lived longer, and some in which the server spoke",
            gone.len()
        );
        let hit = Hit::new(Level::Probable, says);
        if view.proxied() { hit.of(Culprit::Proxy) } else { hit }
    })
}

fn lifetime(view: &View<'_>) -> Option<Hit> {
    let ended: Vec<f64> = view
        .trials(Arm::Busy)
        .filter(|trial| trial.ending.is_wordless())
        .filter_map(|trial| trial.saw.within)
        .map(|within| within.duration().as_secs_f64())
        .collect();
    let (_, _, gone) = ages(view)?;
    let (least, most) = (ended.iter().copied().fold(f64::INFINITY, f64::min), ended.iter().copied().fold(0.0, f64::max));
    (view.shut(Arm::Busy) && most > 0.0).then(|| {
        let level = if ended.len() + gone >= 3 { Level::Probable } else { Level::Suspected };
        Hit::new(level, format!("busy calls ended after {least:.1} to {most:.1} s, and {gone} quiet ones with them"))
    })
}

/// Ours: an echo as short as this comes back from every server.
const SMALL: u64 = 128;
/// Bytes of an echo in the bulk experiments.
const ECHO: f64 = BULK_ECHO as f64;
/// Bytes of a series of echoes of rising length, all told.
const SIZES: u64 = 6_000;
/// Answers in three windows.
const RUN: f64 = 24.0;
/// Ours: one of three windows may come in one piece.
const BUNCHED: f64 = 1.6;
/// Ours: a gap of so many times the mean is uneven.
const UNEVEN: f64 = 12.0;
/// Ours: a long echo in a series takes so many times as long as a short one.
const SLOWER: f64 = 2.5;
/// Ours: an echo in so many seconds is what waiting for an acknowledgement makes. RFC 1122 4.2.3.2, 40 ms in Linux.
const TICKS: std::ops::Range<f64> = 0.025..0.055;
/// Ours: 24 kB that come so many times as fast as all do were not held back; a rate may begin behind the first 20 kB.
const LEAPS: f64 = 8.0;
/// Ours: half as many bytes take as long if it is more than this part of the time.
const AS_LONG: f64 = 0.8;
/// Ours: bytes of echoes that are under way at a time.
const WINDOW: u64 = 8_000;
/// Ours: bytes in a second above which pages and echoes differ for other reasons than the way.
const QUICK: f64 = 500_000.0;
/// Ours: bytes in a second below which a line is thin.
const THIN: f64 = 150_000.0;
/// Ours: ages of which the highest is so many times the lowest are one; boxes look at their timers now and then.
const ONE_AGE: f64 = 1.6;
