//! Codes inside the tunnel: the status an SSTP message carries and the E= code of an MS-CHAPv2 failure.

use super::Basis::{Inferred, Read};
use super::Family::{MsChap, SstpStatus};
use super::{Code, row};

/// Catalogue 3.1; MS-SSTP 2.2.8 names the values.
#[rustfmt::skip]
pub(super) const SSTP_STATUS: &[Code] = &[
    row(SstpStatus, 0x00, "ATTRIB_STATUS_NO_ERROR", "No error", "Orderly end; accel-ppp puts it in its CALL_DISCONNECT", Read("ACCEL-SRC"), &[]),
    row(SstpStatus, 0x01, "ATTRIB_STATUS_DUPLICATE_ATTRIBUTE", "An attribute is present twice", "Defective peer or fuzzing; no field report found", Read("SPEC-STATUS"), &[]),
    row(SstpStatus, 0x02, "ATTRIB_STATUS_UNRECOGNIZED_ATTRIBUTE", "An attribute id is unknown", "Newer or defective peer; no field report found", Inferred, &[]),
    row(SstpStatus, 0x03, "ATTRIB_STATUS_INVALID_ATTRIB_VALUE_LENGTH", "The length of an attribute value is wrong", "Framing defect, or a device altering the stream", Inferred, &[]),
    row(SstpStatus, 0x04, "ATTRIB_STATUS_VALUE_NOT_SUPPORTED", "An attribute value is not supported", "CONNECT_NAK: protocol is not PPP; ABORT after CALL_CONNECTED: crypto binding failed", Read("SPEC-STATUS"), &["SSTP-NAK", "BIND-CERTHASH-LB", "BIND-CMAC-INVALID"]),
    row(SstpStatus, 0x05, "ATTRIB_STATUS_UNACCEPTED_FRAME_RECEIVED", "The message is not allowed in this state", "Client and server disagree on the order of messages", Read("SORZ-SRC"), &["SSTP-UNEXPECTED-MESSAGE"]),
    row(SstpStatus, 0x06, "ATTRIB_STATUS_RETRY_COUNT_EXCEEDED", "Too many attempts", "Repeated CONNECT_REQUEST; Windows allows 3", Read("SPEC-A"), &["SSTP-RETRY-EXCEEDED"]),
    row(SstpStatus, 0x07, "ATTRIB_STATUS_INVALID_FRAME_RECEIVED", "The frame is invalid", "Any abort of accel-ppp; wrong nonce, hash or MAC in sorz; after CALL_CONNECTED suspect the crypto binding first", Read("ACCEL-SRC"), &["SSTP-ABORT-STATUS7"]),
    row(SstpStatus, 0x08, "ATTRIB_STATUS_NEGOTIATION_TIMEOUT", "The negotiation timer ran out", "CALL_CONNECTED never came in time; sorz uses it for a lost echo too", Read("SORZ-SRC"), &["SSTP-NEGOTIATION-TIMEOUT", "TEAR-ECHO-LOST"]),
    row(SstpStatus, 0x09, "ATTRIB_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG", "An attribute is not allowed in this message, or an expected one is absent", "Defective peer", Read("SPEC-STATUS"), &[]),
    row(SstpStatus, 0x0A, "ATTRIB_STATUS_REQUIRED_ATTRIBUTE_MISSING", "A required attribute is missing", "Defective peer, or truncated message", Read("SPEC-STATUS"), &[]),
    row(SstpStatus, 0x0B, "ATTRIB_STATUS_STATUS_INFO_NOT_SUPPORTED_IN_MSG", "Status info is not allowed in this message", "Defective peer", Read("SPEC-STATUS"), &[]),
];

/// Catalogue 3.3. EAP-MSCHAPv2 carries only 648 and 691.
#[rustfmt::skip]
pub(super) const MS_CHAP: &[Code] = &[
    row(MsChap, 646, "ERROR_RESTRICTED_LOGON_HOURS", "Outside logon hours", "Hours set on the account, or clock and zone of the server", Read("MSCHAPH"), &["AUTH-MSCHAP-646"]),
    row(MsChap, 647, "ERROR_ACCT_DISABLED", "Account disabled", "State of the account", Read("MSCHAPH"), &["AUTH-MSCHAP-647"]),
    row(MsChap, 648, "ERROR_PASSWD_EXPIRED", "Password expired; R and C decide if it can be changed now", "Password age, must-change flag, or no permission to change it", Read("EAPMS"), &["AUTH-MSCHAP-648"]),
    row(MsChap, 649, "ERROR_NO_DIALIN_PERMISSION", "No dial-in permission", "Dial-in property or network policy", Read("MSCHAPH"), &["AUTH-MSCHAP-649"]),
    row(MsChap, 691, "ERROR_AUTHENTICATION_FAILURE", "Authentication failed", "Name form, password, lockout, policy or RADIUS attributes", Read("EAPMS"), &["AUTH-MSCHAP-691", "AUTH-LOCKED-OUT", "AUTH-USERNAME-FORMAT"]),
    row(MsChap, 709, "ERROR_CHANGING_PASSWORD", "Change of password failed", "Complexity, history or minimum age", Read("MSCHAPH"), &["AUTH-MSCHAP-709"]),
];
