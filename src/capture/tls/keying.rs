//! Finds the key that opens a record.

use super::half::{Half, Stage};
use super::shake::Epoch;
use super::{Sees, Tls};
use crate::base::{Micros, Side};
use crate::capture::keylog::{Keys, Label};
use crate::crypto::tls_keys::{PrfKind, extended_master_secret, key_block, master_secret, next_secret};
use crate::crypto::tls_open::{Opened, Opener};
use crate::transcript::Opaqueness;
use crate::wire::tls::record::Header;
use crate::wire::tls::suite::Suite;
use crate::wire::tls::{TLS12, TLS13};
use zeroize::Zeroizing;

/// What became of an encrypted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Opened(Opened),
    /// There is no key yet.
    Missing,
    /// It cannot be opened; why stands in [`Half::blind`], or it did not open with the key there is.
    Shut,
    /// It cannot be opened, but those behind it may: early data that the server refused.
    Skipped,
}

impl Tls {
    /// Opens an encrypted record into `plain`.
    pub(super) fn unlock(&mut self, from: Side, header: Header, body: &[u8], plain: &mut [u8]) -> Key {
        if self.half(from).blind.is_some() {
            return Key::Shut;
        }
        let key =
            if self.shake.version() >= TLS13 { self.unlock13(from, header, body, plain) } else { self.unlock12(from, header, body, plain) };
        if let Key::Opened(_) = key {
            let half = self.half(from);
            (half.opened, half.failed, half.missing) = (half.opened + 1, 0, 0);
        }
        key
    }

    fn unlock12(&mut self, from: Side, header: Header, body: &[u8], plain: &mut [u8]) -> Key {
        let keys = self.keys.clone();
        let half = self.half(from);
        if half.opener.is_none() {
            let Some(epoch) = &half.epoch else {
                half.blind = Some(Opaqueness::AfterGap);
                return Key::Shut;
            };
            match opener12(epoch, from, &keys.borrow()) {
                Ok(opener) => half.opener = Some(opener),
                Err(Opaqueness::NoKey) => return Key::Missing,
                Err(other) => {
                    half.blind = Some(other);
                    return Key::Shut;
                }
            }
        }
        let missing = half.missing;
        let Some(opener) = &mut half.opener else { return Key::Missing };
        match open_near(opener, missing, header, body, plain, &keys) {
            Some(near) => half.opened_near(near),
            None => half.not_opened(body),
        }
    }

    /// Tries the stages of the key schedule from the one reached: a key log may lack the secrets of the handshake.
    fn unlock13(&mut self, from: Side, header: Header, body: &[u8], plain: &mut [u8]) -> Key {
        let (keys, suite) = (self.keys.clone(), self.shake.suite());
        let random = self.shake.offer.as_ref().map(|offer| offer.random);
        let refused = self.shake.early_data_accepted == Some(false);
        let half = self.half(from);
        let (Some(suite), Some(random)) = (suite, random) else {
            half.blind = Some(if suite.is_none() { Opaqueness::Unsupported } else { Opaqueness::AfterGap });
            return Key::Shut;
        };
        let (mut lacking, missing) = (false, half.missing);
        for (place, stage) in Stage::ALL.into_iter().enumerate().filter(|(_, stage)| *stage >= half.stage) {
            let Some(slot) = half.stages.get_mut(place).filter(|_| stage != Stage::Early || !refused) else { continue };
            if slot.is_none() {
                let Some(secret) = keys.borrow().find(&random, label(from, stage)) else {
                    lacking |= stage != Stage::Early;
                    continue;
                };
                *slot = Opener::tls13(suite, &secret);
                if slot.is_none() {
                    half.blind = Some(Opaqueness::Unsupported);
                    return Key::Shut;
                }
                half.secret = if stage == Stage::Traffic { Some(secret) } else { half.secret.take() };
            }
            let Some(near) = slot.as_mut().and_then(|opener| open_near(opener, missing, header, body, plain, &keys)) else { continue };
            half.stage = stage;
            return half.opened_near(near);
        }
        if lacking {
            return Key::Missing;
        }
        if let Some(near) = half.open_updated(suite, header, body, plain, &keys) {
            return half.opened_near(near);
        }
        if half.stage == Stage::Early {
            return Key::Skipped;
        }
        let stage = half.stage as usize;
        half.not_opened13(body, stage)
    }

    /// Early data that did not open: lost where the server takes it, sent again by the client where not. RFC 8446 4.2.10.
    pub(super) fn skip_early(&mut self, at: Micros, bytes: u64, out: &mut dyn Sees) {
        self.shake.early_data_skipped += bytes;
        if self.shake.early_data_accepted == Some(true) && self.shake.early_data_skipped > 0 {
            out.lost(at, Side::Client, std::mem::take(&mut self.shake.early_data_skipped));
        }
    }

    /// Application data comes before the handshake is through. RFC 8446 4.2.10 and 4.4.4.
    pub(super) fn is_early(&self) -> bool {
        let [client_finished, _] = self.shake.finished;
        self.shake.version() >= TLS13 && !client_finished && self.client.stage != Stage::Traffic
    }

    /// RFC 8446 4.6.3: the side that says so goes on with the next secret.
    pub(super) fn update_key(&mut self, from: Side) {
        let Some(suite) = self.shake.suite() else { return };
        let half = self.half(from);
        let Some(secret) = half.secret.take() else { return };
        let next = next_secret(suite.prf, &secret);
        if let Some(slot) = half.stages.get_mut(Stage::Traffic as usize) {
            *slot = Opener::tls13(suite, &next);
        }
        half.secret = Some(next);
    }

    /// A side ended its handshake: the next secret is due. RFC 8446 7.1.
    pub(super) fn next_stage(&mut self, from: Side, stage: Stage) {
        let half = self.half(from);
        half.stage = half.stage.max(stage);
        half.stages.iter_mut().take(half.stage as usize).for_each(|slot| *slot = None);
    }

    /// ChangeCipherSpec up to TLS 1.2: what was agreed on is taken into use. RFC 5246 7.1.
    pub(super) fn change_cipher(&mut self, from: Side) {
        let epoch = self.shake.epoch().map(Box::new);
        let half = self.half(from);
        half.sealed = true;
        half.epoch = epoch;
        half.opener = None;
        (half.opened, half.failed) = (0, 0);
        half.messages = Vec::new();
    }

    /// A record that can only be encrypted comes right behind a gap in the handshake: the ChangeCipherSpec is among what is missing.
    pub(super) fn missed_change_cipher(&self, from: Side) -> bool {
        let half = if from == Side::Client { &self.client } else { &self.server };
        half.missing > 0 && self.shake.gap && self.shake.choice.as_ref().is_some_and(|choice| choice.version <= TLS12)
    }

    /// Behind a gap in the handshake a record was opened: says whether plaintext is among what is missing before it.
    pub(super) fn tell_early_gap(&mut self, at: Micros, from: Side, out: &mut dyn Sees) {
        let old = self.shake.version() <= TLS12;
        let half = self.half(from);
        if std::mem::take(&mut half.early_gap) {
            // RFC 5246 7.4.9: the first encrypted record is Finished.
            let finished = u64::from(old && half.opened <= 1);
            if half.skipped > finished {
                self.secure(at, out);
                out.lost(at, from, 0);
            }
        }
    }

    /// The RSA key exchange: the premaster secret by a private key, by the key log otherwise. RFC 5246 8.1.1, RFC 7627 4.
    pub(super) fn derive_master(&mut self, encrypted: Option<&[u8]>) {
        let Some((offer, choice)) = self.shake.offer.as_ref().zip(self.shake.choice.as_ref()) else { return };
        let (Some(suite), transcript) = (Suite::of(choice.suite), self.shake.transcript.take()) else { return };
        let keys = self.keys.clone();
        let mut keys = keys.borrow_mut();
        let premaster = encrypted.and_then(|encrypted| keys.premaster(encrypted));
        let Some(premaster) = premaster.or_else(|| keys.find(&offer.random, Label::Premaster)) else { return };
        let kind = PrfKind::of(choice.version, suite);
        let master = match (choice.extended_master_secret, transcript) {
            (false, _) => master_secret(kind, &premaster, &offer.random, &choice.random),
            (true, Some(transcript)) => extended_master_secret(kind, &premaster, &kind.session_hash(&transcript)),
            (true, None) => return,
        };
        keys.remember(&choice.session_id, &master);
        self.shake.master = Some(master);
    }

    /// A session is resumed: its master secret, where it was derived before. RFC 5246 F.1.4, RFC 5077 3.4.
    pub(super) fn recall_master(&mut self) {
        let Some((offer, choice)) = self.shake.offer.as_ref().zip(self.shake.choice.as_ref()) else { return };
        if !choice.resumes(offer) || choice.version > TLS12 {
            return;
        }
        let keys = self.keys.borrow();
        let by_ticket = offer.ticket.as_ref().and_then(|ticket| keys.recall(ticket));
        self.shake.master = by_ticket.or_else(|| keys.recall(&choice.session_id));
    }

    /// An encrypted record went by that was not opened: what its shape tells of the handshake, and that it is lost.
    pub(super) fn shut(&mut self, at: Micros, from: Side, header: Header, why: Option<Opaqueness>, out: &mut dyn Sees) {
        let half = self.half(from);
        half.opaque += header.len as u64;
        let reason = half.blind.or(why);
        if half.opened == 0 {
            self.opaque_because = self.opaque_because.or(reason);
            self.progress_unseen(at, from, header, out);
        } else {
            self.opaque_because = self.opaque_because.or(reason).or(Some(Opaqueness::AfterGap));
            out.lost(at, from, header.len as u64);
        }
    }
}

impl Half {
    /// A KeyUpdate may be among the records that are missing.
    fn open_updated(
        &mut self,
        suite: &Suite,
        header: Header,
        body: &[u8],
        plain: &mut [u8],
        keys: &std::cell::RefCell<Keys>,
    ) -> Option<Near> {
        let secret = self.secret.as_ref().filter(|_| self.missing > 0 && self.stage == Stage::Traffic)?;
        let next = next_secret(suite.prf, secret);
        let mut opener = Opener::tls13(suite, &next)?;
        let near = open_near(&mut opener, self.missing, header, body, plain, keys)?;
        let [_, _, slot] = &mut self.stages;
        (*slot, self.secret) = (Some(opener), Some(next));
        Some(near)
    }

    fn opened_near(&mut self, near: Near) -> Key {
        self.skipped = near.skipped;
        Key::Opened(near.opened)
    }

    /// A record did not open, though there is a key.
    fn not_opened(&mut self, body: &[u8]) -> Key {
        self.opener.iter_mut().for_each(|opener| opener.pass_over(body));
        self.count_failure()
    }

    fn not_opened13(&mut self, body: &[u8], stage: usize) -> Key {
        self.stages.iter_mut().skip(stage).take(1).flatten().for_each(|opener| opener.pass_over(body));
        self.count_failure()
    }

    fn count_failure(&mut self) -> Key {
        self.failed += 1;
        if self.opened == 0 && self.failed >= WRONG_AFTER && self.missing == 0 {
            self.blind = Some(Opaqueness::WrongKey);
        }
        if self.failed >= LOST_AFTER {
            self.blind = Some(Opaqueness::AfterGap);
        }
        // One record more may be missing before the next.
        self.miss(u64::from(self.missing > 0));
        Key::Shut
    }
}

/// A record opened, and how many are missing before it.
struct Near {
    opened: Opened,
    skipped: u64,
}

/// Opens a record, behind a gap with the first sequence number that fits.
fn open_near(
    opener: &mut Opener,
    missing: u64,
    header: Header,
    body: &[u8],
    plain: &mut [u8],
    keys: &std::cell::RefCell<Keys>,
) -> Option<Near> {
    if let Some(opened) = opener.open(header, body, plain) {
        return Some(Near { opened, skipped: 0 });
    }
    if missing == 0 || !opener.can_skip() {
        return None;
    }
    let before = opener.seq();
    for skipped in 1..=missing {
        if !keys.borrow_mut().room.may_try(body.len() + TRY_COST) {
            break;
        }
        opener.set_seq(before.wrapping_add(skipped));
        if let Some(opened) = opener.open(header, body, plain) {
            return Some(Near { opened, skipped });
        }
    }
    opener.set_seq(before);
    None
}

/// The opener of one direction up to TLS 1.2.
fn opener12(epoch: &Epoch, from: Side, keys: &Keys) -> Result<Opener, Opaqueness> {
    let suite = Suite::of(epoch.suite).ok_or(Opaqueness::Unsupported)?;
    let logged = keys.find(&epoch.client_random, Label::Master);
    let master: Zeroizing<Vec<u8>> = logged.or_else(|| epoch.master.clone()).ok_or(Opaqueness::NoKey)?;
    let [client, server] = key_block(epoch.version, suite, &master, &epoch.client_random, &epoch.server_random);
    let own = if from == Side::Client { &client } else { &server };
    Opener::tls12(epoch.version, suite, own, epoch.encrypt_then_mac).ok_or(Opaqueness::Unsupported)
}

fn label(from: Side, stage: Stage) -> Label {
    match (from, stage) {
        (_, Stage::Early) => Label::ClientEarly,
        (Side::Client, Stage::Handshake) => Label::ClientHandshake,
        (Side::Server, Stage::Handshake) => Label::ServerHandshake,
        (Side::Client, Stage::Traffic) => Label::ClientTraffic,
        (Side::Server, Stage::Traffic) => Label::ServerTraffic,
    }
}

/// Ours: when so many first records do not open, the key is a wrong one.
const WRONG_AFTER: u32 = 3;
/// Ours: when so many records in a row do not open, their trace is lost.
const LOST_AFTER: u32 = 8;
/// Ours: what an attempt costs beside the bytes, in bytes.
const TRY_COST: usize = 512;
