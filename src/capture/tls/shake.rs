//! What is known of a handshake.

use crate::base::{Bytes, Micros, Side};
use crate::transcript::Secured;
use crate::wire::tls::suite::Suite;
use crate::wire::tls::{Choice, Offer, TLS10, TLS11, TLS12, TLS13, message};
use zeroize::Zeroizing;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stands {
    /// In the handshake.
    #[default]
    Shaking,
    /// The handshake came through.
    Secured,
    /// The handshake did not come through.
    Failed,
}

/// What is known of a handshake, the last one where it is negotiated anew.
#[derive(Default)]
pub(super) struct Shake {
    pub(super) stands: Stands,
    pub(super) began: Option<Micros>,
    /// When the ClientHello came.
    pub(super) hello_at: Option<Micros>,
    pub(super) offer: Option<Box<Offer>>,
    pub(super) choice: Option<Box<Choice>>,
    /// Sides that sent Finished, or what must be it.
    pub(super) finished: [bool; 2],
    /// Sides of which there is application data, though the hellos are unknown.
    pub(super) midstream: [bool; 2],
    /// Protocol of ALPN, where it comes encrypted.
    pub(super) alpn: Option<Vec<u8>>,
    /// Group of the key exchange up to TLS 1.2.
    pub(super) curve: Option<u16>,
    pub(super) client_cert_requested: bool,
    /// The stapled OCSP response.
    pub(super) staple: Option<Bytes>,
    /// Scheme of the server's signature over the handshake.
    pub(super) signed_with: Option<u16>,
    /// Handshake messages since the ClientHello, as long as they may be needed for the extended master secret.
    pub(super) transcript: Option<Zeroizing<Vec<u8>>>,
    /// The master secret, where it was not in the key log.
    pub(super) master: Option<Zeroizing<Vec<u8>>>,
    /// The server takes early data.
    pub(super) early_data_accepted: Option<bool>,
    /// Bytes of early data that did not open.
    pub(super) early_data_skipped: u64,
    /// Bytes of the handshake are missing.
    pub(super) gap: bool,
    /// An alert that nobody could read, before the handshake was through.
    pub(super) hidden_alert: Option<Side>,
    /// A close_notify before the handshake was through.
    pub(super) close_notify: Option<Side>,
}

/// What the keys of a direction are made of up to TLS 1.2, as it was agreed on before the ChangeCipherSpec.
pub(super) struct Epoch {
    pub(super) version: u16,
    pub(super) suite: u16,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
    pub(super) encrypt_then_mac: bool,
    pub(super) master: Option<Zeroizing<Vec<u8>>>,
}

impl Shake {
    pub(super) fn secured(&self) -> bool {
        self.stands == Stands::Secured
    }

    /// The handshake is through, or failed.
    pub(super) fn over(&self) -> bool {
        self.stands != Stands::Shaking
    }

    /// The version chosen; 0 as long as it is unknown.
    pub(super) fn version(&self) -> u16 {
        self.choice.as_ref().map_or(0, |choice| choice.version)
    }

    pub(super) fn suite(&self) -> Option<&'static Suite> {
        Suite::of(self.choice.as_ref()?.suite)
    }

    /// A hello of that side was seen.
    pub(super) fn spoke(&self, side: Side) -> bool {
        match side {
            Side::Client => self.offer.is_some(),
            Side::Server => self.choice.is_some(),
        }
    }

    /// A ChangeCipherSpec in the clear means what it says: it is that of TLS 1.2 or before, or the ServerHello is missing.
    /// RFC 8446 D.4: in TLS 1.3 it comes before or behind the hellos, to please middleboxes.
    pub(super) fn changes_cipher(&self) -> bool {
        self.choice.as_ref().map_or(self.gap || self.offer.is_none(), |choice| choice.version <= TLS12)
    }

    /// Early data is offered, and the server has not said whether it takes it. RFC 8446 4.2.10.
    pub(super) fn early_data_open(&self) -> bool {
        self.offers_early_data() && self.early_data_accepted.is_none() && !self.retried()
    }

    pub(super) fn offers_early_data(&self) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.early_data)
    }

    /// The server asked for another ClientHello.
    pub(super) fn retried(&self) -> bool {
        self.choice.as_ref().is_some_and(|choice| choice.is_retry())
    }

    /// Records of that side come from the middle of a connection whose beginning is unknown.
    pub(super) fn is_midstream(&self, from: Side) -> bool {
        let [client, server] = self.midstream;
        if from == Side::Client { client } else { server }
    }

    /// What a ChangeCipherSpec takes into use.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        let (offer, choice) = self.offer.as_ref().zip(self.choice.as_ref())?;
        Some(Epoch {
            version: choice.version,
            suite: choice.suite,
            client_random: offer.random,
            server_random: choice.random,
            encrypt_then_mac: choice.encrypt_then_mac,
            master: self.master.clone(),
        })
    }

    /// What was agreed on, for people.
    pub(super) fn agreed(&self) -> Option<Secured> {
        let choice = self.choice.as_ref()?;
        let text = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
        Some(Secured {
            version: version_name(choice.version),
            cipher: Suite::name_of(choice.suite),
            group: choice.group.or(self.curve).map(message::group_name),
            alpn: choice.alpn.as_ref().or(self.alpn.as_ref()).map(text),
            sni: self.offer.as_ref().and_then(|offer| offer.server_name.clone()),
            client_cert_requested: self.client_cert_requested,
            ocsp_stapled: self.staple.as_ref().map(|staple| staple.len()),
            staple: self.staple.clone().unwrap_or_default(),
            signed_with: self.signed_with,
        })
    }

    /// A new handshake begins, perhaps inside the one before. RFC 5246 7.4.1.2.
    pub(super) fn begin_anew(&mut self, at: Micros, offer: Offer) {
        let early_data = offer.early_data && !self.retried();
        self.offer = Some(Box::new(Offer { early_data, ..offer }));
        self.hello_at = self.hello_at.or(Some(at));
        self.choice = None;
        self.master = None;
        self.staple = None;
        self.signed_with = None;
        if !self.secured() {
            self.finished = [false; 2];
        }
    }
}

/// `TLS 1.2` and the like.
pub(super) fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        TLS10 => "TLS 1.0".into(),
        TLS11 => "TLS 1.1".into(),
        TLS12 => "TLS 1.2".into(),
        TLS13 => "TLS 1.3".into(),
        other => format!("version 0x{other:04X}"),
    }
}
