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
    /// A read is taken for whole packets.
    OneRead,
    /// Whatever answers the request, the call goes on.
    TakesAnyStatus,
    /// An answer to the request that does not look like those of most servers ends the attempt.
    MindsHttp,
    /// A hash bitmask with bits that are not defined ends the call.
    MindsHashBits,
    /// PPP that comes before its time ends the call.
    MindsEarlyPpp,
    /// A Call Connect Nak is answered with another request for ever.
    RetriesForEver,
    /// Whatever the server asks for in LCP is acknowledged.
    AcksAll,
    /// Answers to older Configure-Requests count.
    TakesStale,
    /// Configure-Naks and -Rejects change nothing.
    Deaf,
    /// A Success is believed whatever proof it brings.
    TakesAnyProof,
    /// The domain is hashed with the user name.
    HashesDomain,
    /// Every peer challenge is the same.
    OneChallenge,
    /// An EAP request that comes again is answered anew.
    AnswersAnew,
    /// Packets are larger than the MRU of the server.
    LargePackets,
    /// An MRU of 576 is asked for, which is no fault.
    SmallMru,
    /// Of a read only the first packet is looked at.
    OnePacket,
    /// An interim answer is taken for the answer.
    TakesFirstAnswer,
    /// An Echo Response that nobody asked for ends the call.
    MindsEchoes,
    /// Call Connected does not wait for the Success of the login.
    BindsEarly,
    /// A Nak does not restart the negotiation timer.
    OneTimer,
    /// Without a login nothing happens any more.
    HangsWithoutLogin,
    /// IPv6CP is asked for although it was rejected.
    InsistsOnIpv6,
    /// The challenge of a Failure that allows it is answered, which is no fault.
    TriesAgain,
}
