//! Which SSTP control message may come from whom in which state. MS-SSTP 3.1.1, 3.2.1, 3.3.1 in one table.

use crate::base::Side;
use crate::wire::sstp::Message;
use crate::wire::sstp::MessageType::{self, *};
use State::*;

/// Where a call stands, as someone sees it who sees both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// HTTP is through; the server waits for a Call Connect Request (Server_Connect_Request_Pending).
    ConnectRequestPending,
    /// Client_Connect_Request_Sent.
    ConnectRequestSent,
    /// Client_Connect_Ack_Received, Server_Call_Connected_Pending.
    ConnectAckReceived,
    /// Client_Call_Connected, Server_Call_Connected.
    Established,
    /// One end sent Call Abort: Call_Abort_Pending there, Call_Abort_Timeout_Pending at the other once it answered.
    AbortPending(Side),
    /// One end sent Call Disconnect: Call_Disconnect_Ack_Pending.
    DisconnectAckPending(Side),
    /// Both ends are done: only timers and the closing of TLS are left.
    Over,
}

impl State {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            ConnectRequestPending => "Connect_Request_Pending",
            ConnectRequestSent => "Connect_Request_Sent",
            ConnectAckReceived => "Connect_Ack_Received",
            Established => "Call_Connected",
            AbortPending(_) => "Call_Abort_Pending",
            DisconnectAckPending(_) => "Call_Disconnect_Ack_Pending",
            Over => "Call_Disconnected",
        }
    }
}

/// A row: in this state this message from this side leads there.
type Row = (State, Side, MessageType, State);

const C: Side = Side::Client;
const S: Side = Side::Server;

/// The rows that are not the same in every state. Abort and Disconnect are in [`next`].
pub const ROWS: [Row; 9] = [
    (ConnectRequestPending, C, CallConnectRequest, ConnectRequestSent), // MS-SSTP 3.3.5.2.2
    (ConnectRequestSent, S, CallConnectAck, ConnectAckReceived),        // MS-SSTP 3.2.5.3.2
    (ConnectRequestSent, S, CallConnectNak, ConnectRequestPending),     // MS-SSTP 3.2.5.3.3
    (ConnectRequestSent, C, CallConnectRequest, ConnectRequestSent),    // a retry that crossed a NAK
    (ConnectAckReceived, C, CallConnected, Established),                // MS-SSTP 3.3.5.2.3
    (Established, C, EchoRequest, Established),                         // MS-SSTP 3.1.5.2
    (Established, S, EchoRequest, Established),
    (Established, C, EchoResponse, Established),
    (Established, S, EchoResponse, Established),
];

/// The state that follows, or `None` when the message is out of turn.
pub fn next(state: State, by: Side, kind: MessageType) -> Option<State> {
    match (state, kind) {
        (Over, CallAbort | CallDisconnect | CallDisconnectAck) => Some(Over),
        (AbortPending(first), CallAbort) if by != first => Some(Over),
        (AbortPending(first), _) if by != first => Some(state), // MS-SSTP 3.1.5.3: everything else is ignored
        (DisconnectAckPending(first), CallDisconnectAck) if by != first => Some(Over),
        (DisconnectAckPending(first), CallDisconnect) if by != first => Some(DisconnectAckPending(by)), // collision
        (DisconnectAckPending(first), EchoRequest | EchoResponse) if by != first => Some(state),        // was on its way
        (_, CallAbort) => Some(AbortPending(by)),
        (AbortPending(_) | DisconnectAckPending(_), CallDisconnect) => None,
        (_, CallDisconnect) => Some(DisconnectAckPending(by)),
        _ => ROWS.iter().find(|row| row.0 == state && row.1 == by && row.2 == kind).map(|row| row.3),
    }
}

/// The messages that `by` may send in `state`.
pub fn allowed(state: State, by: Side) -> Vec<MessageType> {
    crate::wire::sstp::MESSAGE_TYPES.iter().map(|row| row.1).filter(|kind| next(state, by, *kind).is_some()).collect()
}

/// Follows one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// Where it stands.
    pub state: State,
}

impl Default for Tracker {
    fn default() -> Self {
        Tracker { state: ConnectRequestPending }
    }
}

impl Tracker {
    /// Sees a message. `Err` when it is out of turn: the state it came in, which is kept.
    pub fn observe(&mut self, by: Side, kind: MessageType) -> Result<State, State> {
        match next(self.state, by, kind) {
            Some(next) => {
                self.state = next;
                Ok(next)
            }
            None => Err(self.state),
        }
    }
}

/// Call Abort or Call Disconnect in words: what, from whom, and its status.
pub(super) fn status_text(what: &str, by: Side, message: &Message) -> String {
    match message.status_info() {
        Some((0, status)) => format!("{what} from the {by} with status {status}"),
        Some((about, status)) => format!("{what} from the {by}, attribute {about}, status {status}"),
        None => format!("{what} from the {by} without a status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(messages: &[(Side, MessageType)]) -> Result<State, State> {
        let mut tracker = Tracker::default();
        messages.iter().try_fold(tracker.state, |_, (by, kind)| tracker.observe(*by, *kind))
    }

    #[test]
    fn the_golden_session_walks_to_its_end() {
        let session = [
            (C, CallConnectRequest),
            (S, CallConnectAck),
            (C, CallConnected),
            (C, EchoRequest),
            (S, EchoResponse),
            (C, CallDisconnect),
            (S, CallDisconnectAck),
        ];
        assert_eq!(walk(&session), Ok(Over));
        assert_eq!(
            walk(&[(C, CallConnectRequest), (S, CallConnectNak), (C, CallConnectRequest), (S, CallConnectAck)]),
            Ok(ConnectAckReceived)
        );
        assert_eq!(walk(&[(C, CallConnectRequest), (C, CallDisconnect), (S, CallDisconnect), (C, CallDisconnectAck)]), Ok(Over));
        assert_eq!(walk(&[(C, CallConnectRequest), (S, CallAbort), (C, CallAbort)]), Ok(Over));
    }

    #[test]
    fn a_message_out_of_turn_is_one() {
        assert_eq!(walk(&[(C, EchoRequest)]), Err(ConnectRequestPending));
        assert_eq!(walk(&[(C, CallConnectRequest), (S, CallConnectAck), (S, CallConnectAck)]), Err(ConnectAckReceived));
        assert_eq!(walk(&[(C, CallConnectRequest), (S, CallConnectRequest)]), Err(ConnectRequestSent));
        assert_eq!(walk(&[(S, Unknown(77))]), Err(ConnectRequestPending));
        assert_eq!(allowed(ConnectRequestSent, S), [CallConnectAck, CallConnectNak, CallAbort, CallDisconnect]);
    }
}
