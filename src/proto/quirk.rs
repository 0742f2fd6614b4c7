//! What a client can be told to do wrong, so that a conformance case can be seen to fail.

/// One thing that a client does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quirk {
    /// Messages out of turn and of unknown types are passed over.
    TakesMissteps,
    /// Control messages that cannot be read are passed over.
    TakesMalformed,
    /// A PPP frame that cannot be read ends the call.
    AbortsOnPpp,
    /// A message with a reserved bit set ends the call.
    MindsReserved,
    /// Where it should close it falls silent and leaves the connection open.
    KeepsOpen,
    /// Any Call Connect Ack will do; without a usable hash it is SHA-1.
    TakesAnyAck,
    /// Messages are answered although the call is over.
    AnswersWhenOver,
    /// What comes does not restart the hello timer.
    HearsNothing,
    /// PPP is not ended before the call is.
    LeavesPpp,
    /// Who we are is proved once, and no challenge is answered in a call that stands.
    ProvesOnce,
}
