//! Two calls at a time: what ends one does not touch the other. MS-SSTP 3.1.7.2, 3.3.5.2.4.
//! The pretend wire has one call: these cases are proved over sockets.

use super::{ALIVE, derived, must};
use crate::base::Layer::{Binding, Http, Lcp, Ncp};
use crate::jobs::conformance::case::{Meanwhile, Row};
use crate::proto::plan::BindingKey;

/// The call stands still for a while, and is then asked whether it lives.
const STANDS: &[&str] =
    &["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00", "sstp.call-disconnect#1 hold 4s"];
const WHY: &str = "One client\'s mistake must not cost another its call.";

pub(super) const ROWS: &[Row] = &[
    derived("http/3.3.5.2.4/refused-beside-a-call", "3.3.5.2.4", &["S-047"])
        .at(Lcp)
        .edits(STANDS)
        .meanwhile(Meanwhile {
            says: "asks for another URI and is refused",
            until: Http,
            edits: &["http.request#1 splice 17..61 \"/\""],
            key: BindingKey::Right,
        })
        .says("an HTTP request that is refused does not disturb a call that stands")
        .expects(ALIVE)
        .why(WHY)
        .proved(ONE_ENDS_ALL),
    derived("binding/3.1.7.2/refused-beside-a-call", "3.1.7.2", &["S-151"])
        .at(Ncp)
        .edits(STANDS)
        .meanwhile(Meanwhile { says: "binds with the wrong key and is aborted", until: Binding, edits: &[], key: BindingKey::Swapped })
        .says("crypto binding that fails does not disturb a call that stands")
        .expects(ALIVE)
        .why(WHY)
        .proved(ONE_ENDS_ALL),
    must("teardown/3.3.5.2.4/ended-beside-a-call", "3.3.5.2.4", &["S-294"])
        .at(Ncp)
        .edits(STANDS)
        .meanwhile(Meanwhile { says: "comes up and is disconnected", until: Ncp, edits: &[], key: BindingKey::Right })
        .says("a call that ends does not disturb another")
        .expects(ALIVE)
        .why(WHY)
        .proved(ONE_ENDS_ALL),
    must("teardown/3.3.5.2.4/aborted-beside-a-call", "3.3.5.2.4", &["S-294"])
        .at(Ncp)
        .edits(STANDS)
        .meanwhile(Meanwhile {
            says: "comes up and is aborted",
            until: Ncp,
            edits: &["sstp.call-disconnect#1 instead 10 01 00 08 00 05 00 00"],
            key: BindingKey::Right,
        })
        .says("a call that is aborted does not disturb another")
        .expects(ALIVE)
        .why(WHY)
        .proved(ONE_ENDS_ALL),
];

const ONE_ENDS_ALL: &str = "teardown.mutant-one-ends-all";
