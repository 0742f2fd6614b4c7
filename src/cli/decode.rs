//! `decode` and `diagnose`: from the arguments to the sessions shown.

use super::args::{AccountArgs, DecodeArgs, DiagnoseArgs, KeyArgs, LogArgs, ProofArgs, ShownArgs, ViewArgs};
use super::clerk::Bench;
use super::desk::{Choice, Desk, Files};
use super::exit::{Exit, Trouble};
use super::intake::Intake;
use super::sheets::{self, Save, Sheets};
use super::weigh::scales;
use super::{gate, logs, output, password, sense};
use crate::capture::export::Export;
use crate::capture::read::Options;
use crate::diag::join::Join;
use crate::diag::log::Reader;
use crate::proto::watch::WatchConfig;
use crate::report::sessions::{Filter, Looks, Shape};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Shows what happened.
pub fn decode(args: &DecodeArgs) -> Result<Exit, Trouble> {
    named(
        &args.input,
        "CAPTURE is missing; for example `sstp-diag decode call.pcapng --keylog keys.txt`, or `tcpdump -w - | sstp-diag decode -`",
    )?;
    let files = [args.files.save.as_deref(), args.files.export_inner.as_deref()];
    writable(&args.shown, &files, &args.input)?;
    stdin_once(&args.input, &args.proof, &args.logs)?;
    let shape = shape(&args.view, &args.shown)?;
    let options = options(&args.keys, &args.proof, args.view.packets)?;
    let options = Options { servers: args.judged.server.clone(), ..options };
    let intake = Intake::of(&args.input, true, options)?;
    let looks = Looks {
        shape,
        filter: Filter { terms: args.view.filter.clone() },
        with_secrets: args.view.with_secrets,
        listed: shape == Shape::Listing && intake.is_endless(),
        style: sheets::style(&args.shown, shape),
    };
    let gate = gate::of(&args.gate)?;
    let logs = joined(&args.logs)?;
    let sheets = Sheets::open(&args.shown, &looks)?;
    let scales = scales(&args.judged)?;
    let files = Files {
        save: args.files.save.as_deref().map(Save::open).transpose()?,
        export: args.files.export_inner.as_deref().map(export).transpose()?,
    };
    intake.run(Desk::new(Choice::of(&args.judged), Bench { scales, gate, logs }, looks, sheets, files)?)
}

/// Shows what is wrong.
pub fn diagnose(args: &DiagnoseArgs) -> Result<Exit, Trouble> {
    named(&args.input, "FILE is missing; for example `sstp-diag diagnose call.pcapng` or `sstp-diag diagnose call.jsonl`")?;
    writable(&args.shown, &[], &args.input)?;
    stdin_once(&args.input, &args.proof, &args.logs)?;
    let options = options(&args.keys, &args.proof, false)?;
    let options = Options { servers: args.judged.server.clone(), ..options };
    let intake = Intake::of(&args.input, args.ring, options)?;
    let style = sheets::style(&args.shown, Shape::Findings);
    let looks = Looks { shape: Shape::Findings, style, ..Looks::default() };
    let gate = gate::of(&args.gate)?;
    let logs = joined(&args.logs)?;
    let sheets = Sheets::open(&args.shown, &looks)?;
    let bench = Bench { scales: scales(&args.judged)?, gate, logs };
    intake.run(Desk::new(Choice::of(&args.judged), bench, looks, sheets, Files::default())?)
}

fn named(input: &[PathBuf], says: &str) -> Result<(), Trouble> {
    if input.is_empty() { Err(Trouble::Usage(says.into())) } else { Ok(()) }
}

fn writable(shown: &ShownArgs, more: &[Option<&Path>], input: &[PathBuf]) -> Result<(), Trouble> {
    let reports = shown.output.iter().filter_map(|output| output.file.as_deref());
    sense::written(reports.chain(more.iter().copied().flatten()), input)
}

fn joined(args: &LogArgs) -> Result<Option<Join>, Trouble> {
    if args.log.is_empty() {
        return Ok(None);
    }
    let logs = logs::read(&args.log, || Reader::new(args.log_format).apart())?.read;
    Ok(Some(Join::new(logs.into_iter().map(|(path, log)| (path.display().to_string(), log)).collect(), args.log_zone)))
}

fn stdin_once(input: &[PathBuf], proof: &ProofArgs, logs: &LogArgs) -> Result<(), Trouble> {
    let password = [&proof.account.password_file, &proof.nt_hash_file].into_iter().flatten();
    match input.iter().chain(password).chain(&logs.log).filter(|path| path.as_path() == Path::new("-")).count() {
        0 | 1 => Ok(()),
        _ => Err(Trouble::Usage("standard input (-) can be read for one thing only".into())),
    }
}

fn shape(view: &ViewArgs, shown: &ShownArgs) -> Result<Shape, Trouble> {
    let wants = &view.shape;
    let shape = match () {
        () if wants.listing => Shape::Listing,
        () if wants.hex => Shape::Hex,
        () if wants.ladder => Shape::Sequence,
        () if wants.visibility => Shape::Visibility,
        _ => return Ok(Shape::Block),
    };
    let format = output::on_stdout(shown)?.name;
    let table = format == "table" || shown.output.iter().any(|output| output.format.name == "table");
    if table {
        return Ok(shape);
    }
    Err(Trouble::Usage(format!(
        "--listing, --hex, --ladder and --visibility are views for people; {format} has every message in it as it is"
    )))
}

/// What opens a capture whose tunnels are looked into, without a proof.
pub fn keys(keys: &KeyArgs) -> Result<Options, Trouble> {
    let nobody = ProofArgs { account: AccountArgs::default(), nt_hash_file: None };
    options(keys, &nobody, true)
}

fn options(keys: &KeyArgs, proof: &ProofArgs, packets: bool) -> Result<Options, Trouble> {
    let environment = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty() && keys.keylog.is_empty()).map(PathBuf::from);
    let key_logs: Vec<PathBuf> = match environment {
        // The variable may name a file that a browser has yet to write.
        Some(path) if path.exists() => {
            output::complain(&format!("keys are taken from {}, which SSLKEYLOGFILE names", path.display()));
            vec![path]
        }
        _ => keys.keylog.clone(),
    };
    for path in key_logs.iter().chain(&keys.rsa_key) {
        File::open(path).map_err(|error| Trouble::file("read the keys in", path, &error))?;
        if path.is_dir() {
            return Err(Trouble::Ours(format!("cannot read the keys in {}: it is a directory", path.display())));
        }
    }
    let nt_hash = proof.nt_hash_file.as_deref().map(password::nt_hash).transpose()?;
    let credentials = match nt_hash {
        Some(_) => None,
        None => password::given(&proof.account)?,
    };
    Ok(Options { key_logs, rsa_keys: keys.rsa_key.clone(), watch: WatchConfig { packets, credentials, nt_hash }, ..Options::default() })
}

fn export(path: &Path) -> Result<(PathBuf, Export<BufWriter<File>>), Trouble> {
    let trouble = |error| Trouble::file("create", path, &error);
    let file = File::create(path).map_err(trouble)?;
    Ok((path.into(), Export::new(BufWriter::new(file)).map_err(trouble)?))
}
