//! What a box does, as data.

use super::HttpRule;
use crate::base::Side;
use crate::wire::tls::Offer;
use std::time::Duration;

/// One thing that a box does.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// It answers every SYN with RST.
    Refuses,
    /// It drops every SYN.
    DropsSyn,
    /// It does this to every connection.
    Meets(Act),
    /// It does this to connections beyond so many at a time.
    AtOnce(usize, Act),
    /// It does this to connections beyond so many in such a time.
    PerTime(usize, Duration, Act),
    /// It does this to every connection of that number.
    Every(usize, Act),
    /// It does this to connections from ports that the function names.
    SourcePort(fn(u16) -> bool, Act),
    /// It looks at the ClientHello.
    Hello(Hello),
    /// It does this to hellos with more bytes than that.
    HelloOver(usize, Act),
    /// It does this to hellos that do not come in one piece.
    SplitHello(Act),
    /// After it acted on a hello nothing passes for so long.
    Residual(Duration),
    /// It acts on encrypted records with more bytes than that.
    RecordsOver(usize, Act),
    /// The same, for records that are longer than the one and no longer than the other.
    RecordsBetween(usize, usize, Act),
    /// Packets with more bytes of payload than that vanish.
    PacketsOver(usize),
    /// The same, of what one side sends: the other one is still heard.
    PacketsOverFrom(Side, usize),
    /// It acts on the first record that is as long as a Call Connected.
    SstpLogin(Act),
    /// It ends connections on which one side said more encrypted records than that.
    RecordsFrom(Side, u64, Act),
    /// It knows SSTP by the sizes of its first records.
    SstpSizes(Act),
    /// It forgets connections on which nothing was said for so long.
    Idle(Duration, Act),
    /// It ends connections of that age.
    Lifetime(Duration, Act),
    /// It ends connections that carried more than that from one side.
    BytesFrom(Side, u64, Act),
    /// What one side says behind so many bytes is lost, and the other one is still heard.
    LosesFrom(Side, u64),
    /// What one side says behind so many encrypted records is lost, and the other one is still heard.
    LosesRecordsFrom(Side, u64),
    /// It passes no more bytes in a second.
    Rate(u64),
    /// The same, for connections that look like SSTP.
    RateOfSstp(u64),
    /// The same, for connections that carry about as much up as down.
    RateOfTunnels(u64),
    /// It holds everything back for so long.
    Delay(Duration),
    /// A packet in so many is lost, and comes again after so long.
    Loss(u32, Duration),
    /// It ends TLS itself, and looks at HTTP.
    Inspects(&'static [HttpRule]),
}

/// What it does about a ClientHello.
#[derive(Clone, Copy, Debug)]
pub struct Hello {
    /// The hello is of the kind; the other argument is the name that the box guards.
    pub on: fn(&Offer, &str) -> bool,
    /// It puts segments together before it looks.
    pub reassembles: bool,
    /// What it does.
    pub act: Act,
}

/// What is done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// RST to the client.
    Reset,
    /// Nothing passes any more.
    Silence,
    /// FIN to the client.
    Close,
    /// A fatal TLS alert.
    Alert(u8),
    /// These words, then FIN.
    Says(&'static str),
}
