//! Where sessions go as they come: standard output and files, each with a view of its own; and the file of transcripts.

use super::args::ShownArgs;
use super::exit::Trouble;
use super::output::{self, Sheaf, print_if_heard};
use crate::report::Style;
use crate::report::sessions::{self, End, Looks, Session, Shape, View};
use crate::transcript::Transcript;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Everything that sessions are written to.
pub struct Sheets {
    sheets: Vec<Sheet>,
    heard: bool,
    /// One of them shows everything that was learned.
    all: bool,
}

struct Sheet {
    view: Box<dyn View + Send>,
    style: Style,
    /// `None`: standard output.
    file: Option<(PathBuf, BufWriter<Sheaf>)>,
}

impl Sheets {
    /// Opens the files.
    pub fn open(shown: &ShownArgs, looks: &Looks) -> Result<Sheets, Trouble> {
        let format = output::on_stdout(shown)?;
        let mut all = format.name != "table" || looks.style.verbose;
        let mut sheets = vec![Sheet { view: sessions::view(format.name, looks), style: looks.style.clone(), file: None }];
        for (format, path, file) in output::files(shown)? {
            all |= format.name != "table";
            let style = Style { verbose: looks.style.verbose, ..Style::default() };
            let view = sessions::view(format.name, &Looks { style: style.clone(), listed: false, ..looks.clone() });
            sheets.push(Sheet { view, style, file: Some((path, BufWriter::new(file))) });
        }
        Ok(Sheets { sheets, heard: true, all })
    }

    /// One view, into a file.
    #[cfg(test)]
    pub fn only(format: &str, looks: &Looks, path: &Path) -> Sheets {
        let file = Some((path.to_path_buf(), BufWriter::new(Sheaf::open(path).expect("a temporary file"))));
        Sheets { sheets: vec![Sheet { view: sessions::view(format, looks), style: looks.style.clone(), file }], heard: true, all: true }
    }

    /// Shows a session everywhere.
    pub fn session(&mut self, session: &mut Session) -> Result<(), Trouble> {
        for sheet in &mut self.sheets {
            session.report.style = sheet.style.clone();
            self.heard &= sheet.put(|view, out| view.session(session, out))?;
        }
        Ok(())
    }

    /// One of them shows everything that was learned on each layer.
    pub fn wants_all(&self) -> bool {
        self.all
    }

    /// Shows the end everywhere.
    pub fn end(&mut self, end: &End) -> Result<(), Trouble> {
        for sheet in &mut self.sheets {
            self.heard &= sheet.put(|view, out| view.end(end, out))?;
        }
        Ok(())
    }

    /// The reader of standard output is there still, or a file is written as well.
    pub fn is_heard(&self) -> bool {
        self.heard || self.sheets.len() > 1
    }

    /// Prints something in between.
    pub fn print(&mut self, text: &str) -> Result<(), Trouble> {
        self.heard &= print_if_heard(text.as_bytes())?;
        Ok(())
    }
}

impl Sheet {
    /// Lets the view write; whether somebody reads it.
    fn put(&mut self, show: impl FnOnce(&mut dyn View, &mut dyn Write) -> io::Result<()>) -> Result<bool, Trouble> {
        match &mut self.file {
            None => {
                let mut text = Vec::new();
                show(self.view.as_mut(), &mut text)?;
                print_if_heard(&text)
            }
            Some((path, file)) => {
                let result = show(self.view.as_mut(), file).and_then(|()| file.flush());
                result.map(|()| true).map_err(|error| Trouble::file("write", path, &error))
            }
        }
    }
}

/// How sessions look on standard output. Lines of messages are as long as they are where nobody looks at them on a terminal.
pub fn style(shown: &ShownArgs, shape: Shape) -> Style {
    let style = output::style(shown);
    let free = shown.look.width.is_none() && !io::stdout().is_terminal() && matches!(shape, Shape::Listing | Shape::Hex);
    Style { width: if free { usize::MAX } else { style.width }, ..style }
}

/// A file of transcripts.
pub struct Save {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Save {
    /// Creates the file; with secrets in it nobody else may read it.
    pub fn open(path: &Path) -> Result<Save, Trouble> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path);
        let file = file.map_err(|error| Trouble::file("create", path, &error))?;
        Ok(Save { path: path.into(), file: BufWriter::new(file) })
    }

    /// Writes a transcript, without its secrets unless they are wanted.
    pub fn transcript(&mut self, transcript: &Transcript, with_secrets: bool) -> Result<(), Trouble> {
        let mut transcript = transcript.clone();
        if !with_secrets {
            transcript.scrub();
        }
        transcript.head.with_secrets |= with_secrets;
        let result = transcript.write_jsonl(&mut self.file).and_then(|()| self.file.flush());
        result.map_err(|error| Trouble::file("write", &self.path, &error))
    }
}

/// Read and write for the owner: who called whom is nobody else's business.
const OWNER_ONLY: u32 = 0o600;
